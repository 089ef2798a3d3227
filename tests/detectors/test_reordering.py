"""Utterances are judged in the order in which they were spoken, as far as their references may lag."""

from __future__ import annotations

import json
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st
from simulation import Stream, simulate

from detectors.alignment import ErrorCounts
from detectors.event import Event
from detectors.monitor import Monitor, MonitorSettings
from detectors.reordering import MOST_HELD, Reordering
from detectors.unit import ScoredUtterance

HIT = ErrorCounts(0, 0, 0, 5)
DAY_S = 86_400.0


def spoken(at_s: float, cohort: str = "en") -> ScoredUtterance:
    return ScoredUtterance(cohort, at_s, HIT)


@given(st.lists(st.tuples(st.floats(0, 1_000), st.floats(0, 50)), max_size=60), st.floats(50, 100))
def test_what_comes_within_the_lag_comes_in_order_and_all_comes_once(
    said: list[tuple[float, float]], lag_s: float
) -> None:
    arriving = [spoken(at_s) for at_s, late_s in sorted(said, key=sum)]
    reordering = Reordering()
    ready = [each for scored in arriving for each in reordering.add(scored, lag_s)]
    ready += reordering.release()
    assert [each.at_s for each in ready] == sorted(at_s for at_s, _ in said)
    assert sorted(map(id, ready)) == sorted(map(id, arriving))


@given(st.lists(st.floats(0, 1_000), max_size=40))
def test_without_a_lag_all_goes_on_as_it_comes(said: list[float]) -> None:
    reordering = Reordering()
    assert [each.at_s for at_s in said for each in reordering.add(spoken(at_s), 0.0)] == said


def test_what_is_spoken_at_the_same_time_stays_in_the_order_of_arrival() -> None:
    reordering = Reordering()
    for cohort in ("b", "a", "c"):
        assert reordering.add(spoken(1.0, cohort), 1.0) == []
    assert [each.cohort for each in reordering.release()] == ["b", "a", "c"]


def test_the_oldest_go_on_before_too_many_are_held() -> None:
    reordering = Reordering()
    ready = [each for at_s in range(MOST_HELD + 3) for each in reordering.add(spoken(float(at_s)), 1e9)]
    assert [each.at_s for each in ready] == [0.0, 1.0, 2.0]


def corrected_by_the_week() -> list[ScoredUtterance]:
    stream = simulate(Stream(12_000, seed=700_000, shift=_c_gets_worse))
    weeks = groupby(stream, key=lambda scored: int(scored.at_s // (7 * DAY_S)))
    return [scored for _, week in weeks for scored in sorted(week, key=lambda scored: scored.cohort)]


def _c_gets_worse(cohort: str, index: int, at_s: float) -> float:
    return 0.10 if cohort == "C" and index >= 4_000 else 0.0


def told(monitor: Monitor, arriving: list[ScoredUtterance]) -> list[Event]:
    return [event for scored in arriving for event in monitor.update(scored)]


def test_weekly_corrections_by_cohort_are_judged_as_if_they_had_come_as_they_were_spoken() -> None:
    settings = MonitorSettings(0.6, reference_lag_s=7 * DAY_S)
    arriving = corrected_by_the_week()
    late, live = Monitor(settings), Monitor(MonitorSettings(0.6))
    heard = told(late, arriving)
    assert heard == told(live, sorted(arriving, key=lambda scored: scored.at_s)[: len(arriving) - late.held])
    assert "C" in {event.cohort for event in heard}
    assert late.now_s == max(scored.at_s for scored in arriving)


def test_what_is_held_survives_a_saved_state_and_goes_on_before_an_intervention() -> None:
    settings = MonitorSettings(0.6, reference_lag_s=7 * DAY_S)
    arriving = corrected_by_the_week()[:5_000]
    monitor = Monitor(settings)
    told(monitor, arriving)
    assert monitor.held
    saved = json.dumps(monitor.to_state())
    copy = Monitor.from_state(json.loads(saved), settings)
    assert copy.held == monitor.held
    assert copy.announce("engine 2") == monitor.announce("engine 2")
    assert (copy.held, monitor.held) == (0, 0)
    assert json.dumps(copy.to_state()) == json.dumps(monitor.to_state())
