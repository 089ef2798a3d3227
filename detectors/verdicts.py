"""What a closed block makes certain: of its cohort, of everybody, of a standing gap, of a planned change."""

from __future__ import annotations

from detectors.block import Block
from detectors.cohort import Cohort
from detectors.comparison import Comparison
from detectors.differential import DifferentialDetector
from detectors.event import Change, Event, Signal
from detectors.evidence import Effect
from detectors.monitor_state import MonitorState
from detectors.settings import MonitorSettings
from detectors.telling import told, whole_gap
from detectors.unit import Unit
from detectors.watching import start_watching


def judge(
    state: MonitorState,
    settings: MonitorSettings,
    cohort: Cohort,
    detector: DifferentialDetector,
    block: Block,
) -> list[Event]:
    """Put a block of a cohort to all questions."""
    cohort.observe(block)
    events = _judge_everybody(state, settings, cohort, detector, block)
    if block.has_rest and block.has_own:
        events += _judge_differential(state, settings, cohort, detector, block)
        events += _judge_standing(state, settings, cohort, block)
    return events


def judge_crowd(state: MonitorState, settings: MonitorSettings, cohort: Cohort, unit: Unit) -> list[Event]:
    """Put a unit to the question that small cohorts are asked together."""
    found = state.everybody.take(unit, state.now_s, has_level=cohort.level.is_settled)
    return _told_of_everybody(state, settings, found, state.now_s)


def compare(
    state: MonitorState, settings: MonitorSettings, cohort: Cohort, comparison: Comparison, block: Block
) -> list[Event]:
    """Compare a block with what was before an announced change; after the verdict all is watched anew."""
    verdict = comparison.update(block) if block.has_own else None
    if verdict is None:
        return []
    effect, about = comparison.effect, comparison.about
    event = told(state, settings, Signal.PLANNED, verdict, cohort, effect, block.ended_s, about)
    cohort.comparison = None
    cohort.level.move(comparison.mean + effect.estimate, comparison.gathered)
    cohort.healthy = comparison.since.copy()
    cohort.slices.begin(comparison.since_s)
    start_watching(state, settings, cohort)
    return [event]


def _judge_everybody(
    state: MonitorState,
    settings: MonitorSettings,
    cohort: Cohort,
    detector: DifferentialDetector,
    block: Block,
) -> list[Event]:
    found = state.everybody.update(cohort.name, block, learn=not detector.in_alarm)
    return _told_of_everybody(state, settings, found, block.ended_s)


def _told_of_everybody(
    state: MonitorState,
    settings: MonitorSettings,
    found: tuple[Change, Effect] | None,
    ended_s: float,
) -> list[Event]:
    if found is None:
        return []
    change, effect = found
    if change is not Change.RECOVERED:
        state.healthy = state.healthy.without(effect.since)
    event = told(state, settings, Signal.GLOBAL, change, None, effect, ended_s)
    if change is Change.IMPROVED:
        _move_levels(state, effect.estimate)
        state.healthy = effect.since.copy()
        for each in state.cohorts.values():
            each.slices.begin(effect.onset_s)
    elif change is Change.RECOVERED:
        for each in state.cohorts.values():
            each.slices.exclude(effect.onset_s, ended_s)
    return [event]


def _move_levels(state: MonitorState, shift: float) -> None:
    for cohort in state.cohorts.values():
        if cohort.detector is not None:
            cohort.level.move(shift)
            cohort.detector.level_moved(shift)


def _judge_differential(
    state: MonitorState,
    settings: MonitorSettings,
    cohort: Cohort,
    detector: DifferentialDetector,
    block: Block,
) -> list[Event]:
    lasting = detector.effect() if detector.in_alarm else None
    everybody = state.everybody
    detector.update(block, learn=not everybody.in_alarm, is_shared=everybody.is_suspected_of(cohort.name))
    if lasting is None:
        cohort.healthy.merge(block.tally)
    if detector.level_shift:
        cohort.level.move(detector.level_shift)
    change = detector.change
    if change is None:
        return []
    effect = lasting or detector.effect()
    if change is not Change.RECOVERED:
        cohort.healthy = cohort.healthy.without(effect.since)
    event = told(state, settings, Signal.DIFFERENTIAL, change, cohort, effect, block.ended_s)
    if change is Change.IMPROVED:
        cohort.healthy = effect.since.copy()
        cohort.slices.begin(effect.onset_s)
    elif change is Change.RECOVERED:
        cohort.slices.exclude(effect.onset_s, block.ended_s)
    return [event]


def _judge_standing(
    state: MonitorState, settings: MonitorSettings, cohort: Cohort, block: Block
) -> list[Event]:
    found = cohort.standing.update(block) if cohort.standing is not None else None
    if found is None:
        return []
    change, above = found
    return [told(state, settings, Signal.STANDING, change, cohort, whole_gap(above, settings), block.ended_s)]
