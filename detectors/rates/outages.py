"""Whether the engine runs away, or says nothing, more often than it did: for a cohort, or for everybody."""

from __future__ import annotations

from functools import partial

from detectors.cohort import Cohort
from detectors.event import Change, Event, Signal
from detectors.heard import Seen
from detectors.monitor_state import MonitorState
from detectors.rates.outage import Outage
from detectors.rates.rates import RateWatch
from detectors.settings import EVERYBODYS_RATES_SHARE, RATES_SHARE, MonitorSettings
from detectors.telling import told
from detectors.unit import Unit


def judge_rates(state: MonitorState, settings: MonitorSettings, cohort: Cohort, unit: Unit) -> list[Event]:
    """Put a complete unit of a cohort to the questions about its rates."""
    each = RATES_SHARE * settings.false_alarms_per_day / 2
    own = (1.0 - EVERYBODYS_RATES_SHARE) * each / len(state.cohorts)
    events = []
    for signal, count in ((Signal.LOOPS, unit.tally.loops), (Signal.EMPTIES, unit.tally.empties)):
        outage = state.outages.get(signal)
        if outage is None:
            everybodys = EVERYBODYS_RATES_SHARE * each
            outage = state.outages[signal.value] = Outage.start(settings.smallest_change, everybodys)
        watch = cohort.rates.get(signal)
        if watch is None:
            watch = cohort.rates[signal.value] = RateWatch(settings.smallest_change, own)
        if watch.rate != own:
            watch.set_rate(own)
        seen = watch.see(count, unit.tally, learn=not outage.in_alarm)
        if seen is not None:
            events += _judge(state, settings, signal, cohort, unit, outage, watch, seen)
    return events


def _judge(
    state: MonitorState,
    settings: MonitorSettings,
    signal: Signal,
    cohort: Cohort,
    unit: Unit,
    outage: Outage,
    watch: RateWatch,
    seen: Seen,
) -> list[Event]:
    now_s, tally = state.now_s, unit.tally
    events: list[Event] = []
    if watch.alarm is None:
        in_alarm = partial(_any_in_alarm, state, signal, cohort)
        found = outage.update(cohort.name, seen, tally, unit.started_s, now_s, others_in_alarm=in_alarm)
        if found is not None:
            change, effect = found
            events.append(told(state, settings, signal, change, None, effect, now_s))
            if change is Change.DEGRADED:
                events += _absorb(state, settings, signal, outage)
    if outage.in_alarm:
        watch.pass_time(now_s)
        return events
    alone = partial(_may_stand_alone, state, signal, cohort)
    found = watch.update(seen, tally, unit.started_s, now_s, outage.heard, alone=alone)
    if found is not None:
        change, effect = found
        events.append(told(state, settings, signal, change, cohort, effect, now_s))
        outage.calm()
    return events


def _any_in_alarm(state: MonitorState, signal: Signal, cohort: Cohort) -> bool:
    return any(other.alarm is not None for other in _others(state, signal, cohort))


def _may_stand_alone(state: MonitorState, signal: Signal, cohort: Cohort) -> bool:
    others = _others(state, signal, cohort)
    return not others or any(other.alarm is None for other in others)


def _others(state: MonitorState, signal: Signal, cohort: Cohort) -> list[RateWatch]:
    watches = [other.rates.get(signal) for other in state.cohorts.values() if other is not cohort]
    return [watch for watch in watches if watch is not None and watch.question is not None]


def _absorb(state: MonitorState, settings: MonitorSettings, signal: Signal, outage: Outage) -> list[Event]:
    events = []
    for cohort in state.cohorts.values():
        watch = cohort.rates.get(signal)
        if watch is None:
            continue
        if watch.alarm is not None:
            events.append(
                told(state, settings, signal, Change.ABSORBED, cohort, watch.alarm.effect, state.now_s)
            )
        watch.calm(outage.heard)
    return events
