import pytest

from detectors.alignment import ErrorCounts
from detectors.block import MOST_UNITS, BlockBuilder, Residual, ResidualSums
from detectors.level import Level
from detectors.tally import Tally
from detectors.unit import Unit
from detectors.voices import Expectation

LEVEL = 0.1
WEIGHT = 20 / (1 + 19 * 0.05)
"""Effective words of a unit of 20."""


def unit_of(speaker: str, cohort: str = "A") -> Unit:
    unit = Unit(speaker, cohort, 0.0, 0.0, 0.0, has_speaker=True, tally=Tally(units=1))
    unit.tally.count(ErrorCounts(substitutions=2, deletions=0, insertions=0, hits=18))
    unit.tally.meet(speaker)
    return unit


def residual_of(unit: Unit) -> Residual:
    return Residual.of(unit, LEVEL, Expectation(LEVEL, 0.1, is_well_known=True))


def add(sums: ResidualSums, *speakers: str) -> None:
    for speaker in speakers:
        unit = unit_of(speaker)
        sums.add(unit, residual_of(unit))


def test_a_stretch_of_the_rest_has_the_speakers_heard_in_it_and_no_earlier_ones() -> None:
    everybody = ResidualSums()
    add(everybody, "ann", "bob", "cid", "dan")
    start = everybody.copy()
    add(everybody, "bob", "eve", "bob")
    assert sorted(everybody.since(start).tally.speakers) == ["bob", "eve"]
    assert everybody.since(start).tally.units == 3
    assert everybody.since(everybody.copy()).tally.speakers == []


def test_the_rest_of_a_block_has_none_of_the_cohorts_own_speakers() -> None:
    everybody = ResidualSums()
    add(everybody, "ann", "bob", "cid")
    blocks = BlockBuilder(0.0, rest_start=everybody.copy())
    add(everybody, "eve", "own")
    own = unit_of("own")
    blocks.add_own(own, residual_of(own), is_judged=True)
    level = Level()
    level.move(LEVEL)
    block = blocks.close(everybody, level, 1.0, has_rest=True)
    assert block is not None
    assert block.tally.speakers == ["own"]
    assert block.rest_tally.speakers == ["eve"]


def test_three_speakers_of_many_are_remembered() -> None:
    everybody = ResidualSums()
    start = everybody.copy()
    add(everybody, *(f"speaker {number}" for number in range(10)))
    assert len(everybody.since(start).tally.speakers) == 3


def test_the_variances_follow_a_rise_but_for_what_asks_whether_the_level_stays() -> None:
    level = Level()
    level.move(LEVEL)
    blocks = BlockBuilder(0.0, joins_rest=False)
    unit = unit_of("own")
    risen = Residual.of(unit, LEVEL, Expectation(LEVEL - 0.06, 0.1, is_well_known=True))
    found = []
    for at_s in range(40):
        blocks.add_own(unit, risen, is_judged=True)
        found.append(blocks.close(ResidualSums(), level, float(at_s), has_rest=False))
    first, last = found[0], found[-1]
    assert first is not None
    assert last is not None
    assert last.own_variance > 1.2 * first.own_variance
    assert last.still_own_variance == pytest.approx(first.still_own_variance)


def test_units_that_wait_long_for_the_rest_are_kept_apart_up_to_a_number_and_none_is_lost() -> None:
    level = Level()
    level.move(LEVEL)
    blocks = BlockBuilder(0.0)
    for number in range(3 * MOST_UNITS):
        unit = unit_of(f"speaker {number}")
        blocks.add_own(unit, residual_of(unit), is_judged=True)
    block = blocks.close(ResidualSums(), level, 1.0, has_rest=False)
    assert block is not None
    assert len(block.units) == MOST_UNITS
    weight = 3 * MOST_UNITS * WEIGHT
    assert sum(unit.weight for unit in block.units) == pytest.approx(weight)
    assert sum(unit.residual for unit in block.units) / weight == pytest.approx(block.own)
