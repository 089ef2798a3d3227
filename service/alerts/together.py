"""What fires at about the same time as an alert about everybody: that one tells of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from detectors.event import Signal
from service.records import AlertRow


def explained(alert: AlertRow, active: Iterable[AlertRow], now: float, group_s: float) -> AlertRow:
    """The alert, held for so many seconds since an active one about everybody fired, if one did just now."""
    for other in active:
        if other.signal == Signal.GLOBAL and _is_together(other, now, group_s):
            facts = {**alert.facts, "explained_by": other.alert_id}
            return replace(alert, held_until=other.fired_at + group_s, facts=facts)
    return alert


def explaining(alert: AlertRow, active: Iterable[AlertRow], now: float, group_s: float) -> AlertRow:
    """The alert, which is about everybody, with the cohorts of active ones that fired just before."""
    cohorts = {
        other.cohort
        for other in active
        if other.signal == Signal.DIFFERENTIAL and _is_together(other, now, group_s)
    }
    return replace(alert, facts={**alert.facts, "raised_shortly_before": sorted(filter(None, cohorts))})


def _is_together(other: AlertRow, now: float, group_s: float) -> bool:
    # By a clock that was set back days ago everything would be within the time of what fired before.
    return abs(now - other.fired_at) < group_s
