"""The forecast of a small cohort's shift against that by matrices, and what it leaves open of a change."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.alignment import ErrorCounts
from detectors.block import ResidualSums
from detectors.everybody.likeness import Likeness, Variances
from detectors.everybody.since import Since
from detectors.everybody.small_cohort import MOST_SPEAKERS, Forecast, SmallCohort
from detectors.evidence import EvidenceProcess
from detectors.unit import Unit

LEVEL = 0.2
variances = st.builds(
    Variances,
    noise=st.floats(0.1, 3.0),
    speaker=st.floats(0.0, 0.2),
    group=st.floats(0.0, 0.2),
)
# Of each shift its speaker, its session, its hits and its errors.
shifts = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 2), st.integers(1, 60), st.integers(0, 20)), min_size=1
)


def unit(speaker: int, session: int, hits: int, errors: int) -> Unit:
    found = Unit(f"speaker {speaker}", "A", 0.0, 0.0, 0.0, has_speaker=True, session=f"session {session}")
    found.tally.count(ErrorCounts(errors, 0, 0, hits))
    return found


def heard(past: list[tuple[int, int, int, int]]) -> SmallCohort:
    cohort = SmallCohort()
    for each in past:
        cohort.learn(unit(*each), unit(*each).error_rate)
    return cohort


def forecast(cohort: SmallCohort, shift: tuple[int, int, int, int], known: Variances) -> Forecast:
    found = cohort.forecast(unit(*shift), known, LEVEL)
    assert found is not None
    return found


@given(shifts, st.tuples(st.integers(0, 7), st.integers(0, 3), st.integers(1, 60), st.just(0)), variances)
def test_the_forecast_is_the_best_linear_unbiased_one(
    past: list[tuple[int, int, int, int]], shift: tuple[int, int, int, int], known: Variances
) -> None:
    cohort = heard(past)
    found = forecast(cohort, shift, known)
    keys, speakers = list(cohort.speakers), list(cohort.speakers.values())
    new = unit(*shift)
    group = cohort.speakers[new.key].group if new.key in cohort.speakers else new.session
    groups = np.array([speaker.group for speaker in speakers])
    covariance = (
        known.speaker * np.eye(len(keys))
        + known.group * (groups[:, None] == groups)
        + np.diag([known.noise / speaker.words for speaker in speakers])
    )
    shared = known.speaker * np.array([key == new.key for key in keys]) + known.group * (groups == group)
    one, mean = np.ones(len(keys)), np.array([speaker.mean for speaker in speakers])
    precise = np.linalg.inv(covariance)
    total = one @ precise @ one
    missing = 1.0 - one @ precise @ shared
    weights = precise @ shared + missing / total * (precise @ one)
    spread = known.speaker + known.group + known.noise / new.effective_words
    spread += missing**2 / total - shared @ precise @ shared
    assert found.rate == pytest.approx(weights @ mean, abs=1e-9)
    assert found.variance == pytest.approx(LEVEL * (1.0 - LEVEL) * spread, rel=1e-6)
    assert [found.weights[key] for key in keys] == pytest.approx(weights.tolist(), abs=1e-9)


@given(shifts, shifts, st.floats(-0.3, 0.3), variances)
def test_what_is_left_of_a_change_is_what_the_forecast_did_not_take_up(
    before: list[tuple[int, int, int, int]],
    after: list[tuple[int, int, int, int]],
    change: float,
    known: Variances,
) -> None:
    calm, moved = heard(before), heard(before)
    moment = Since(0.0, ResidualSums(), 0.0, EvidenceProcess(0.05, 0.01))
    for each in after:
        calm.learn(unit(*each), unit(*each).error_rate)
        moved.learn(unit(*each), unit(*each).error_rate + change)
        moment.count("A", unit(*each).key, unit(*each).effective_words)
    shift = (0, 0, 10, 0)
    expected = forecast(calm, shift, known)
    totals = {key: speaker.words for key, speaker in calm.speakers.items()}
    taken_up = forecast(moved, shift, known).rate - expected.rate
    assert (1.0 - moment.left("A", expected, totals)) * change == pytest.approx(taken_up, abs=1e-9)


def test_of_a_cohort_that_was_not_heard_before_a_change_nothing_is_left() -> None:
    cohort = SmallCohort()
    moment = Since(0.0, ResidualSums(), 0.0, EvidenceProcess(0.05, 0.01))
    for each in ((0, 0, 10, 3), (1, 1, 20, 9)):
        cohort.learn(unit(*each), unit(*each).error_rate)
        moment.count("A", unit(*each).key, unit(*each).effective_words)
    totals = {key: speaker.words for key, speaker in cohort.speakers.items()}
    found = forecast(cohort, (2, 2, 10, 0), Likeness().variances())
    assert moment.left("A", found, totals) == pytest.approx(0.0, abs=1e-12)


def test_the_first_shift_of_a_cohort_is_compared_with_nothing() -> None:
    assert SmallCohort().forecast(unit(0, 0, 10, 1), Likeness().variances(), LEVEL) is None


def test_the_speaker_unheard_for_longest_is_forgotten_first() -> None:
    cohort = heard([(speaker, speaker, 10, 1) for speaker in range(MOST_SPEAKERS)])
    assert cohort.learn(unit(0, 0, 10, 1), 0.1) is None
    assert cohort.learn(unit(MOST_SPEAKERS, 0, 10, 1), 0.1) == "speaker 1"
    assert len(cohort.speakers) == MOST_SPEAKERS


def test_the_variances_are_found_again() -> None:
    noise = np.random.default_rng(5)
    true = Variances(noise=1.0, speaker=0.1, group=0.05)
    likeness, scale = Likeness(), math.sqrt(LEVEL * (1.0 - LEVEL))
    for _ in range(400):
        cohort, level = SmallCohort(), noise.normal(0.0, 1.0)
        for session in range(3):
            group = noise.normal(0.0, math.sqrt(true.group))
            for member in range(2):
                speaker = group + noise.normal(0.0, math.sqrt(true.speaker))
                for _ in range(2):
                    each = unit(2 * session + member, session, 20, 0)
                    own = noise.normal(speaker, math.sqrt(true.noise / each.effective_words))
                    rate = level + scale * own
                    cohort.compare(each, rate, likeness, LEVEL)
                    cohort.learn(each, rate)
    found = likeness.variances()
    assert found.noise == pytest.approx(true.noise, rel=0.15)
    assert found.speaker == pytest.approx(true.speaker, rel=0.2)
    assert found.group == pytest.approx(true.group, rel=0.4)
