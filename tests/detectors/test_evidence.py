import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from river import base, drift, dummy

from detectors.e_detector import EvidenceDetector
from detectors.evidence import Baseline, EvidenceProcess
from detectors.state import dump, load

BASE = 4_000.0


def test_it_is_a_river_drift_detector_that_can_be_cloned() -> None:
    detector = EvidenceDetector(smallest_change=0.2, false_alarm_rate=0.01)
    assert isinstance(detector, base.DriftDetector)
    assert isinstance(detector.clone(), EvidenceDetector)


def test_it_plugs_into_a_river_drift_retraining_model() -> None:
    model = drift.DriftRetrainingClassifier(
        model=dummy.PriorClassifier(),
        drift_detector=EvidenceDetector(smallest_change=0.3, variance=0.25, baseline_values=400),  # type: ignore[arg-type]
        train_in_background=False,
    )
    for step in range(600):
        model.predict_one({})
        model.learn_one({}, step < 300)  # type: ignore[no-untyped-call]
    assert model.predict_one({}) is False


@pytest.mark.parametrize("name", ["smallest_change", "false_alarm_rate", "variance", "baseline_values"])
def test_a_parameter_that_is_not_positive_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        EvidenceDetector(**{"smallest_change": 0.2, name: 0.0})


def test_false_alarms_stay_within_the_budget() -> None:
    # The theorem bounds the mean number of alarms by rate * values = 10; alarms are rare and nearly
    # independent, so more than 30 would have probability below 1e-6 (Poisson with mean 10).
    rng = np.random.default_rng(1)
    alarms = 0
    for _ in range(20):
        detector = EvidenceDetector(smallest_change=0.3, false_alarm_rate=1e-4, baseline_values=400)
        for x in rng.standard_normal(5_000):
            detector.update(float(x))
            alarms += detector.drift_detected
    assert alarms <= 30


def test_a_rise_is_found_and_a_fall_is_not() -> None:
    rng = np.random.default_rng(2)
    found_after = []
    for sign in (1.0, -1.0):
        detector = EvidenceDetector(smallest_change=0.5, false_alarm_rate=1e-4, baseline_values=400)
        values = np.concatenate([rng.standard_normal(500), sign * 0.8 + rng.standard_normal(500)])
        hits = []
        for step, x in enumerate(values):
            detector.update(float(x))
            if detector.drift_detected:
                hits.append(step)
        found_after.append(hits)
    up, down = found_after
    assert up
    assert 500 <= up[0] < 600
    assert down == []


def test_evidence_of_a_constant_null_never_grows_beyond_what_was_injected() -> None:
    # The process is a supermartingale: without a change M_t - r t has mean at most 0. With x at exactly the
    # baseline every e-value is below 1, so M stays below the credit given so far.
    process = EvidenceProcess(0.05, 0.01)
    for step in range(1, 500):
        process.update(0.0, 0.01, elapsed=1.0, precision=BASE)
        assert process.evidence <= 0.01 * step


def test_bounded_e_values_do_not_let_one_outlier_raise_an_alarm() -> None:
    process = EvidenceProcess(0.05, 0.01)
    process.update(1_000.0, 0.01, elapsed=1.0, precision=BASE)
    assert process.evidence < 0.1


def test_far_below_the_baseline_is_never_evidence() -> None:
    process = EvidenceProcess(0.05, 0.01)
    for _ in range(2_000):
        process.update(-5.0, 0.01, elapsed=1.0, precision=BASE)
        assert process.evidence < 0.5


def test_idle_time_earns_credit_and_no_time_earns_none() -> None:
    process = EvidenceProcess(0.05, 0.01)
    process.update(3.0, 0.01, elapsed=0.0, precision=BASE)
    assert process.evidence == 0.0


def test_onset_and_effect_are_those_of_the_change() -> None:
    chance = random.Random(5)
    process = EvidenceProcess(0.05, 0.01)
    onset, step = 300, 0
    while process.evidence < 1.0:
        process.update(chance.gauss(0.15 if step >= onset else 0.0, 0.1), 0.01, 0.1, BASE, at_s=float(step))
        step += 1
    effect = process.effect(BASE)
    assert abs(effect.onset_s - onset) <= 10
    assert effect.lower < 0.15 < effect.upper
    assert math.isfinite(effect.lower)


def test_the_baseline_learns_behind_a_lag_and_not_under_suspicion() -> None:
    lag = 40.0 / 0.05**2
    baseline = Baseline(0.0, 100.0)
    while baseline.waiting_precision + 100.0 <= lag:
        baseline.learn(1.0, 0.01, held=False, smallest_change=0.05)
    assert baseline.mean == 0.0
    baseline.learn(1.0, 0.01, held=True, smallest_change=0.05)
    assert baseline.mean == 0.0
    baseline.learn(1.0, 0.01, held=False, smallest_change=0.05)
    assert baseline.mean > 0.0


def test_the_baseline_freezes_for_good() -> None:
    baseline = Baseline(0.0, 50_000.0)
    for _ in range(1_000):
        baseline.learn(1.0, 0.01, held=False, smallest_change=0.05)
    assert baseline.mean == 0.0


@given(st.lists(st.floats(-1.0, 1.0), min_size=1, max_size=2_000), st.floats(1e-4, 1.0))
def test_what_waits_is_bounded_and_keeps_its_precision(values: list[float], variance: float) -> None:
    baseline = Baseline(0.0, 100.0)
    for x in values:
        baseline.learn(x, variance, held=True, smallest_change=0.05)
    assert len(baseline.waiting) <= 4 * 16 + 2
    assert baseline.waiting_precision == pytest.approx(sum(precision for _, precision in baseline.waiting))


def test_a_saved_process_continues_exactly() -> None:
    chance = random.Random(6)
    first = EvidenceProcess(0.05, 0.01)
    for _ in range(300):
        first.update(chance.gauss(0.02, 0.1), 0.01, 0.1, BASE)
    second = load(EvidenceProcess, dump(first))
    for _ in range(300):
        x = chance.gauss(0.02, 0.1)
        first.update(x, 0.01, 0.1, BASE)
        second.update(x, 0.01, 0.1, BASE)
    assert dump(second) == dump(first)
