"""Every detector here passes river's generic checks and ours; a new one is tested by being listed."""

import pickle
import random
from collections.abc import Callable
from typing import Any

import pytest
from river import base, drift, dummy
from river.checks import common
from simulation import Stream, simulate

from detectors.choices import decider
from detectors.differential import DifferentialDetector
from detectors.e_detector import EvidenceDetector
from detectors.event import Change
from detectors.monitor import Monitor, MonitorSettings

DETECTORS: dict[str, Callable[[], Any]] = {
    "evidence": lambda: EvidenceDetector(smallest_change=0.3, variance=0.25, baseline=0.5),
    "differential": lambda: DifferentialDetector(smallest_change=0.05, false_alarms_per_day=1e-4),
}
MODEL_FREE = [
    common.check_repr,
    common.check_str,
    common.check_clone_same_class,
    common.check_clone_is_idempotent,
    common.check_init_default_params_are_not_mutable,
    common.check_doc,
    common.check_clone_changes_memory_addresses,
    common.check_mutate_can_be_idempotent,
    common.check_pickling_supports_roundtrip,
    common.check_repr_roundtrips_clone,
    common.check_get_params_matches_signature,
]


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize("check", MODEL_FREE, ids=lambda check: check.__name__)
def test_it_passes_rivers_checks_that_need_no_model(name: str, check: Callable[[Any], None]) -> None:
    check(DETECTORS[name]())


@pytest.mark.parametrize("name", DETECTORS)
def test_a_rise_is_detected_for_one_update(name: str) -> None:
    chance = random.Random(1)
    detector = DETECTORS[name]()
    spread = 0.5 if name == "evidence" else 0.1
    start = 0.5 if name == "evidence" else 0.0
    detected = []
    for step in range(1_200):
        detector.update(chance.gauss(start + (0.0 if step < 600 else spread), spread))
        detected.append(detector.drift_detected)
    first = detected.index(True)
    assert first >= 600
    assert not detected[first + 1]


@pytest.mark.parametrize("name", DETECTORS)
def test_a_pickled_detector_continues_exactly(name: str) -> None:
    chance = random.Random(2)
    detector = DETECTORS[name]()
    for _ in range(300):
        detector.update(chance.gauss(0.5, 0.3))
    copy = pickle.loads(pickle.dumps(detector))
    for _ in range(300):
        x = chance.gauss(0.55, 0.3)
        detector.update(x)
        copy.update(x)
        assert (copy.drift_detected, copy.evidence) == (detector.drift_detected, detector.evidence)


@pytest.mark.parametrize("name", DETECTORS)
def test_it_replaces_adwin_in_a_river_model(name: str) -> None:
    detector = DETECTORS[name]()
    model = drift.DriftRetrainingClassifier(
        model=dummy.PriorClassifier(), drift_detector=detector, train_in_background=False
    )
    for step in range(800):
        model.predict_one({})
        model.learn_one({}, step < 400)  # type: ignore[no-untyped-call]
    assert model.predict_one({}) is False


class EveryTenth(base.DriftDetector):
    """Detects a drift at every tenth value, for what a configuration may name."""

    def __init__(self) -> None:
        super().__init__()
        self._seen = 0

    def update(self, x: float) -> None:
        self._seen += 1
        self._drift_detected = self._seen % 10 == 0


def test_a_configuration_may_name_any_detector() -> None:
    settings = MonitorSettings(detector=f"{__name__}:EveryTenth")
    monitor = Monitor(settings)
    stream = Stream(3_000, 3, shift=lambda n, i, _: 0.3 if n == "B" and i >= 2_000 else 0.0)
    changes = [event.change for scored in simulate(stream) for event in monitor.update(scored)]
    assert Change.DEGRADED in changes
    assert not monitor.can_be_saved


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("adwim", "module:Class"),
        ("river.drift:Nothing", "cannot be made"),
        ("no.such.module:X", "cannot be made"),
        ("river.stats:Mean", "no river.base.DriftDetector"),
        ("detectors.e_detector:EvidenceDetector", "cannot be made"),
    ],
)
def test_a_detector_that_is_none_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        decider(name)
