"""What people tell the monitor: a baseline is taken anew, a change was planned."""

from __future__ import annotations

from detectors.block import BlockBuilder
from detectors.comparison import Comparison
from detectors.event import Change, Event, Signal
from detectors.monitor_state import MonitorState
from detectors.settings import MonitorSettings
from detectors.tally import Tally
from detectors.telling import told


def rebaseline(state: MonitorState, settings: MonitorSettings, cohort: str | None = None) -> list[Event]:
    """Let what comes from now on be the new normal, for one cohort or for all.

    Returns
    -------
    The ends of the alarms that lasted: they rested on the old baseline.
    """
    events: list[Event] = []
    state.tracker.drop(cohort)
    for name, watched in state.cohorts.items():
        if cohort in (None, name):
            events += [
                told(state, settings, signal, Change.REBASED, watched, effect, state.now_s)
                for signal, effect in watched.alarms()
            ]
            watched.forget_baseline(state.now_s)
            state.everybody.leave(name)
    if cohort is None:
        events += _end_global(state, settings)
        events += [
            told(state, settings, Signal(name), Change.REBASED, None, outage.alarm.effect, state.now_s)
            for name, outage in state.outages.items()
            if outage.alarm is not None
        ]
        state.outages = {}
        state.healthy = Tally()
    return events


def announce(state: MonitorState, settings: MonitorSettings, about: str) -> list[Event]:
    """Judge what comes from now on against what was before: a planned change, of this description.

    Returns
    -------
    The end of an alarm about everybody, if one lasted: what follows is compared with before it.
    """
    events = _end_global(state, settings)
    for cohort in state.cohorts.values():
        detector = cohort.detector
        if detector is not None and cohort.level.can_judge and not detector.in_alarm:
            assert cohort.blocks is not None
            baseline, smallest = detector.own_baseline, settings.smallest_change
            cohort.comparison = Comparison(about, state.now_s, smallest, baseline.mean, baseline.precision)
            cohort.blocks = BlockBuilder(state.now_s, joins_rest=False, rest_start=state.residuals.copy())
            state.everybody.leave(cohort.name)
    state.everybody.crowd.forget()
    return events


def _end_global(state: MonitorState, settings: MonitorSettings) -> list[Event]:
    alarm = state.everybody.alarm
    events = []
    if alarm is not None:
        events.append(told(state, settings, Signal.GLOBAL, Change.REBASED, None, alarm, state.now_s))
    state.everybody.end_alarm()
    return events
