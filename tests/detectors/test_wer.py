import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import utils

from detectors.state import dump, load
from detectors.wer import WER, ExponentialWER, UnitSums, WindowedWER, ratio_interval

UNITS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 60)), min_size=1, max_size=40)


@given(UNITS)
@settings(max_examples=200, derandomize=True)
def test_wer_is_a_ratio_of_sums(units: list[tuple[int, int]]) -> None:
    wer = WER()
    for errors, words in units:
        wer.update(errors, words)
    assert wer.get() == pytest.approx(sum(e for e, _ in units) / sum(n for _, n in units))


@given(UNITS, UNITS)
@settings(max_examples=200, derandomize=True)
def test_reverting_units_gives_back_the_state_before(
    kept: list[tuple[int, int]], taken_back: list[tuple[int, int]]
) -> None:
    wer, expected = WER(), WER()
    for unit in kept + taken_back:
        wer.update(*unit)
    for unit in taken_back:
        wer.revert(*unit)
    for unit in kept:
        expected.update(*unit)
    assert wer.sums == expected.sums


def test_rivers_rolling_window_rolls_it() -> None:
    rolling = utils.Rolling(WER, window_size=3)
    for unit in [(9, 10), (1, 10), (2, 10), (3, 10)]:
        rolling.update(*unit)
    assert rolling.get() == pytest.approx(0.2)  # type: ignore[operator]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9), st.integers(0, 40)), min_size=1, max_size=60))
@settings(max_examples=200, derandomize=True)
def test_a_windowed_wer_counts_what_the_window_holds(units: list[tuple[int, int, int]]) -> None:
    wer = WindowedWER(window_s=10.0, buckets=10)
    latest, kept = -1, []
    for errors, words, at_s in units:
        wer.update(errors, words, at_s)
        latest = max(latest, at_s)
        kept.append((errors, words, at_s))
        inside = [(e, n) for e, n, t in kept if t > latest - 10]
        expected = sum(e for e, _ in inside) / sum(n for _, n in inside)
        assert wer.get() == pytest.approx(expected)


def test_a_windowed_wer_forgets_as_the_clock_goes_on() -> None:
    wer = WindowedWER(window_s=10.0, buckets=10)
    wer.update(1, 2, at_s=0.0)
    assert wer.sums_at(9.0).ratio == 0.5
    assert wer.sums_at(20.0).ratio is None
    # Looking forgets nothing: a unit may still come late.
    assert wer.get() == 0.5


def test_an_exponential_wer_follows_the_newest_units() -> None:
    wer = ExponentialWER(fading_factor=0.2)
    for _ in range(50):
        wer.update(1, 10)
    for _ in range(50):
        wer.update(5, 10)
    assert wer.get() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("kind", [WindowedWER, ExponentialWER])
def test_state_survives_exactly(kind: type[WindowedWER] | type[ExponentialWER]) -> None:
    first = kind()
    for k in range(30):
        if isinstance(first, WindowedWER):
            first.update(k % 7, 20, 1_000.0 * k)
        else:
            first.update(k % 7, 20)
    second = load(kind, dump(first))
    assert dump(second) == dump(first)
    assert second.get() == first.get()
    assert second.interval() == first.interval()


def test_too_few_units_give_no_interval() -> None:
    sums = UnitSums()
    for _ in range(4):
        sums.add(1, 10)
    assert ratio_interval(sums) is None


def test_no_error_at_all_still_has_an_upper_end() -> None:
    sums = UnitSums()
    for _ in range(20):
        sums.add(0, 10)
    interval = ratio_interval(sums)
    assert interval is not None
    assert interval.lower == 0.0
    assert 0.1 < interval.upper < 0.25


def test_the_interval_covers_the_truth_where_speakers_differ_and_a_word_wise_one_does_not() -> None:
    # 40 speaker-shifts of 5 utterances; 1,000 draws. The cluster-robust interval aims at 95 %; with a
    # coverage of at least 0.92 fewer than 880 hits have probability below 1e-6 (binomial).
    rng = np.random.default_rng(7)
    draws, shifts, words, truth = 1_000, 40, 60, 0.15
    hits = naive_hits = 0
    for _ in range(draws):
        rates = rng.beta(truth * 8, (1 - truth) * 8, shifts)
        errors = rng.binomial(words, rates)
        sums = UnitSums()
        for count in errors:
            sums.add(float(count), words)
        interval = ratio_interval(sums)
        assert interval is not None
        hits += interval.lower <= truth <= interval.upper
        ratio = sums.errors / sums.words
        naive_hits += abs(ratio - truth) <= 1.96 * math.sqrt(ratio * (1 - ratio) / sums.words)
    assert hits >= 880
    assert naive_hits <= 700
