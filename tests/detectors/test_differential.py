from itertools import count

import pytest

from detectors.block import Block
from detectors.differential import DifferentialDetector
from detectors.event import Change
from detectors.tally import Tally

DEVIATION = 0.05


def first_change(own: float, rest: float) -> Change:
    """What comes of a cohort's level and the rest's moving by so much, without any noise."""
    detector = DifferentialDetector(0.05, false_alarms_per_day=0.01, own_variance=1e-5, rest_variance=1e-5)
    for number in count():
        block = Block(3_600.0 * number, 0.0, 0.05, own, DEVIATION**2, rest, DEVIATION**2, Tally(), Tally())
        detector.update(block)
        if detector.change is not None:
            return detector.change
    raise AssertionError


@pytest.mark.parametrize(
    ("own", "rest", "change"),
    [
        (0.0, -0.1, Change.GAP_WIDENED),
        (0.04, -0.1, Change.DEGRADED),  # the gap is certain before the cohort's own rise is
        (0.04, 0.0, Change.DEGRADED),
        (-0.1, 0.0, Change.IMPROVED),
    ],
)
def test_a_wider_gap_is_the_rests_doing_only_while_the_cohort_itself_has_not_risen(
    own: float, rest: float, change: Change
) -> None:
    assert first_change(own, rest) is change
