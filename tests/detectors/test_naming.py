import math

import pytest

from detectors.block import Block, Judged
from detectors.evidence import LARGEST_E
from detectors.naming import CONFIRMATION, Naming
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


def test_beside_a_rise_of_the_rest_a_name_must_be_shown_once_more() -> None:
    asked_once, asked_twice = start(), start()
    asked_twice.is_shared = True
    found: dict[bool, float] = {}
    for number in range(80):
        for naming in (asked_once, asked_twice):
            naming.observe(block(f"session {number}", elapsed_days=0.1), 1.0, learn=False)
            if naming.is_certain and naming.is_shared not in found:
                likeliest = naming.own.rise.components.index(naming.own.rise.likeliest)
                found[naming.is_shared] = naming.support[likeliest].differential
    assert math.log(CONFIRMATION) <= found[False] < 1.5 * math.log(CONFIRMATION)
    assert math.log(CONFIRMATION**2) <= found[True] < 1.25 * math.log(CONFIRMATION**2)


def test_a_look_asks_as_much_as_the_block_that_it_looks_ahead_to() -> None:
    naming = start()
    sessions = iter(range(80))
    while not naming.would_be_certain(block("the next", elapsed_days=0.1), 1.0):
        naming.observe(block(f"session {next(sessions)}", elapsed_days=0.1), 1.0, learn=False)
    naming.is_shared = True
    assert not naming.would_be_certain(block("the next", elapsed_days=0.1), 1.0)
