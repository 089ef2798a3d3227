"""A real Alertmanager gets alerts that fire, stay, end once, and outlive restarts of either side."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from alertmanager_server import RunningAlertmanager
from conftest import STOP_S, eventually, program
from notices import EVENT, LINKS, notice
from pydantic import TypeAdapter
from stand_in import stand_in

from service.receivers import alertmanager as receiver_module
from service.receivers.alertmanager import Alertmanager
from service.receivers.alertmanager_format import fingerprint, labels_of, rfc3339
from service.receivers.attempt import Attempt, Verdict
from service.receivers.connection import client_for
from service.receivers.notice import Kind, Notice
from service.records import Remembered
from service.settings.receivers import AlertmanagerReceiver, DeliverySettings, Links

Start = Callable[[], RunningAlertmanager]


@pytest.fixture
def running(tmp_path: Path, hold_port: Callable[[], int]) -> Iterator[Start]:
    started: list[RunningAlertmanager] = []
    with stand_in() as told:

        def start() -> RunningAlertmanager:
            folder = tmp_path / f"alertmanager-{len(started)}"
            folder.mkdir()
            binary = program("prometheus-alertmanager", "prometheus-alertmanager")
            started.append(RunningAlertmanager(binary, folder, hold_port(), told))
            return started[-1].start()

        yield start
        for each in started:
            each.stop()


def receiver_at(url: str, links: Links = LINKS) -> tuple[Alertmanager, AlertmanagerReceiver]:
    settings: AlertmanagerReceiver = TypeAdapter(AlertmanagerReceiver).validate_python(
        {"name": "am", "kind": "alertmanager", "url": url}
    )
    return Alertmanager(settings, DeliverySettings(), links), settings


def send(url: str, each: Notice, now: float, links: Links = LINKS) -> Attempt:
    receiver, settings = receiver_at(url, links)

    async def sent() -> Attempt:
        async with client_for(settings) as client:
            return await receiver.send(client, each, now)

    return asyncio.run(sent())


def refresh(url: str, remembered: list[Remembered], now: float) -> Attempt | None:
    receiver, settings = receiver_at(url)

    async def refreshed() -> Attempt | None:
        async with client_for(settings) as client:
            return await receiver.refresh(client, remembered, now)

    return asyncio.run(refreshed())


def fresh(kind: Kind, now: float, memory: str | None = None, **more: Any) -> Notice:
    """A notice of an alert that fired now."""
    each = notice(kind, memory=memory, fired_at=rfc3339(now - 1), **more)
    return replace(each, timestamp=rfc3339(now))


def test_an_alert_is_told_firing_once_and_resolved_once(running: Start) -> None:
    am = running()
    now = time.time()
    attempt = send(am.url, fresh(Kind.FIRING, now), now)
    assert attempt.verdict is Verdict.DELIVERED
    assert eventually(lambda: am.statuses() == ["firing"])
    [alert] = am.alerts()
    assert alert["fingerprint"] == fingerprint(labels_of(fresh(Kind.FIRING, now)))
    assert alert["generatorURL"].startswith("https://werwatch.example.org/v1/alerts/alert_")
    assert attempt.memory is not None
    refresh(am.url, [Remembered("alert_1", attempt.memory, None)], now)
    # Its quarter of an hour is over.
    long_ago = json.dumps(json.loads(attempt.memory) | {"taken_at": now - 2_000})
    send(am.url, fresh(Kind.RESOLVED, now, memory=long_ago), now)
    assert eventually(lambda: am.statuses() == ["firing", "resolved"])
    refresh(am.url, [Remembered("alert_1", long_ago, now)], now + 200)
    time.sleep(1.0)
    assert am.statuses() == ["firing", "resolved"]


def test_a_short_alert_is_kept_until_it_must_have_been_told(
    running: Start,
) -> None:
    am = running()
    now = time.time()
    # One that has ended before Alertmanager hears of it is told to nobody: so it does not end yet.
    attempt = send(am.url, fresh(Kind.FIRING, now), now)
    resolved = send(am.url, fresh(Kind.RESOLVED, now, memory=attempt.memory), now)
    assert resolved.verdict is Verdict.DELIVERED
    assert eventually(lambda: am.statuses() == ["firing"])
    [alert] = am.alerts()
    ends_at = time.mktime(time.strptime(alert["endsAt"][:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
    assert ends_at == pytest.approx(now + 900, abs=2)


def test_one_that_ended_untold_is_told_to_nobody(running: Start) -> None:
    am = running()
    now = time.time()
    send(am.url, fresh(Kind.RESOLVED, now), now)
    time.sleep(1.0)
    assert am.statuses() == []


def test_what_is_not_sent_again_ends_and_what_is_stays(running: Start) -> None:
    am = running()
    now = time.time()
    # Sent as if nearly four minutes ago, it would end in some seconds; sent again, it ends later.
    lasts_s, longer_s = 5.0, 14.0
    then = now - receiver_module.HELD_S + lasts_s
    attempt = send(am.url, fresh(Kind.FIRING, then), then)
    assert attempt.memory is not None
    then = now - receiver_module.HELD_S + longer_s
    refresh(am.url, [Remembered("alert_1", attempt.memory, None)], then)
    time.sleep(max(0.0, now + lasts_s + 2.0 - time.time()))
    # On a machine that stood still it may have ended for good by now.
    assert am.statuses() == ["firing"] or time.time() > now + longer_s
    assert eventually(lambda: am.statuses() == ["firing", "resolved"])


def test_it_fires_on_after_alertmanager_has_lost_everything(
    running: Start,
) -> None:
    am = running()
    now = time.time()
    attempt = send(am.url, fresh(Kind.FIRING, now), now)
    assert eventually(lambda: am.statuses() == ["firing"])
    # It notes whom it told once it has the answer and has counted it.
    told = 'alertmanager_notification_latency_seconds_count{integration="webhook"} 1'
    assert eventually(lambda: told in httpx.get(am.url + "/metrics").text)
    time.sleep(0.5)
    am.stop()
    am.start()
    assert am.alerts() == []
    assert attempt.memory is not None
    refresh(am.url, [Remembered("alert_1", attempt.memory, None)], time.time())
    assert [alert["status"]["state"] for alert in am.alerts()] == ["active"]
    time.sleep(1.0)
    assert am.statuses() == ["firing"]


def test_one_bad_address_has_a_whole_request_refused_so_none_is_sent(
    running: Start,
) -> None:
    am = running()
    now = time.time()
    good = {"labels": {"alertname": "a"}, "endsAt": rfc3339(now + 60)}
    bad = {**good, "labels": {"alertname": "b"}, "generatorURL": "not a URI"}
    assert httpx.post(am.url + "/api/v2/alerts", json=[good, bad]).status_code == 422
    assert am.alerts() == []
    attempt = send(am.url, fresh(Kind.FIRING, now), now, Links())
    assert attempt.verdict is Verdict.DELIVERED
    assert "generatorURL" not in json.loads(attempt.memory or "{}")["alert"]
    odd = Links(alert="https://example.org/{cohort}/{alert_id}")
    event = replace(EVENT, cohort='a b"%<\n>\\ü')
    assert (
        send(am.url, replace(notice(event=event), timestamp=rfc3339(now)), now, odd).verdict
        is Verdict.DELIVERED
    )


def test_labels_stay_through_all_that_is_told_and_a_new_severity_ends_the_old(
    running: Start,
) -> None:
    am = running()
    now = time.time()
    first = send(am.url, fresh(Kind.FIRING, now, severity="ticket"), now)
    for kind in (Kind.UPDATED, Kind.REPEATED, Kind.ACKNOWLEDGED):
        send(am.url, fresh(kind, now, memory=first.memory, severity="ticket"), now)
    assert len(am.alerts()) == 1
    paged = send(am.url, fresh(Kind.UPDATED, now, memory=first.memory, severity="page"), now)
    assert paged.verdict is Verdict.DELIVERED
    assert eventually(lambda: [each["labels"]["severity"] for each in am.alerts()] == ["page"])


def test_several_get_the_same(running: Start) -> None:
    one, other = running(), running()
    now = time.time()
    for am in (one, other):
        assert send(am.url, fresh(Kind.FIRING, now), now).verdict is Verdict.DELIVERED
    assert [each["fingerprint"] for each in one.alerts()] == [each["fingerprint"] for each in other.alerts()]


def test_a_test_notice_ends_by_itself(running: Start) -> None:
    am = running()
    now = time.time()
    assert send(am.url, fresh(Kind.TEST, now), now).verdict is Verdict.DELIVERED
    assert [alert["labels"]["alertname"] for alert in am.alerts()] == ["WerwatchTest"]


def test_a_stopped_alertmanager_is_tried_again(running: Start) -> None:
    am = running()
    now = time.time()
    assert am.process is not None
    os.kill(am.process.pid, signal.SIGKILL)
    am.process.wait(STOP_S)
    assert send(am.url, fresh(Kind.FIRING, now), now).verdict is Verdict.RETRY
    am.start()
    assert send(am.url, fresh(Kind.FIRING, now), now).verdict is Verdict.DELIVERED
