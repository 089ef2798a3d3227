"""Whether the engine runs away, or says nothing, more often than it did: the rates' signals."""

from __future__ import annotations

from detectors.cohort import Cohort
from detectors.event import Event, Signal
from detectors.monitor_state import MonitorState
from detectors.rates import RateWatch
from detectors.settings import RATES_SHARE, MonitorSettings
from detectors.telling import told
from detectors.unit import Unit


def judge_rates(state: MonitorState, settings: MonitorSettings, cohort: Cohort, unit: Unit) -> list[Event]:
    """Put a complete unit of a cohort to the questions about its rates."""
    rate = RATES_SHARE * settings.false_alarms_per_day / (2 * len(state.cohorts))
    events = []
    for signal, count in ((Signal.LOOPS, unit.tally.loops), (Signal.EMPTIES, unit.tally.empties)):
        watch = cohort.rates.get(signal.value)
        if watch is None:
            watch = cohort.rates[signal.value] = RateWatch(settings.smallest_change, rate)
        watch.set_rate(rate)
        found = watch.update(count, unit.tally, unit.started_s, state.now_s)
        if found is not None:
            change, effect = found
            events.append(told(state, settings, signal, change, cohort, effect, state.now_s))
    return events
