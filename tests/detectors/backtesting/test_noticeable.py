import math

from hypothesis import given
from hypothesis import strategies as st

from detectors.backtesting.noticeable import Precision, noticeable


@given(st.floats(1.0, 1e6), st.floats(1e-4, 10.0), st.floats(100.0, 1e5), st.floats(0.005, 0.5))
def test_more_time_shows_smaller_changes(a_day: float, rate: float, base: float, smallest: float) -> None:
    found = noticeable(a_day, rate, base, smallest)
    rises = [rise if rise is not None else math.inf for rise in (found.day, found.week, found.month)]
    assert rises == sorted(rises, reverse=True)
    assert all(rise > 0 for rise in rises)


def test_a_thin_cohort_is_told_that_a_day_shows_nothing() -> None:
    assert noticeable(5.0, 0.01, 5_000.0, 0.05).day is None


def test_it_agrees_with_the_simulated_delays() -> None:
    # A cohort of 300 references a day (15 % of 2,000): 5 points take 0.8 days in the long benchmark.
    within_a_day = noticeable(9_000.0, 0.012, 10_000.0, 0.05).day
    assert within_a_day is not None
    assert 0.038 < within_a_day < 0.055


def test_precision_fades_over_a_week() -> None:
    precision = Precision()
    for _ in range(300):
        precision.add(50.0, 0.1)
    for _ in range(600):
        precision.add(5.0, 0.1)
    assert precision.a_day < 60.0
