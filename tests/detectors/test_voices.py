import math
import random

from hypothesis import given
from hypothesis import strategies as st

from detectors.onset import MOST_STEPS, OnsetTrail
from detectors.voices import MOST_REMEMBERED, Voices

LEVEL, SPREAD = 0.15, 0.15
WORDS = 15.0


def teach(
    voices: Voices, speaker: str | None, session: str | None, rate: float, *, held: bool = False
) -> None:
    voices.learn(speaker, session, WORDS, rate, LEVEL, SPREAD, held=held)


def test_a_stranger_is_expected_at_the_cohorts_level_with_the_whole_variance() -> None:
    expected = Voices().expect("ann", "monday", WORDS, LEVEL, SPREAD)
    assert (expected.rate, expected.is_well_known) == (LEVEL, False)
    assert math.isclose(expected.spread, SPREAD)


def test_without_keys_nothing_is_remembered() -> None:
    voices = Voices()
    teach(voices, None, None, 0.9)
    assert voices.expect(None, None, WORDS, LEVEL, SPREAD).rate == LEVEL


def test_a_speaker_is_expected_where_he_was_and_with_less_doubt() -> None:
    voices = Voices()
    for session in range(20):
        teach(voices, "ann", f"day {session}", 0.35)
    expected = voices.expect("ann", "another day", WORDS, LEVEL, SPREAD)
    assert 0.30 < expected.rate < 0.35
    assert expected.is_well_known
    assert expected.spread < SPREAD
    assert voices.expect("bob", "another day", WORDS, LEVEL, SPREAD).rate == LEVEL


def test_strangers_in_one_bad_session_are_one_surprise() -> None:
    voices = Voices()
    rates = []
    for number in range(8):
        rates.append(voices.expect(f"stranger {number}", "bad line", WORDS, LEVEL, SPREAD).rate)
        teach(voices, f"stranger {number}", "bad line", 0.5)
    assert rates == sorted(rates)
    assert rates[0] == LEVEL
    assert rates[-1] > 0.25
    assert voices.expect("stranger 9", "good line", WORDS, LEVEL, SPREAD).rate == LEVEL


def test_under_suspicion_the_well_known_stay_as_they_were() -> None:
    voices = Voices()
    for session in range(10):
        teach(voices, "ann", f"day {session}", 0.15)
    before = voices.expect("ann", None, WORDS, LEVEL, SPREAD)
    teach(voices, "ann", "bad day", 0.9, held=True)
    assert voices.expect("ann", None, WORDS, LEVEL, SPREAD) == before


def test_the_variance_between_speakers_is_found() -> None:
    # 40 speakers of standard deviation 0.08, 25 units each: the estimate's own standard error is about
    # 0.0064 * sqrt(2 / 40), 0.0014, and five of them are 0.007.
    chance = random.Random(1)
    voices = Voices()
    levels = [chance.gauss(LEVEL, 0.08) for _ in range(40)]
    for session in range(1_000):
        speaker = session % 40
        teach(voices, f"s{speaker}", f"day {session}", levels[speaker] + chance.gauss(0.0, 0.1))
    assert abs(voices.speakers.between(LEVEL) - 0.08**2) < 0.007
    assert voices.speakers.between(LEVEL) > 0.002


@given(st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 50), st.floats(0, 1)), max_size=300))
def test_variances_stay_positive_and_memory_bounded(units: list[tuple[int, int, float]]) -> None:
    voices = Voices()
    for speaker, session, rate in units:
        assert voices.expect(f"s{speaker}", f"d{session}", WORDS, LEVEL, SPREAD).spread > 0
        teach(voices, f"s{speaker}", f"d{session}", rate)
    assert len(voices.speakers.known) <= MOST_REMEMBERED
    assert all(intercept.variance >= 0 for intercept in voices.speakers.known.values())


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=600))
def test_a_trail_is_bounded_keeps_its_sums_and_gives_an_interval(deviations: list[float]) -> None:
    trail = OnsetTrail()
    for step, deviation in enumerate(deviations):
        trail.add(float(step), deviation, 0.5)
    assert len(trail.at_s) <= MOST_STEPS
    assert math.isclose(sum(trail.weighted), sum(deviations) / 0.5, abs_tol=1e-6)
    earliest, latest = trail.interval()
    assert 0 <= earliest <= latest <= len(deviations)
