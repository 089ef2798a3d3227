import pytest

from detectors.block import Block, Judged
from detectors.evidence import LARGEST_E
from detectors.naming import Naming
from detectors.tally import Tally

RATE = 0.01
RISE, SPREAD, WORDS = 0.10, 0.054, 15.0
"""A rise of ten points where units of 15 effective words have a standard deviation of six."""


def start() -> Naming:
    return Naming.start(0.05, RATE, own_variance=1e-5, rest_variance=1e-5, rest_mean=0.0, scale=1.0)


def block(*sessions: str, elapsed_days: float) -> Block:
    units = tuple(Judged(session, WORDS, WORDS * RISE, WORDS * SPREAD) for session in sessions)
    variance = SPREAD / WORDS / len(units)
    return Block(0.0, 0.0, elapsed_days, RISE, variance, 0.0, variance, Tally(), Tally(), units=units)


def test_units_that_waited_for_the_rest_together_tell_what_they_tell_one_by_one() -> None:
    sessions = [f"session {number}" for number in range(6)]
    together, apart = start(), start()
    together.observe(block(*sessions, elapsed_days=0.6), 1.0, learn=False)
    for session in sessions:
        apart.observe(block(session, elapsed_days=0.1), 1.0, learn=False)
    assert together.own.rise.evidence == pytest.approx(apart.own.rise.evidence)
    assert together.own.rise.evidence > RATE * 0.6 * LARGEST_E  # more than one observation could ever tell
    for one, other in zip(together.support, apart.support, strict=True):
        assert one.sessions.parts == pytest.approx(other.sessions.parts)
    # The six are one comparison with the rest all the same.
    assert [component.steps for component in together.differential.rise.components] == [1] * 4
