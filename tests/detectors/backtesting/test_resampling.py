"""What is drawn from a history is like it, and differs in nothing but what was injected."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulation import Stream, simulate

from detectors.alignment import ErrorCounts
from detectors.backtesting.resampling import Injection, Resampler, sessions_of
from detectors.block import SECONDS_A_DAY
from detectors.unit import ScoredUtterance

STREAM = list(simulate(Stream(3_000, seed=5)))
"""A week of five cohorts."""
HIT = ErrorCounts(substitutions=0, deletions=0, insertions=0, hits=10)


def rate(utterances: list[ScoredUtterance], cohort: str) -> float:
    counts = [scored.counts for scored in utterances if scored.cohort == cohort]
    return sum(each.capped_errors for each in counts) / sum(each.reference_words for each in counts)


@given(st.lists(st.tuples(st.integers(0, 200_000), st.sampled_from("abc"), st.sampled_from(["", "s", "t"]))))
def test_sessions_hold_every_utterance_once_and_end_in_time(said: list[tuple[int, str, str]]) -> None:
    utterances = [
        ScoredUtterance("en", float(at_s), HIT, speaker, session=session or None)
        for at_s, speaker, session in said
    ]
    sessions = sessions_of(utterances)
    assert Counter(each for session in sessions for each in session.utterances) == Counter(utterances)
    for session in sessions:
        times = [each.at_s for each in session.utterances]
        assert times == sorted(times)
        assert times[-1] - times[0] < 12 * 3600
        assert len({each.session or each.speaker for each in session.utterances}) == 1


def test_the_same_seed_draws_the_same_and_another_one_another() -> None:
    sessions = sessions_of(STREAM)
    first, second, other = (list(Resampler(sessions, seed).days(0, 5)) for seed in (1, 1, 2))
    assert first == second != other


def test_what_is_drawn_comes_in_order_at_the_same_volume_and_level() -> None:
    resampler = Resampler(sessions_of(STREAM), 1)
    drawn = list(resampler.days(0, 60))
    times = [scored.at_s for scored in drawn]
    assert times == sorted(times)
    days = (STREAM[-1].at_s - STREAM[0].at_s) / SECONDS_A_DAY
    assert len(drawn) / 60 == pytest.approx(len(STREAM) / days, rel=0.1)
    assert resampler.utterances_a_day == pytest.approx(len(STREAM) / days, rel=0.1)
    for cohort in "ABC":
        assert rate(drawn, cohort) == pytest.approx(rate(STREAM, cohort), rel=0.15)


def test_every_drawn_session_is_one_of_its_own_with_the_voices_that_it_had() -> None:
    utterances = [
        ScoredUtterance(
            "en", 60.0 * index, ErrorCounts(index % 2, 0, 0, 10), f"s{index % 2}", session=f"c{index // 4}"
        )
        for index in range(40)
    ]
    drawn = list(Resampler(sessions_of(utterances), 3).days(0, 4))
    assert len({scored.session for scored in drawn}) == len(drawn) / 4
    # Who never erred does not begin to: counts are those of the same voice.
    assert {(scored.speaker, scored.counts.substitutions) for scored in drawn} == {("s0", 0), ("s1", 1)}


def test_an_injection_raises_one_cohort_by_so_much_and_nobody_else() -> None:
    share = 1.0 - rate(STREAM, "A")
    injection = Injection.of("A", 10.0, share)
    assert injection is not None
    worse = list(injection.into(STREAM, 1))
    assert 100 * (rate(worse, "A") - rate(STREAM, "A")) == pytest.approx(10.0, abs=0.7)
    assert [each for each in worse if each.cohort != "A"] == [each for each in STREAM if each.cohort != "A"]
    for before, after in zip(STREAM, worse, strict=True):
        assert after.counts.reference_words == before.counts.reference_words


def test_a_rise_that_cannot_be_is_none() -> None:
    assert Injection.of("A", 60.0, 0.5) is None
    assert Injection.of("A", 1.0, 0.0) is None
