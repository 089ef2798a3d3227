"""From an effect to the event that is told, with everything that a person needs to judge it."""

from __future__ import annotations

from dataclasses import replace

from detectors.attribution import Attribution, attribute
from detectors.cohort import Cohort
from detectors.event import Change, Event, Signal
from detectors.evidence import Effect
from detectors.monitor_state import MonitorState
from detectors.settings import MonitorSettings
from detectors.slices.worst import worst_slices

MOST_WORST = 3


def told(
    state: MonitorState,
    settings: MonitorSettings,
    signal: Signal,
    change: Change,
    cohort: Cohort | None,
    effect: Effect,
    detected_s: float,
    about: str = "",
) -> Event:
    """The event that says this of a cohort, or of everybody where it is None, and where it comes from."""
    return explained(state, _said(state, settings, signal, change, cohort, effect, detected_s, about))


def explained(state: MonitorState, event: Event) -> Event:
    """The same event with where its rise comes from, by what is known now.

    A standing gap has no onset to compare with what was before it: it gets the worst slices.
    """
    if event.change is not Change.DEGRADED:
        return event
    if event.signal is Signal.STANDING and event.cohort is not None:
        worst = worst_slices(state.cohorts[event.cohort].slices, event.onset_s, state.now_s)
        return replace(event, worst=worst.ranked[:MOST_WORST])
    around = event.onset_earliest_s, event.onset_latest_s
    return replace(event, attribution=_attribution(state, event.cohort, event.onset_s, around))


def change_since(state: MonitorState, cohort: str, since_s: float) -> Attribution | None:
    """Where the change of a cohort's WER since a time comes from; None where nothing is known of that."""
    return _attribution(state, cohort, since_s)


def _attribution(
    state: MonitorState, cohort: str | None, onset_s: float, around: tuple[float, float] | None = None
) -> Attribution | None:
    books = {name: each.slices for name, each in state.cohorts.items()}
    return attribute(books, cohort, onset_s, state.now_s, around)


def _said(
    state: MonitorState,
    settings: MonitorSettings,
    signal: Signal,
    change: Change,
    cohort: Cohort | None,
    effect: Effect,
    detected_s: float,
    about: str = "",
) -> Event:
    everybody, cohorts = state.everybody, [cohort] if cohort is not None else state.cohorts.values()
    onset = effect.onset_s, effect.onset_s
    if signal is Signal.DIFFERENTIAL and cohort is not None and cohort.detector is not None:
        onset = cohort.detector.onset_interval()
    elif signal is Signal.GLOBAL:
        onset = everybody.onset_interval
    return Event(
        signal=signal,
        change=change,
        cohort=cohort.name if cohort is not None else None,
        onset_s=effect.onset_s,
        onset_earliest_s=min(onset[0], effect.onset_s),
        onset_latest_s=max(onset[1], effect.onset_s),
        detected_s=detected_s,
        effect_points=100.0 * effect.estimate,
        lower_points=100.0 * effect.lower,
        upper_points=100.0 * effect.upper,
        before=(cohort.healthy if cohort is not None else state.healthy).copy(),
        after=effect.since.copy(),
        evidence=1.0,
        during_global=signal is Signal.DIFFERENTIAL and everybody.in_alarm,
        false_alarms_per_month=settings.false_alarms_per_month,
        guarantee_held=all(c.level.speakers_known for c in cohorts),
        about=about,
    )


def lasting(state: MonitorState, settings: MonitorSettings) -> list[Event]:
    """The alarms that last, as they would be told now, but for where each comes from (see `explained`)."""
    found: list[tuple[Signal, Cohort | None, Effect]] = [
        (signal, cohort, _in_full(signal, effect, settings))
        for _, cohort in sorted(state.cohorts.items())
        for signal, effect in cohort.alarms()
    ]
    if state.everybody.alarm is not None:
        found.append((Signal.GLOBAL, None, state.everybody.alarm))
    outages = [(Signal(name), outage.alarm) for name, outage in state.outages.items()]
    found += [(signal, None, alarm.effect) for signal, alarm in outages if alarm is not None]
    return [
        _said(state, settings, signal, Change.DEGRADED, cohort, effect, state.now_s)
        for signal, cohort, effect in found
    ]


def whole_gap(above: Effect, settings: MonitorSettings) -> Effect:
    """The gap to the rest, of one above the tolerated gap."""
    tolerated = settings.tolerated_gap
    estimate, lower, upper = above.estimate + tolerated, above.lower + tolerated, above.upper + tolerated
    return Effect(above.onset_s, estimate, lower, upper, above.since)


def _in_full(signal: Signal, effect: Effect, settings: MonitorSettings) -> Effect:
    return whole_gap(effect, settings) if signal is Signal.STANDING else effect
