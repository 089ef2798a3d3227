"""The wall clock is set back by an hour: nothing is refused, nothing waits for that hour."""

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from chaos.stream import DETECTION, TURN
from conftest import BadDay, RunningService, eventually, score
from on_call import on_call

from service.delivery.clock import WallClock

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
HOUR_S = 3_600
FIRST = 1_300
"""Utterances after which some alerts have fired."""


def pending(service: RunningService) -> float:
    series = 'werwatch_outbox_notices{receiver="oncall",state="pending"} '
    [line] = [line for line in service.scrape().splitlines() if line.startswith(series)]
    return float(line.removeprefix(series))


def at(value: str) -> datetime:
    return datetime.fromisoformat(value)


def test_notices_that_wait_for_their_next_attempt_do_not_wait_for_the_hour(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    day = BadDay(tmp_path)
    # Long enough for the clock to be set meanwhile.
    later = (503, {"retry-after": "4"})
    with on_call(later, later, later) as server:
        receiver = {"name": "oncall", "kind": "webhook", "url": server.url, "secret": SECRET}
        service = make_service(*day.program, detection=DETECTION, receivers=[receiver])
        score(service, 0, FIRST)
        assert eventually(lambda: len(server.seen) >= 3)
        assert pending(service) >= 1
        day.becomes(clock_s=-HOUR_S)
        # What fires from now on is made an hour before.
        score(service, FIRST, 2 * TURN + FIRST)
        assert eventually(lambda: pending(service) == 0)
        assert "the clock was set by -3600 s" in service.log
        alerts: list[dict[str, Any]] = service.get("/v1/alerts")["alerts"]
        ended = [alert for alert in alerts if alert["resolved_at"] is not None]
        assert ended
        assert all(at(alert["fired_at"]) <= at(alert["resolved_at"]) for alert in ended)
        told = [json.loads(body) for _, _, body in server.seen]
        assert all(at(each["timestamp"]) < datetime.now(UTC) for each in told)
        assert service.stop() == 0


def test_a_clock_that_was_set_back_while_the_service_was_down_delays_nothing_either(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    day = BadDay(tmp_path)
    with on_call(*[503] * 1_000) as server:
        receiver = {"name": "oncall", "kind": "webhook", "url": server.url, "secret": SECRET}
        service = make_service(*day.program, detection=DETECTION, receivers=[receiver])
        score(service, 0, FIRST)
        assert eventually(lambda: server.seen)
        assert service.stop() == 0
        day.becomes(clock_s=-HOUR_S)
        server.script.clear()
        service.start()
        assert eventually(lambda: pending(service) == 0)


def test_senders_whose_clocks_are_right_are_not_refused(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    day = BadDay(tmp_path)
    service = make_service(*day.program)
    sampled = {"selection": "random", "probability": 1.0, "hypothesis": "no fever", "reference": "no fever"}
    for number, clock_s in enumerate((0, -HOUR_S, 0, HOUR_S)):
        day.becomes(clock_s=clock_s)
        slightly_ahead = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
        for which, spoken_at in enumerate(({}, {"spoken_at": slightly_ahead})):
            body = {"utterance_id": f"{number} {which}", **sampled, **spoken_at}
            assert service.post("/v1/references", body).json()["status"] == "scored"
    assert service.get("/v1/cohorts/unknown")["scored_utterances"] == 8
    assert "werwatch_monitor_failures_total 0.0" in service.scrape()


def test_a_stream_that_a_clock_took_ahead_is_no_calm_that_nobody_notices(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    day = BadDay(tmp_path)
    service = make_service(*day.program)
    sampled = {"selection": "random", "probability": 1.0, "hypothesis": "no fever", "reference": "no fever"}
    for name, clock_s in (("right", 0), ("ahead", 5 * HOUR_S), ("right again", 0)):
        day.becomes(clock_s=clock_s)
        service.post("/v1/references", {"utterance_id": name, **sampled}).raise_for_status()
    assert eventually(lambda: ahead_s(service) > 4 * HOUR_S)
    [note] = httpx.get(service.metrics + "/readyz").json()["notes"]
    assert note.startswith("the stream's time is 5.0 h ahead of the clock")
    day.becomes(clock_s=4 * HOUR_S)
    assert eventually(lambda: httpx.get(service.metrics + "/readyz").json()["notes"] == [])


def ahead_s(service: RunningService) -> float:
    [line] = re.findall(r"^werwatch_stream_timestamp_seconds (\S+)$", service.scrape(), re.MULTILINE)
    return float(line) - time.time()


def test_a_clock_knows_by_how_much_it_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    right = time.time
    clock = WallClock()
    assert clock.set_by_s() == 0.0
    monkeypatch.setattr(time, "time", lambda: right() - HOUR_S)
    assert clock.set_by_s() == pytest.approx(-HOUR_S, abs=1.0)
    clock.follow(clock.set_by_s())
    assert clock.set_by_s() == 0.0
    monkeypatch.setattr(time, "time", lambda: right() - HOUR_S + 0.5)
    assert clock.set_by_s() == 0.0
