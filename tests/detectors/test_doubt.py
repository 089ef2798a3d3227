import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.backtesting.noticeable import noticeable
from detectors.doubt import margin_errors
from detectors.naming import Naming


@given(st.floats(1e-9, 10.0), st.floats(1.0, 100.0))
def test_a_stricter_budget_doubts_a_baseline_at_least_as_much(rate: float, times: float) -> None:
    assert 0.0 <= margin_errors(rate) <= margin_errors(rate / times) < 1.65


def test_a_share_of_the_budget_sets_the_margins_of_what_names_a_cohort() -> None:
    naming = Naming.start(0.05, 0.1, own_variance=1e-4, rest_variance=1e-5, rest_mean=0.0, scale=1.0)
    assert naming.own.rise.margin(1e4) == 0.0
    naming.set_rate(0.001)
    for question in (naming.own, naming.differential, naming.scaled):
        assert question.rise.margin(1e4) == pytest.approx(0.01 * margin_errors(0.001))


def test_what_would_be_noticed_follows_the_doubt() -> None:
    generous = noticeable(9_000.0, 0.012, 10_000.0, 0.05).week
    strict = noticeable(9_000.0, 0.004, 10_000.0, 0.05).week
    assert generous is not None
    assert strict is not None
    assert strict > generous + 0.5 * margin_errors(0.004) * 0.01
