import json
import math
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from simulation import Stream, simulate

from detectors.alignment import ErrorCounts
from detectors.event import Change, Event, Signal
from detectors.monitor import Monitor, MonitorSettings
from detectors.unit import ScoredUtterance

BREAKS_AT = 3_000
SETTINGS = MonitorSettings(false_alarms_per_month=0.6)
LARGE_AND_SMALL = (("A", 0.10, 0.95), ("B", 0.12, 0.05))
BROKEN = {Signal.LOOPS: ErrorCounts(0, 0, 60, 10), Signal.EMPTIES: ErrorCounts(0, 10, 0, 0)}


def outage(
    stream: Stream, who: str, share: float, signal: Signal = Signal.EMPTIES, ends_at: float = math.inf
) -> Iterator[ScoredUtterance]:
    """The stream with this share of the utterances broken from `BREAKS_AT` on, and 1 % before."""
    chance = random.Random(stream.seed)
    for index, scored in enumerate(simulate(stream)):
        is_hit = BREAKS_AT <= index < ends_at and scored.cohort in who
        is_broken = chance.random() < (share if is_hit else 0.01)
        yield replace(scored, counts=BROKEN[signal]) if is_broken else scored


def found(monitor: Monitor, utterances: Iterator[ScoredUtterance]) -> list[tuple[Signal, Change, str | None]]:
    return [
        (event.signal, event.change, event.cohort)
        for scored in utterances
        for event in monitor.update(scored)
        if event.signal in BROKEN
    ]


@pytest.mark.parametrize("signal", BROKEN)
@pytest.mark.parametrize("share", [1.0, 0.3, 0.1])
def test_an_outage_for_everybody_is_one_event_and_names_nobody(signal: Signal, share: float) -> None:
    events = found(Monitor(SETTINGS), outage(Stream(4_000, 201), "ABCDE", share, signal))
    assert events == [(signal, Change.DEGRADED, None)]


@pytest.mark.parametrize("cohort", ["A", "C"])
def test_an_outage_for_one_cohort_names_it_alone(cohort: str) -> None:
    events = found(Monitor(SETTINGS), outage(Stream(5_000, 202), cohort, 0.6))
    assert events == [(Signal.EMPTIES, Change.DEGRADED, cohort)]


def test_what_was_raised_for_a_cohort_is_absorbed_when_the_others_follow() -> None:
    events = found(Monitor(SETTINGS), outage(Stream(5_000, 1, cohorts=LARGE_AND_SMALL), "AB", 1.0))
    assert events == [
        (Signal.EMPTIES, Change.DEGRADED, "A"),
        (Signal.EMPTIES, Change.DEGRADED, None),
        (Signal.EMPTIES, Change.ABSORBED, "A"),
    ]


def test_an_outage_that_is_over_recovers_and_leaves_no_alarm() -> None:
    monitor = Monitor(SETTINGS)
    events = found(monitor, outage(Stream(5_000, 203), "ABCDE", 1.0, ends_at=BREAKS_AT + 60))
    assert events == [(Signal.EMPTIES, Change.DEGRADED, None), (Signal.EMPTIES, Change.RECOVERED, None)]
    assert all(evidence < 1.0 for evidence in monitor.rates_evidence.values())


def test_a_baseline_taken_anew_ends_an_outage_that_lasts() -> None:
    monitor = Monitor(SETTINGS)
    found(monitor, outage(Stream(3_400, 204), "ABCDE", 1.0))
    ended = [(event.signal, event.change, event.cohort) for event in monitor.rebaseline()]
    assert (Signal.EMPTIES, Change.REBASED, None) in ended


def test_a_monitor_saved_during_an_outage_continues_exactly() -> None:
    utterances = list(outage(Stream(3_600, 205), "ABCDE", 0.5, ends_at=3_300))
    whole, interrupted = Monitor(SETTINGS), Monitor(SETTINGS)
    expected: list[Event] = [event for scored in utterances for event in whole.update(scored)]
    events = []
    for index, scored in enumerate(utterances):
        if index >= BREAKS_AT and index % 25 == 0:
            saved = json.loads(json.dumps(interrupted.to_state()))
            interrupted = Monitor.from_state(saved, SETTINGS)
        events += interrupted.update(scored)
    assert events == expected
    assert interrupted.to_state() == whole.to_state()
    assert [event.signal for event in events if event.cohort is None]


def test_the_parts_of_the_budget_add_up_to_the_operators_number() -> None:
    monitor = Monitor(SETTINGS)
    for scored in simulate(Stream(1_500, 206, cohorts=tuple((name, 0.1, 1.0) for name in "ABC"))):
        monitor.update(scored)
    state = monitor.to_state()["state"]
    cohorts = state["cohorts"].values()
    assert all(cohort["detector"] is not None for cohort in cohorts)
    parts = [
        *(cohort["detector"]["false_alarms_per_day"] for cohort in cohorts),
        *(cohort["standing"]["rise"]["rate"] for cohort in cohorts),
        *(watch["question"]["rise"]["rate"] for cohort in cohorts for watch in cohort["rates"].values()),
        *(watch["rise"]["rate"] for watch in state["outages"].values()),
        state["everybody"]["false_alarms_per_day"],
        state["everybody"]["crowd"]["false_alarms_per_day"],
    ]
    assert math.fsum(parts) == pytest.approx(SETTINGS.false_alarms_per_day)
