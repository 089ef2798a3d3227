"""A backtest finds large rises soon, small ones later or never, and says what it cannot judge."""

import math

import pytest
from simulation import Stream, simulate

from detectors.alignment import ErrorCounts
from detectors.backtesting.backtest import Backtest, backtest, variants_of
from detectors.settings import MonitorSettings
from detectors.unit import ScoredUtterance

SETTINGS = MonitorSettings()
STREAM = [
    *simulate(Stream(1_000, seed=2, references_per_day=80.0)),
    ScoredUtterance("rare", 1_700_000_000.0, ErrorCounts(1, 0, 0, 9), "once"),
]


@pytest.fixture(scope="module")
def found() -> Backtest:
    return backtest(STREAM, SETTINGS, variants_of(SETTINGS, [10.0], []), runs=2, seed=4)


def test_larger_rises_are_noticed_no_later(found: Backtest) -> None:
    for cohort in found.cohorts:
        for smaller, larger in zip(cohort.changes, cohort.changes[1:], strict=False):
            assert smaller.points < larger.points
            missed = [math.isinf(delay) for delay in larger.delays_days]
            assert all(math.isinf(d) for d, gone in zip(smaller.delays_days, missed, strict=True) if gone)


def test_a_large_rise_of_a_large_cohort_is_noticed_within_days(found: Backtest) -> None:
    largest = found.cohorts[0]
    assert (largest.cohort, largest.judged) == ("A", 2)
    assert largest.changes[-1].median_days < 7.0
    smallest = largest.smallest_within(30.0)
    assert smallest is not None
    assert smallest <= 15.0
    day = largest.smallest_within(1.0)
    assert day is None or day >= smallest


def test_who_is_hardly_heard_cannot_be_judged(found: Backtest) -> None:
    rare = found.cohorts[-1]
    assert (rare.cohort, rare.judged, rare.runs) == ("rare", 0, 2)
    assert [rare.smallest_within(days) for days in (1.0, 7.0, 30.0)] == [None] * 3


def test_with_nothing_changed_the_budget_holds_with_room_for_chance(found: Backtest) -> None:
    # Two months at a budget of 10 a month: more than 60 has a chance below 1e-6 for any process within it.
    assert [quiet.false_alarms_per_month for quiet in found.quiet] == [1.0, 10.0]
    assert all(quiet.days == 2 * 30.0 for quiet in found.quiet)
    assert found.quiet[1].alarms <= 60


def test_it_is_the_same_whenever_it_is_run(found: Backtest) -> None:
    shares: list[float] = []
    again = backtest(
        STREAM, SETTINGS, variants_of(SETTINGS, [10.0], []), runs=2, seed=4, note_done=shares.append
    )
    assert again == found
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
