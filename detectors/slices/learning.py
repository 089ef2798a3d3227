"""When a cohort learns what is usual in its slices: behind its level's lag, until its baseline is frozen.

Speech counts that is older than what waits before the cohort's own baseline (`detectors.evidence.Baseline`),
so what is new in a slice is as little taken for usual as it is in the cohort; nothing is learned under
suspicion, in an alarm, or beside an announced change. Once the cohort's baseline is frozen effects are final,
until `Monitor.rebaseline`: of a device that comes later nothing is usual.
"""

from __future__ import annotations

from detectors.block import SECONDS_A_DAY
from detectors.cohort import Cohort
from detectors.evidence import FROZEN_AT, LAG_INFORMATION
from detectors.monitor_state import MonitorState
from detectors.settings import MonitorSettings
from detectors.slices.counts import SliceCounts
from detectors.slices.fit import Known, fit
from detectors.slices.marginals import EVERYTHING
from detectors.slices.sums import Cell, Pair, ValueSums, values_in
from detectors.unit import Attributes

GROWTH = 1.25
"""Effects are learned again with so many times as many units."""
MOST_CELLS, MOST_APART = 256, 1_536
"""Combinations of values that are looked at: the cohort's own, then those of the cohorts heard most; where
values and pairs are counted apart, so many of these."""
Counted = list[tuple[Attributes, SliceCounts]]


def learn_slices(state: MonitorState, settings: MonitorSettings, cohort: Cohort) -> None:
    """Learn what is usual in a cohort's slices if it is time for that."""
    slices, units = cohort.level.slices, cohort.all_units.units
    if slices.is_final or units < slices.next_units or not _may_learn(state, cohort):
        return
    slices.next_units = int(GROWTH * units)
    days = LAG_INFORMATION / settings.smallest_change**2 / cohort.precision.a_day
    known = _known(state, cohort, state.now_s - days * SECONDS_A_DAY)
    if known is None:
        return
    assert cohort.detector is not None
    voices = cohort.level.voices
    voices.move(slices.learn(fit(known, cohort.name)))
    if cohort.detector.own_baseline.precision >= (FROZEN_AT / settings.smallest_change) ** 2:
        slices.is_final = True
        voices.forget_places()


def _may_learn(state: MonitorState, cohort: Cohort) -> bool:
    detector, level = cohort.detector, cohort.level
    if detector is None or detector.is_suspicious or state.everybody.in_alarm:
        return False
    is_known = level.is_settled and cohort.comparison is None and cohort.precision.a_day > 0.0
    return is_known and not cohort.slices.is_empty


def _known(state: MonitorState, cohort: Cohort, until_s: float) -> Known | None:
    counted = {cohort.name: _counted(cohort, until_s, state.now_s)}
    if not counted[cohort.name]:
        return None
    room = {False: MOST_CELLS, True: MOST_APART}
    room[cohort.slices.is_apart] -= len(counted[cohort.name])
    others = [each for each in state.cohorts.values() if each is not cohort and each.level.is_settled]
    for other in sorted(others, key=lambda each: (-each.all_units.units, each.name)):
        if other.slices.size <= room[other.slices.is_apart]:
            counted[other.name] = _counted(other, until_s, state.now_s)
            room[other.slices.is_apart] -= len(counted[other.name])
    values = values_in(place for own in counted.values() for place, _ in own)
    return Known(
        values, {name: _sums(state.cohorts[name], own, values) for name, own in counted.items() if own}
    )


def _counted(cohort: Cohort, until_s: float, now_s: float) -> Counted:
    lasting = [effect.onset_s for _, effect in cohort.alarms()]
    return [each for each in cohort.slices.until(min([until_s, *lasting]), now_s) if each[1].words]


def _sums(cohort: Cohort, counted: Counted, values: list[Pair]) -> ValueSums:
    level, slices = cohort.level, dict(counted)
    is_apart = cohort.slices.is_apart
    whole = slices[EVERYTHING] if is_apart else SliceCounts.together(slices.values())
    speakers = level.voices.speakers
    between = speakers.between(level.level)
    a_word = len(speakers.known) / between / whole.words if between else 0.0
    if is_apart:
        precision = whole.words / (level.spread * whole.binomial_spread)
        return ValueSums.of_slices(slices, values, precision, a_word)
    cells = [
        Cell(
            cohort.name,
            attributes,
            each.rate - whole.rate,
            each.words**2 / (level.spread * each.binomial_spread),
            a_word * each.words,
            each.words,
        )
        for attributes, each in counted
    ]
    return ValueSums.of_cells(cells, values)
