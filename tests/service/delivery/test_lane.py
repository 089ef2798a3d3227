"""Notices on their way to one receiver: each alert's in order, and none behind another alert's slow one."""

import asyncio
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from conftest import PATIENCE_S
from delivering import delivering
from notices import EVENT
from stand_in import Got, Reply, stand_in

from detectors.event import Change, Event
from service.alerts.lifecycle import Alerting
from service.config import Config
from service.delivery.lane import MOST_AT_ONCE

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
HANGS_S = PATIENCE_S / 2
ALERTS = 3 * MOST_AT_ONCE


def worsened(number: int) -> Event:
    return replace(EVENT, cohort=f"cohort-{number:02}")


def recovered(event: Event) -> Event:
    return replace(event, change=Change.RECOVERED, detected_s=EVENT.detected_s + 100_000.0)


def config(folder: Path, url: str, **more: Any) -> Config:
    receiver = {"name": "oncall", "kind": "webhook", "url": url, "secret": SECRET, **more}
    return Config.model_validate({"data_dir": folder, "receivers": [receiver]})


async def deliver(settings: Config, *steps: list[Event] | Callable[[], bool]) -> None:
    """Apply events and wait for conditions, in turn, while a worker works; then all must arrive."""
    alerting = Alerting(settings)
    async with delivering(settings) as (pipeline, reader):

        def is_done() -> bool:
            return {state for _, state in reader.outbox()} <= {"delivered"}

        for step in (*steps, is_done):
            for event in step if isinstance(step, list) else ():
                await pipeline.writer.run(partial(alerting.apply, pipeline.store, event, time.time()))
            deadline = time.monotonic() + PATIENCE_S
            while not isinstance(step, list) and not step():
                assert time.monotonic() < deadline
                await asyncio.sleep(0.02)


def cohort_of(got: Got) -> str:
    return str(got.json["data"]["cohort"])


def test_no_alert_waits_for_another_whose_notice_is_taken_slowly(tmp_path: Path) -> None:
    slow = {f"cohort-{number:02}" for number in range(0, ALERTS, MOST_AT_ONCE)}
    taken: set[str] = set()
    all_others = threading.Event()
    overtaken: list[bool] = []

    def answer(got: Got) -> Reply:
        cohort = cohort_of(got)
        if cohort in slow:
            overtaken.append(all_others.wait(HANGS_S))
        else:
            taken.add(cohort)
            if len(taken) == ALERTS - len(slow):
                all_others.set()
        return Reply()

    with stand_in(answer) as server:
        settings = config(tmp_path, server.url, read_timeout="5m", timeout="5m")
        asyncio.run(deliver(settings, [worsened(number) for number in range(ALERTS)]))
    assert overtaken == [True] * len(slow)
    assert len(server.got) == ALERTS


def test_of_each_alert_one_notice_is_on_its_way_and_only_so_many_alerts(tmp_path: Path) -> None:
    draw = random.Random(1)
    lock = threading.Lock()
    now: list[str] = []
    doubled: list[str] = []
    most = [0]
    failed: set[str] = set()
    arrived: dict[str, list[str]] = defaultdict(list)

    def answer(got: Got) -> Reply:
        cohort, identity = cohort_of(got), got.headers["webhook-id"]
        with lock:
            doubled.extend(each for each in now if each == cohort)
            now.append(cohort)
            most[0] = max(most[0], len(now))
            wait_s = draw.random() / 50
            is_refused = identity not in failed and draw.random() < 0.5
        time.sleep(wait_s)
        with lock:
            now.remove(cohort)
            if is_refused:
                failed.add(identity)
                return Reply(503)
            arrived[cohort].append(got.json["type"])
        return Reply()

    with stand_in(answer) as server:
        events = [worsened(number) for number in range(ALERTS)]
        told = [event for each in events for event in (each, recovered(each))]
        asyncio.run(deliver(config(tmp_path, server.url), told))
    assert doubled == []
    assert len(arrived) == ALERTS
    assert set(map(tuple, arrived.values())) == {("werwatch.alert.firing", "werwatch.alert.resolved")}
    assert failed
    assert most[0] <= MOST_AT_ONCE
    assert len(server.got) == 2 * ALERTS + len(failed)


def test_what_is_told_again_holds_up_what_it_tells_and_nothing_else(tmp_path: Path) -> None:
    old, new = worsened(1), worsened(2)
    is_new_told = threading.Event()
    order: list[tuple[str, bool]] = []
    was_overtaken: list[bool] = []

    def answer(got: Got) -> Reply:
        [alert] = got.json
        is_over = alert["endsAt"] < time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
        cohort = alert["labels"]["cohort"]
        if cohort == old.cohort and len(server.got) > 1 and not was_overtaken:
            was_overtaken.append(is_new_told.wait(HANGS_S))
        order.append((cohort, is_over))
        if cohort == new.cohort:
            is_new_told.set()
        return Reply()

    with stand_in(answer) as server:
        receiver = {"name": "oncall", "kind": "alertmanager", "url": server.url, "read_timeout": "5m"}
        both = {
            "data_dir": tmp_path,
            "receivers": [{**receiver, "active_for_at_least": "0s", "timeout": "5m"}],
        }
        settings = Config.model_validate(both)
        asyncio.run(deliver(settings, [old]))
        # What is active is told again at once; that hangs until the new one is told.
        asyncio.run(deliver(settings, lambda: len(server.got) > 1, [recovered(old), new]))
    assert was_overtaken == [True]
    assert order == [("cohort-01", False), ("cohort-02", False), ("cohort-01", False), ("cohort-01", True)]
