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
from detectors.slices.fit import Cell, fit

GROWTH = 1.25
"""Effects are learned again with so many times as many units."""
MOST_CELLS = 256
"""Combinations of values that are looked at: the cohort's own, then those of the cohorts heard most."""


def learn_slices(state: MonitorState, settings: MonitorSettings, cohort: Cohort) -> None:
    """Learn what is usual in a cohort's slices if it is time for that."""
    slices, units = cohort.level.slices, cohort.all_units.units
    if slices.is_final or units < slices.next_units or not _may_learn(state, cohort):
        return
    slices.next_units = int(GROWTH * units)
    days = LAG_INFORMATION / settings.smallest_change**2 / cohort.precision.a_day
    cells = _cells(state, cohort, state.now_s - days * SECONDS_A_DAY)
    if not cells:
        return
    assert cohort.detector is not None
    voices = cohort.level.voices
    voices.move(slices.learn(fit(cells, cohort.name)))
    if cohort.detector.own_baseline.precision >= (FROZEN_AT / settings.smallest_change) ** 2:
        slices.is_final = True
        voices.forget_places()


def _may_learn(state: MonitorState, cohort: Cohort) -> bool:
    detector, level = cohort.detector, cohort.level
    if detector is None or detector.is_suspicious or state.everybody.in_alarm:
        return False
    is_known = level.is_settled and cohort.comparison is None and cohort.precision.a_day > 0.0
    return is_known and bool(cohort.slices.cells)


def _cells(state: MonitorState, cohort: Cohort, until_s: float) -> list[Cell]:
    cells = _cells_of(cohort, until_s, state.now_s)
    if not cells:
        return []
    others = [each for each in state.cohorts.values() if each is not cohort and each.level.is_settled]
    for other in sorted(others, key=lambda each: (-each.all_units.units, each.name)):
        if len(cells) + len(other.slices.cells) <= MOST_CELLS:
            cells += _cells_of(other, until_s, state.now_s)
    return cells


def _cells_of(cohort: Cohort, until_s: float, now_s: float) -> list[Cell]:
    level, name = cohort.level, cohort.name
    lasting = [effect.onset_s for _, effect in cohort.alarms()]
    counts = [each for each in cohort.slices.until(min([until_s, *lasting]), now_s) if each[1].words]
    words = sum(each.words for _, each in counts)
    rate = sum(each.errors for _, each in counts) / words if words else 0.0
    speakers = level.voices.speakers
    between = speakers.between(level.level)
    a_word = len(speakers.known) / between / words if words and between else 0.0
    return [
        Cell(
            name,
            attributes,
            each.rate - rate,
            each.words**2 / (level.spread * each.binomial_spread),
            a_word * each.words,
            each.words,
        )
        for attributes, each in counts
    ]
