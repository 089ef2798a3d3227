import pytest

from detectors.block import Block
from detectors.everybody.detector import EverybodyDetector
from detectors.tally import Tally

VARIANCE = 0.001


def watched(own: dict[str, float], *, blocks: int) -> EverybodyDetector:
    """A detector of three equal cohorts whose levels rose by so much, without any noise."""
    detector = EverybodyDetector.start(0.05, false_alarms_per_day=0.01)
    for cohort in own:
        detector.watch(cohort, 1e-5, 1e-5, rest_mean=0.0)
    for number in range(blocks):
        for cohort, rise in own.items():
            rest = sum(other for name, other in own.items() if name != cohort) / (len(own) - 1)
            at_s = 3_600.0 * number
            detector.update(cohort, Block(at_s, at_s, 0.05, rise, VARIANCE, rest, VARIANCE, Tally(), Tally()))
    return detector


def test_a_cohorts_own_rise_is_not_suspected_to_be_everybodys() -> None:
    detector = watched({"A": 0.2, "B": 0.0, "C": 0.0}, blocks=8)
    assert not detector.in_alarm
    assert not detector.is_suspected_of("A")
    assert detector.is_suspected_of("B")  # what hits B as well may be what hit A


@pytest.mark.parametrize(("blocks", "in_alarm"), [(3, False), (20, True)])
def test_what_hits_everybody_is_suspected_before_it_is_certain_and_as_long_as_it_lasts(
    blocks: int, in_alarm: bool
) -> None:
    detector = watched({"A": 0.1, "B": 0.1, "C": 0.1}, blocks=blocks)
    assert detector.in_alarm is in_alarm
    assert all(detector.is_suspected_of(cohort) for cohort in "ABC")


def test_while_nothing_happens_nothing_is_suspected() -> None:
    detector = watched({"A": 0.0, "B": 0.0, "C": 0.0}, blocks=20)
    assert not any(detector.is_suspected_of(cohort) for cohort in "ABC")
