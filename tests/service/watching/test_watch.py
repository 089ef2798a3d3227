"""What the monitor cannot tell, save or read now is told, saved or read later, as if nothing had been."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from chaos.stream import DETECTION, said
from conftest import RunningService, catches_up, eventually
from on_call import OnCall, on_call

from detectors import progress
from detectors.alignment import ErrorCounts
from detectors.event import Event
from detectors.monitor import Monitor, MonitorSettings
from detectors.monitor_state import MonitorState
from detectors.unit import ScoredUtterance, Unit
from service.api.translate import Translator
from service.api.wire import ReferenceIn, parse
from service.config import Config
from service.delivery.worker import LOOK_EVERY_S
from service.errors import Refused
from service.pipeline import Pipeline
from service.records import Outcome, Receipt
from service.store.store import FILE_NAME
from service.store.utterance_values import attributes_of

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
ENOUGH = 1_300
"""Utterances after which some alerts have fired."""
SEED = 1
DAMAGES = (
    "state = substr(state, 1, length(state) / 2)",
    "state = '[]'",
    "state = replace(state, '\"cohorts\"', '\"cohort\"')",
    "seq = seq + 100",
)


def settings(server: OnCall) -> dict[str, Any]:
    receiver = {"name": "oncall", "kind": "webhook", "url": server.url, "secret": SECRET}
    # Nothing waits for what an alert about everybody explains.
    return {"detection": DETECTION, "receivers": [receiver], "alerts": {"group_interval": "0s"}}


def post(service: RunningService, begin: int, end: int) -> None:
    lines = "\n".join(json.dumps(said(index, SEED).both()) for index in range(begin, end))
    answer = service.post("/v1/references", lines.encode(), **{"content-type": "application/x-ndjson"})
    assert answer.json()["scored"] == end - begin


def ask(data_dir: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(data_dir / FILE_NAME)) as db, db:
        return db.execute(query).fetchall()


def uninterrupted(data_dir: Path) -> Any:
    """The state of a monitor that sees all rows at once."""
    monitor = Monitor(MonitorSettings(DETECTION["false_alarms_per_month"]))
    rows = ask(
        data_dir,
        "SELECT cohort, spoken_at, speaker, unit_key, session, normaliser, attributes, substitutions, "
        "deletions, insertions, hits FROM scored ORDER BY seq",
    )
    for cohort, spoken_at, *who, attributes, substitutions, deletions, insertions, hits in rows:
        counts = ErrorCounts(substitutions, deletions, insertions, hits)
        who.append(attributes_of(attributes))
        monitor.update(ScoredUtterance(cohort, spoken_at, counts, *who))
    return json.loads(json.dumps(monitor.to_state()))


def saved(data_dir: Path) -> Any:
    [(state,)] = ask(data_dir, "SELECT state FROM snapshot")
    return json.loads(state)


def test_alerts_that_cannot_be_written_are_told_as_soon_as_they_can(
    make_service: Callable[..., RunningService],
) -> None:
    with on_call() as server:
        service = make_service(**settings(server))
        ask(
            service.data_dir,
            "CREATE TRIGGER refuse BEFORE INSERT ON alerts BEGIN SELECT RAISE(FAIL, 'no room'); END",
        )
        post(service, 0, ENOUGH)
        assert eventually(lambda: "the monitor is behind: IntegrityError" in service.log)
        # The thread that writes goes on for everybody else.
        post(service, ENOUGH, ENOUGH + 10)
        assert service.get("/v1/alerts")["alerts"] == []
        ask(service.data_dir, "DROP TRIGGER refuse")
        assert eventually(lambda: "the monitor goes on" in service.log)
        assert catches_up(service)
        told = [name for (name,) in ask(service.data_dir, "SELECT alert_id FROM alerts")]
        assert eventually(lambda: not ask(service.data_dir, "SELECT 1 FROM outbox WHERE state = 'pending'"))
        assert {json.loads(body)["data"]["alert_id"] for _, _, body in server.seen} == set(told)
        assert told
        assert service.stop() == 0
        assert saved(service.data_dir) == uninterrupted(service.data_dir)


def test_a_notice_that_cannot_be_noted_as_sent_is_sent_once_all_the_same(
    make_service: Callable[..., RunningService],
) -> None:
    with on_call() as server:
        service = make_service(**settings(server))
        ask(
            service.data_dir,
            "CREATE TRIGGER refuse BEFORE UPDATE ON outbox BEGIN SELECT RAISE(FAIL, 'no room'); END",
        )
        post(service, 0, ENOUGH)
        assert eventually(lambda: "the outbox cannot be worked on now: IntegrityError" in service.log)
        time.sleep(4 * LOOK_EVERY_S)
        ask(service.data_dir, "DROP TRIGGER refuse")
        assert eventually(lambda: not ask(service.data_dir, "SELECT 1 FROM outbox WHERE state = 'pending'"))
        told = [name for (name,) in ask(service.data_dir, "SELECT alert_id FROM outbox ORDER BY alert_id")]
        assert sorted(json.loads(body)["data"]["alert_id"] for _, _, body in server.seen) == told
        assert service.log.count("the outbox cannot be worked on now") == 1


def test_a_damaged_state_is_found_again_from_the_history(make_service: Callable[..., RunningService]) -> None:
    with on_call() as server:
        service = make_service(**settings(server))
        post(service, 0, ENOUGH)
        assert catches_up(service)
        assert service.stop() == 0
        whole = saved(service.data_dir)
        assert whole == uninterrupted(service.data_dir)
        told = ask(service.data_dir, "SELECT alert_id, state FROM alerts")
        for number, damage in enumerate(DAMAGES, 1):
            ask(service.data_dir, f"UPDATE snapshot SET {damage}")
            service.start()
            assert catches_up(service)
            assert service.stop() == 0
            assert service.log.count("the saved state is not used, the history is read again") == number
            assert saved(service.data_dir) == whole
        assert ask(service.data_dir, "SELECT alert_id, state FROM alerts") == told


def test_a_long_history_is_read_while_the_service_already_accepts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Config.model_validate({"data_dir": tmp_path, "detection": DETECTION})
    with pipeline_of(config) as pipeline:
        asyncio.run(accept(pipeline, range(ENOUGH)))
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db, db:
        db.execute("DELETE FROM snapshot")
    monkeypatch.setattr("service.watching.course.ROWS_AT_ONCE", 100)
    monkeypatch.setattr("service.pipeline.FIRST_TURN_S", 0.0)
    monkeypatch.setattr("service.pipeline.TURN_S", 0.0)
    with pipeline_of(config) as pipeline:
        behind = pipeline.watch.rows_behind
        assert 0 < behind < ENOUGH
        receipts = asyncio.run(accept(pipeline, range(ENOUGH, ENOUGH + 1)))
        assert [receipt.outcome for receipt in receipts if isinstance(receipt, Receipt)] == [Outcome.SCORED]
        assert eventually(lambda: pipeline.watch.rows_behind == 0)
        assert pipeline.watch.view().seq == ENOUGH + 1


def test_a_monitor_that_stopped_halfway_is_taken_up_from_its_saved_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Config.model_validate({"data_dir": tmp_path, "detection": DETECTION})
    monkeypatch.setattr("service.watching.watch.REST_S", 0.0)
    take = progress.take
    falls = [1]

    def falling(state: MonitorState, settings: MonitorSettings, unit: Unit) -> list[Event]:
        if state.now_s > said(500, SEED).spoken_at.timestamp() and falls:
            falls.pop()
            raise ZeroDivisionError
        return take(state, settings, unit)

    monkeypatch.setattr(progress, "take", falling)
    with pipeline_of(config) as pipeline:
        for begin in range(0, ENOUGH, 100):
            asyncio.run(accept(pipeline, range(begin, begin + 100)))
        assert eventually(lambda: pipeline.watch.view().seq == ENOUGH)
        assert pipeline.counts.monitor_failures == 1
    assert not falls
    assert saved(tmp_path) == uninterrupted(tmp_path)


@contextmanager
def pipeline_of(config: Config) -> Iterator[Pipeline]:
    pipeline = Pipeline(config)
    pipeline.start()
    try:
        yield pipeline
    finally:
        pipeline.close()


async def accept(pipeline: Pipeline, indices: range) -> list[Receipt | Refused]:
    translator = Translator(pipeline.config, pipeline.hasher, pipeline.counts)
    sent = [parse(ReferenceIn, json.dumps(said(index, SEED).both()).encode()) for index in indices]
    return await pipeline.accept([translator.reference(each, time.time()) for each in sent])
