"""The way of a complete unit: into its cohort's level, then into blocks, and what these make certain."""

from __future__ import annotations

from detectors.block import Residual
from detectors.cohort import Cohort
from detectors.event import Event
from detectors.monitor_state import MonitorState
from detectors.rates.outages import judge_rates
from detectors.settings import MonitorSettings
from detectors.slices.learning import learn_slices
from detectors.slices.marginals import room_for_pairs
from detectors.unit import Unit
from detectors.verdicts import compare, judge, judge_crowd
from detectors.watching import start_watching

UNITS_BETWEEN_SWEEPS = 16
"""How often the blocks of all cohorts are looked at: an idle one's would never close otherwise."""


def take(state: MonitorState, settings: MonitorSettings, unit: Unit) -> list[Event]:
    """Take a complete unit; return what it made certain, in order."""
    cohort = state.cohort(unit.cohort, settings)
    level = cohort.level
    was_learned, was_settled = level.is_learned, level.is_settled
    events = gather(state, settings, unit)
    if not was_learned or unit.tally.reference_words == 0:
        return events
    events += close_block(state, settings, cohort)
    learn_slices(state, settings, cohort)
    settle(state, settings, cohort, was_settled=was_settled)
    state.observed += 1
    if state.observed % UNITS_BETWEEN_SWEEPS == 0:
        for other in state.cohorts.values():
            if other.blocks is not None and other.blocks.may_close(state.residuals):
                events += close_block(state, settings, other)
    return events


def gather(state: MonitorState, settings: MonitorSettings, unit: Unit) -> list[Event]:
    """Take a complete unit into its cohort's level and into its open block; return what its rates say."""
    cohort = state.cohort(unit.cohort, settings)
    cohort.complete(unit, state.now_s, settings.cohort_attributes, room_for_pairs(len(state.cohorts)))
    events = judge_rates(state, settings, cohort, unit)
    if unit.tally.reference_words == 0:
        return events
    if not state.everybody.in_alarm:
        state.healthy.merge(unit.tally)
    events += judge_crowd(state, settings, cohort, unit)
    level, blocks, detector = cohort.level, cohort.blocks, cohort.detector
    if not level.is_learned:
        cohort.healthy.merge(unit.tally)
        level.learn(unit)
        if level.is_learned:
            start_watching(state, settings, cohort)
        return events
    assert blocks is not None
    assert detector is not None
    expected = level.expect(unit)
    residual = Residual.of(unit, level.level, expected)
    if blocks.joins_rest:
        state.residuals.add(unit, residual)
    blocks.add_own(unit, residual, is_judged=level.counts(expected))
    level.learn(unit, held=detector.is_suspicious or state.everybody.in_alarm)
    return events


def settle(state: MonitorState, settings: MonitorSettings, cohort: Cohort, *, was_settled: bool) -> None:
    """Watch a learned cohort anew once its level rests on enough speakers; note since when it is judged."""
    detector, level = cohort.detector, cohort.level
    assert detector is not None
    if level.is_settled and not was_settled and not (detector.in_alarm or cohort.comparison):
        start_watching(state, settings, cohort)
    if cohort.ready_s is None and level.can_judge:
        cohort.ready_s = state.now_s


def close_block(state: MonitorState, settings: MonitorSettings, cohort: Cohort) -> list[Event]:
    """Close the cohort's block if it is full, and judge it."""
    blocks, detector = cohort.blocks, cohort.detector
    assert blocks is not None
    assert detector is not None
    block = blocks.close(state.residuals, cohort.level, state.now_s, has_rest=has_rest(state, cohort))
    if block is None:
        return []
    if cohort.comparison is not None:
        return compare(state, settings, cohort, cohort.comparison, block)
    events = judge(state, settings, cohort, detector, block)
    blocks.joins_rest = not detector.in_alarm
    return events


def has_rest(state: MonitorState, cohort: Cohort) -> bool:
    """Whether any other cohort joins the rest."""
    return any(
        other.blocks is not None and other.blocks.joins_rest
        for other in state.cohorts.values()
        if other is not cohort
    )
