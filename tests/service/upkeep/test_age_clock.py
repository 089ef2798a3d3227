"""A clock that is far ahead for a while deletes nothing; one that stays there is believed after a day."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import BadDay, RunningService, eventually
from simulation import Stream, simulate
from watched import life, settings

from service.store.store import FILE_NAME
from service.upkeep.age_clock import AgeClock

HOUR_S, DAY_S = 3_600.0, 86_400.0
NOW = 1_795_000_000.0


class Time:
    """Both clocks, to be moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall_s, self.at_s = NOW, 50.0
        monkeypatch.setattr(time, "time", lambda: self.wall_s)
        monkeypatch.setattr(time, "monotonic", lambda: self.at_s)

    def passes(self, seconds: float, set_by_s: float = 0.0) -> None:
        self.wall_s += seconds + set_by_s
        self.at_s += seconds


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(monkeypatch)


def test_it_is_the_wall_clock_where_that_goes_on(moved: Time) -> None:
    clock = AgeClock(NOW - 2 * DAY_S)
    for seconds, set_by_s in ((0.0, 0.0), (60.0, 1.0), (DAY_S, -30.0), (60.0, 50 * 60.0), (60.0, -9 * DAY_S)):
        moved.passes(seconds, set_by_s)
        assert clock.now() == moved.wall_s


def test_far_ahead_it_goes_on_from_what_it_was_until_that_is_set_right(
    moved: Time, caplog: pytest.LogCaptureFixture
) -> None:
    clock = AgeClock(0.0)
    moved.passes(60.0, 365 * DAY_S)
    assert clock.now() == NOW + 60.0
    moved.passes(20 * HOUR_S)
    assert clock.now() == NOW + 60.0 + 20 * HOUR_S
    moved.passes(60.0, -365 * DAY_S)
    assert clock.now() == moved.wall_s == NOW + 120.0 + 20 * HOUR_S
    assert caplog.text.count("the clock is 365.0 days ahead of what it was") == 1
    # The next time is another one.
    moved.passes(10 * HOUR_S, 365 * DAY_S)
    assert clock.now() < NOW + 2 * DAY_S


def test_what_has_gone_on_for_a_day_is_believed(moved: Time, caplog: pytest.LogCaptureFixture) -> None:
    clock = AgeClock(0.0)
    moved.passes(1.0, 30 * DAY_S)
    assert clock.now() == NOW + 1.0
    moved.passes(DAY_S - 1.0)
    assert clock.now() == NOW + DAY_S
    moved.passes(1.0)
    assert clock.now() == moved.wall_s
    moved.passes(5.0)
    assert clock.now() == moved.wall_s
    assert "the clock is believed now" in caplog.text


@pytest.mark.parametrize(("known_s", "shown_s"), [(6 * DAY_S, 0.0), (8 * DAY_S, 8 * DAY_S), (NOW, 0.0)])
def test_at_a_start_it_is_doubted_where_nothing_came_for_more_than_a_week(
    known_s: float, shown_s: float, moved: Time
) -> None:
    assert AgeClock(NOW - known_s).now() == NOW - shown_s


def ask(service: RunningService, query: str) -> list[Any]:
    with closing(sqlite3.connect(service.data_dir / FILE_NAME)) as db:
        return db.execute(query).fetchall()


def kept(service: RunningService) -> list[int]:
    tables = ("utterances", "waiting_references", "recording_references WHERE state = 'waiting'", "scored")
    return [ask(service, f"SELECT COUNT(*) FROM {table}")[0][0] for table in tables]


def test_a_clock_that_is_ahead_for_a_while_takes_nothing_and_refuses_no_recording(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    day = BadDay(tmp_path, clock_believed_after_s=DAY_S)
    service = make_service(*day.program)
    said = {"hypothesis": "no fever", "reference": "no fever"}
    service.post("/v1/references", {"utterance_id": "scored", **said}).raise_for_status()
    service.post("/v1/utterances", {"utterance_id": "spoken", "hypothesis": "x"}).raise_for_status()
    service.post("/v1/references", {"utterance_id": "early", "reference": "x"}).raise_for_status()
    of_one = {"utterance_id": "part", "recording_id": "r", "hypothesis": "no fever"}
    service.post("/v1/utterances", of_one).raise_for_status()
    whole = {"recording_id": "r", "reference": "no fever"}
    assert service.post("/v1/references", whole).json()["status"] == "waiting"
    assert kept(service) == [3, 1, 1, 1]
    day.becomes(clock_s=800 * DAY_S, clock_believed_after_s=DAY_S)
    service.post("/v1/utterances", {"utterance_id": "then", "hypothesis": "x"}).raise_for_status()
    assert eventually(lambda: "the clock is 800.0 days ahead of what it was" in service.log)
    # By that clock nothing more of it is to come.
    assert eventually(lambda: kept(service) == [4, 1, 0, 2])
    assert service.get("/v1/recordings/r")["references"][0]["status"] == "scored"
    service.kill()
    service.start()
    service.post("/v1/utterances", {"utterance_id": "again", "hypothesis": "x"}).raise_for_status()
    time.sleep(2.0)
    assert kept(service) == [5, 1, 0, 2]
    assert service.log.count("the clock is 800.0 days ahead of what it was") == 2
    day.becomes()
    late = ("references", {"utterance_id": "spoken", "reference": "x"})
    for route, body in (late, ("utterances", {"utterance_id": "early", "hypothesis": "x"})):
        assert service.post(f"/v1/{route}", body).json()["status"] == "scored"


def test_rows_of_a_clock_that_was_ahead_keep_no_others_beyond_their_time() -> None:
    begin, ahead = 200, 300
    rows = list(simulate(Stream(2_000, 3)))
    wrong = [replace(row, at_s=row.at_s + 800 * DAY_S) for row in rows[begin:ahead]]
    rows[begin:ahead] = wrong
    with life(rows, settings()) as one:
        one.arrive(len(rows))
        one.catch_up()
        one.watch.close()
        before, gone = rows[1_500].at_s, 0
        while taken := one.store.old_rows.drop_scored(before, 20, one.watch.saved.seq):
            gone += taken
        assert gone == 1_500
        assert one.ask("SELECT MIN(seq) FROM scored") == [(1_501,)]
