"""The way of a complete unit: into its cohort's level, then into blocks, and what these make certain."""

from __future__ import annotations

from detectors.block import Residual
from detectors.cohort import Cohort
from detectors.event import Event
from detectors.monitor_state import MonitorState
from detectors.outages import judge_rates
from detectors.settings import MonitorSettings
from detectors.slice_learning import learn_slices
from detectors.unit import Unit
from detectors.verdicts import compare, judge, judge_crowd
from detectors.watching import start_watching

UNITS_BETWEEN_SWEEPS = 16
"""How often the blocks of all cohorts are looked at: an idle one's would never close otherwise."""


def take(state: MonitorState, settings: MonitorSettings, unit: Unit) -> list[Event]:
    """Take a complete unit; return what it made certain, in order."""
    cohort = state.cohort(unit.cohort, settings)
    cohort.complete(unit, state.now_s, settings.cohort_attributes)
    events = judge_rates(state, settings, cohort, unit)
    if unit.tally.reference_words == 0:
        return events
    if not state.everybody.in_alarm:
        state.healthy.merge(unit.tally)
    events += judge_crowd(state, settings, cohort, unit)
    if cohort.level.is_learned:
        return events + _observe(state, settings, cohort, unit)
    cohort.healthy.merge(unit.tally)
    cohort.level.learn(unit)
    if cohort.level.is_learned:
        start_watching(state, settings, cohort)
    return events


def _observe(state: MonitorState, settings: MonitorSettings, cohort: Cohort, unit: Unit) -> list[Event]:
    level, blocks, detector = cohort.level, cohort.blocks, cohort.detector
    assert blocks is not None
    assert detector is not None
    expected = level.expect(unit)
    residual = Residual.of(unit, level.level, expected)
    if blocks.joins_rest:
        state.residuals.add(unit, residual)
    blocks.add_own(unit, residual, is_judged=level.counts(expected))
    was_settled = level.is_settled
    level.learn(unit, held=detector.is_suspicious or state.everybody.in_alarm)
    events = _close(state, settings, cohort)
    learn_slices(state, settings, cohort)
    if level.is_settled and not was_settled and not (detector.in_alarm or cohort.comparison):
        start_watching(state, settings, cohort)
    if cohort.ready_s is None and level.can_judge:
        cohort.ready_s = state.now_s
    state.observed += 1
    if state.observed % UNITS_BETWEEN_SWEEPS == 0:
        for other in state.cohorts.values():
            if other.blocks is not None and other.blocks.may_close(state.residuals):
                events += _close(state, settings, other)
    return events


def _close(state: MonitorState, settings: MonitorSettings, cohort: Cohort) -> list[Event]:
    blocks, detector = cohort.blocks, cohort.detector
    assert blocks is not None
    assert detector is not None
    has_rest = any(
        other.blocks is not None and other.blocks.joins_rest
        for other in state.cohorts.values()
        if other is not cohort
    )
    block = blocks.close(state.residuals, cohort.level, state.now_s, has_rest=has_rest)
    if block is None:
        return []
    if cohort.comparison is not None:
        return compare(state, settings, cohort, cohort.comparison, block)
    events = judge(state, settings, cohort, detector, block)
    blocks.joins_rest = not detector.in_alarm
    return events
