"""Bets on an excess: what nobody can win by chance, what they find, and what they remember.

Seeds are fixed. A simulation's limit is the count that chance exceeds with a probability of 1e-6 if Ville's
bound is reached exactly.
"""

import itertools
import json
import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from detectors.claims.betting import ExcessBets
from detectors.state import dump, load

CHANCE = 1e-6
ALPHA = 0.1
RATES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=4)
PAST = st.lists(st.tuples(RATES, RATES), max_size=15)
Rate = Callable[[np.random.Generator], float]


def expected(
    past: Sequence[tuple[list[float], list[float]]],
    own: Sequence[float],
    rest: Sequence[float],
    m: float,
    *,
    is_rise: bool,
) -> float:
    """Exact mean of the factor when every unit is 0 or 1, the outcomes that move capital most."""
    bets = ExcessBets(0.1, ALPHA)
    for block in past:
        bets.update(*block)
    total = 0.0
    for outcome in itertools.product((0.0, 1.0), repeat=len(own) + len(rest)):
        chances = [p if x else 1.0 - p for p, x in zip((*own, *rest), outcome, strict=True)]
        bet = bets._bet(outcome[: len(own)], outcome[len(own) :])
        factor = bet.rise(m) if is_rise else bet.fall(m)
        assert factor >= 0.0
        total += math.prod(chances) * factor
    return total


@given(PAST, RATES, RATES, st.floats(-0.9, 0.9))
def test_no_bet_is_favourable_where_it_must_not_be(
    past: list[tuple[list[float], list[float]]], own: list[float], rest: list[float], m: float
) -> None:
    excess = sum(own) / len(own) - sum(rest) / len(rest)
    if excess <= m:
        assert expected(past, own, rest, m, is_rise=True) <= 1.0 + 1e-9
    if excess >= m:
        assert expected(past, own, rest, m, is_rise=False) <= 1.0 + 1e-9


@given(st.lists(st.tuples(RATES, RATES), max_size=5))
def test_the_evidence_on_the_claim_is_that_of_the_grid(past: list[tuple[list[float], list[float]]]) -> None:
    bets = ExcessBets(0.1, 1e-100)
    for own, rest in past:
        bets.update(own, rest)
    assert bets.above.now == pytest.approx(bets.rises[99])
    assert bets.below.now == pytest.approx(bets.falls[109])
    assert (bets.lower, bets.upper) == (-1.0, 1.0)


@given(PAST)
def test_it_goes_on_exactly_from_what_was_written_down(past: list[tuple[list[float], list[float]]]) -> None:
    bets, restored = ExcessBets(0.1, ALPHA), ExcessBets(0.1, ALPHA)
    for own, rest in past:
        bets.update(own, rest)
        restored = load(ExcessBets, json.loads(json.dumps(dump(restored))))
        restored.update(own, rest)
    assert restored == bets


def beta(mean: float, concentration: float) -> Rate:
    return lambda rng: float(rng.beta(mean * concentration, (1 - mean) * concentration))


def heavy_tailed(mean: float) -> Rate:
    """Right in all but a few shifts, in which everything is wrong."""
    return lambda rng: float(rng.random() < mean)


NULLS: dict[str, tuple[Rate, Rate]] = {
    "the same": (beta(0.1, 18.0), beta(0.1, 18.0)),
    "the slice is more often all wrong, and as often right": (heavy_tailed(0.1), beta(0.1, 18.0)),
    "the rest is more often all wrong": (beta(0.1, 18.0), heavy_tailed(0.1)),
    "errors of a shift come together": (beta(0.2, 1.0), beta(0.2, 1.0)),
    "hardly any errors": (beta(0.005, 18.0), beta(0.005, 2.0)),
}


def play(own: Rate, rest: Rate, seed: int, blocks: int, alpha: float = ALPHA) -> ExcessBets:
    rng, bets = np.random.default_rng(seed), ExcessBets(0.08, alpha)
    for _ in range(blocks):
        # Blocks differ in size.
        sizes = rng.integers(1, 4), rng.integers(1, 7)
        bets.update([own(rng) for _ in range(sizes[0])], [rest(rng) for _ in range(sizes[1])])
    return bets


@pytest.mark.slow
@pytest.mark.parametrize("name", NULLS)
def test_nothing_is_shown_where_nothing_is_more_often_than_is_allowed(name: str) -> None:
    runs = [play(*NULLS[name], seed=700_000 + run, blocks=100) for run in range(150)]
    most = int(stats.binom.isf(CHANCE, len(runs), ALPHA))
    assert sum(bets.above.highest >= bets.threshold for bets in runs) <= most
    # The interval has two ends, each with a chance of its own.
    most = int(stats.binom.isf(CHANCE, len(runs), 2 * ALPHA))
    assert sum(not bets.lower <= 0.0 <= bets.upper for bets in runs) <= most


@pytest.mark.slow
def test_what_is_as_claimed_is_refuted_no_more_often_than_is_allowed() -> None:
    own, rest = beta(0.18, 18.0), beta(0.10, 18.0)
    runs = [play(own, rest, seed=710_000 + run, blocks=100) for run in range(150)]
    most = int(stats.binom.isf(CHANCE, len(runs), ALPHA))
    assert sum(bets.below.highest >= bets.threshold for bets in runs) <= most
    assert sum(bets.above.highest >= bets.threshold for bets in runs) == len(runs)


@pytest.mark.parametrize(
    ("excess", "above", "below"), [(0.0, False, True), (0.04, True, True), (0.1, True, False)]
)
def test_what_is_there_is_found(excess: float, above: bool, below: bool) -> None:
    bets = play(beta(0.1 + excess, 18.0), beta(0.1, 18.0), seed=3, blocks=300)
    assert (bets.above.highest >= bets.threshold) is above
    assert (bets.below.highest >= bets.threshold) is below
    assert bets.lower < excess < bets.upper
    assert bets.upper - bets.lower < 0.08


def test_how_far_it_is_to_go_is_about_right() -> None:
    bets = play(beta(0.2, 18.0), beta(0.1, 18.0), seed=5, blocks=15, alpha=1e-6)
    to_show, to_refute = bets.units_to_go(rest_per_unit=4.0)
    assert to_show is not None
    assert to_refute is None
    steps, rng = 0, np.random.default_rng(6)
    while bets.above.highest < bets.threshold:
        bets.update([beta(0.2, 18.0)(rng)], [beta(0.1, 18.0)(rng) for _ in range(4)])
        steps += 1
    assert to_show / 3 < steps < 3 * to_show
    assert bets.units_to_go(4.0)[0] == 0.0
