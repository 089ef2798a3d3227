"""Notices through the outbox, and how long after the deciding reference's 2xx the webhook is told."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
from chaos.stream import DETECTION, said
from conftest import RunningService, eventually
from notices import EVENT
from on_call import on_call

from benchmarks.figures import Figure, Section, compared
from benchmarks.running import SERVER, pinned, running
from detectors.alignment import ErrorCounts
from detectors.monitor import Monitor
from detectors.settings import MonitorSettings
from detectors.unit import ScoredUtterance
from service.alerts.lifecycle import Alerting, alert_id
from service.config import Config
from service.delivery.lane import MOST_AT_ONCE
from service.delivery.worker import DeliveryWorker
from service.pipeline import Pipeline
from service.receivers.kinds import endpoints
from service.store.reader import Reader
from service.store.store import FILE_NAME

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
NOTICES, ROUNDS = 400, 5
UTTERANCES, SEED = 24_000, 1


def run() -> Section:
    """Both."""
    with running("taking") as url:
        rounds = [
            (asyncio.run(_through_the_outbox(url)), asyncio.run(_by_httpx_alone(url))) for _ in range(ROUNDS)
        ]
    delays_s, posts_s = _delays()
    return Section(
        "Notices",
        [
            compared(
                f"{NOTICES} notices of as many alerts, durable, signed / posted by httpx alone",
                "notices/s",
                [ours for ours, _ in rounds],
                [alone for _, alone in rounds],
            ),
            Figure("deciding reference's 2xx to the webhook's arrival, p50", 1e3 * _at(delays_s, 0.5), "ms"),
            Figure("the same, p99", 1e3 * _at(delays_s, 0.99), "ms"),
            Figure("a reference meanwhile, p50", 1e3 * statistics.median(posts_s), "ms"),
        ],
        [f"Of {len(delays_s)} notices of alarms that fired, while references came one after the other."],
    )


def _at(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def _through_the_outbox(url: str) -> float:
    """Notices per second from the moment the worker begins."""
    with tempfile.TemporaryDirectory() as folder:
        receiver = {"name": "oncall", "kind": "webhook", "url": url, "secret": SECRET}
        config = Config.model_validate({"data_dir": folder, "receivers": [receiver]})
        pipeline = Pipeline(config)
        pipeline.start()
        reader = Reader(Path(folder))
        alerting = Alerting(config)

        def queue() -> None:
            for number in range(NOTICES):
                alerting.apply(pipeline.store, replace(EVENT, cohort=f"c{number}"), time.time())

        try:
            await pipeline.writer.run(queue)
            worker = asyncio.create_task(DeliveryWorker(pipeline, reader, endpoints(config)).run())
            started = time.perf_counter()
            while pipeline.counts.deliveries["oncall", "delivered"] < NOTICES:  # noqa: ASYNC110 -- no event tells
                await asyncio.sleep(0.005)
            elapsed_s = time.perf_counter() - started
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
        finally:
            await asyncio.to_thread(pipeline.close)
            # A query whose task was cancelled goes on, and a connection that is closed meanwhile is a crash.
            await asyncio.get_running_loop().shutdown_default_executor()
            reader.close()
        return NOTICES / elapsed_s


async def _by_httpx_alone(url: str) -> float:
    left = iter(range(NOTICES))
    body = json.dumps({"padding": "x" * 1_200}).encode()

    async def post(client: httpx.AsyncClient) -> None:
        for _ in left:
            await client.post(url, content=body)

    async with httpx.AsyncClient() as client:
        started = time.perf_counter()
        await asyncio.gather(*(post(client) for _ in range(MOST_AT_ONCE)))
        return NOTICES / (time.perf_counter() - started)


def _delays() -> tuple[list[float], list[float]]:
    """Seconds from answers to arrivals, and of each request."""
    with tempfile.TemporaryDirectory() as name, on_call() as server:
        receiver = {"name": "oncall", "kind": "webhook", "url": server.url, "secret": SECRET}
        service = RunningService(Path(name), {"detection": DETECTION, "receivers": [receiver]})
        with pinned(SERVER):
            service.start()
        try:
            answered_at, posts_s = [], []
            with httpx.Client(base_url=service.api) as client:
                for index in range(UTTERANCES):
                    body = said(index, SEED).both()
                    began_at = time.monotonic()
                    client.post("/v1/references", json=body).raise_for_status()
                    answered_at.append(time.monotonic())
                    posts_s.append(answered_at[-1] - began_at)
            assert eventually(lambda: not service.get("/v1/notices?state=pending")["notices"])
        finally:
            service.kill()
        decided = _deciding(service.data_dir)
        arrived = {}
        for at, _, content in reversed(server.seen):
            told = json.loads(content)
            if told["type"] == "werwatch.alert.firing":
                arrived[told["data"]["alert_id"]] = at
    return [at - answered_at[decided[identity]] for identity, at in arrived.items()], posts_s


def _deciding(data_dir: Path) -> dict[str, int]:
    """Which reference made each alert certain: the monitor says the same of the same rows."""
    with closing(sqlite3.connect(data_dir / FILE_NAME)) as db:
        rows = db.execute(
            "SELECT cohort, spoken_at, speaker, unit_key, session, normaliser, substitutions, deletions, "
            "insertions, hits FROM scored ORDER BY seq"
        ).fetchall()
    monitor = Monitor(MonitorSettings(DETECTION["false_alarms_per_month"]))
    decided: dict[str, int] = {}
    for number, (cohort, spoken_at, *who, substitutions, deletions, insertions, hits) in enumerate(rows):
        counts = ErrorCounts(substitutions, deletions, insertions, hits)
        for event in monitor.update(ScoredUtterance(cohort, spoken_at, counts, *who)):
            decided.setdefault(alert_id(event), number)
    return decided
