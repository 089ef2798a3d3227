"""What an alert says: the words and numbers that a person reads, and nothing of what was spoken."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from detectors.event import Change, Event, Signal
from detectors.tally import ENOUGH_SPEAKERS, Tally
from service.records import AlertRow

WER_SIGNALS = (Signal.DIFFERENTIAL, Signal.GLOBAL, Signal.STANDING, Signal.PLANNED)
OF = {
    Signal.DIFFERENTIAL: "cohort against the rest",
    Signal.GLOBAL: "everybody",
    Signal.PLANNED: "cohort against itself before",
    Signal.STANDING: "gap of the cohort to the rest",
    Signal.LOOPS: "share of utterances that ran away",
    Signal.EMPTIES: "share of utterances without a hypothesis",
}
VERDICTS = {
    Change.DEGRADED: "worse",
    Change.IMPROVED: "better",
    Change.UNCHANGED: "no change shown",
}
TITLES = {
    Signal.STANDING: "above the rest, more than is tolerated",
    Signal.LOOPS: "more utterances in which the engine runs away",
    Signal.EMPTIES: "more utterances without a hypothesis",
}


def notice(alert: AlertRow, kind: str, now: float) -> dict[str, Any]:
    """The event that a receiver is told: Standard Webhooks' ``type``, ``timestamp``, ``data``."""
    return {
        "type": f"werwatch.alert.{kind}",
        "timestamp": rfc3339(now),
        "data": {
            "alert_id": alert.alert_id,
            "state": alert.state,
            "revision": alert.revision,
            "fired_at": rfc3339(alert.fired_at),
            **alert.facts,
        },
    }


def describe(event: Event, severity: str) -> dict[str, Any]:
    """Everything that a notice says of an event: numbers, times, and one title line. Never text of speech."""
    before, after = event.before, event.after
    return {
        "title": _title(event),
        "severity": severity,
        "signal": event.signal.value,
        "change": event.change.value,
        "cohort": event.cohort,
        "since": rfc3339(event.onset_s),
        "since_interval": [rfc3339(event.onset_earliest_s), rfc3339(event.onset_latest_s)],
        "detected_at": rfc3339(event.detected_s),
        "effect": {
            "unit": "WER points" if event.signal in WER_SIGNALS else "points of the rate",
            "scale": "additive",
            "points": round(event.effect_points, 2),
            "lower": round(event.lower_points, 2),
            "upper": round(event.upper_points, 2),
            "confidence": 0.95,
            "of": OF[event.signal],
        },
        "before": _side(before),
        "after": _side(after),
        "during_global": event.during_global,
        "budget": {"false_alarms_per_month": event.false_alarms_per_month},
        "guarantee_held": event.guarantee_held,
        "announced": event.about or None,
        "notes": _notes(event),
    }


def size_of(alert: AlertRow) -> str:
    """How large it is, and how severe: what the record says of it."""
    effect = alert.facts["effect"]
    points, lower, upper = effect["points"], effect["lower"], effect["upper"]
    return f"{points:+.1f} points ({lower:+.1f} to {upper:+.1f}), {alert.severity}"


def _title(event: Event) -> str:
    who = event.cohort if event.cohort is not None else "all cohorts"
    since = datetime.fromtimestamp(event.onset_s, UTC).strftime("%a %d %b %H:%M UTC")
    interval = f"(95 %: {event.lower_points:+.1f} to {event.upper_points:+.1f}) since {since}"
    points = f"{event.effect_points:+.1f} points"
    if event.signal in TITLES:
        return f"{who}: {points} {TITLES[event.signal]} {interval}"
    if event.change is Change.GAP_WIDENED:
        return f"{who}: the gap to the rest widens by {points} {interval}; the rest improved, it did not"
    if event.signal is Signal.PLANNED:
        wer = f"WER {_percent(event.before.wer)} -> {_percent(event.after.wer)}"
        return f"{who}: {VERDICTS[event.change]} after the announced change, {wer}, {points} {interval}"
    improved = "improved, " if event.change is Change.IMPROVED else ""
    wer = f"WER {_percent(event.before.wer)} -> {_percent(event.after.wer)}"
    against = "against the rest" if event.signal is Signal.DIFFERENTIAL else "for everybody"
    return f"{who}: {improved}{wer}, {points} {against} {interval}"


def _notes(event: Event) -> list[str]:
    notes = []
    if event.signal is not Signal.PLANNED:
        notes.append("Read at the alarm, the effect tends to be 1 to 3 points too high.")
    if event.during_global:
        notes.append("Raised while all cohorts were in alarm.")
    if not event.guarantee_held:
        notes.append("Not every utterance carries a speaker_id, so the false-alarm budget is not guaranteed.")
    elif len(event.after.speakers) < ENOUGH_SPEAKERS:
        notes.append("Fewer than three speakers since the onset.")
    return notes


def _side(tally: Tally) -> dict[str, Any]:
    errors = max(tally.errors, 1)
    return {
        "wer": None if tally.wer is None else round(tally.wer, 4),
        "utterances": tally.utterances,
        "speaker_shifts": tally.units,
        "reference_words": tally.reference_words,
        "substitutions": tally.substitutions,
        "deletions": tally.deletions,
        "insertions": tally.insertions,
        "deletion_share": round(tally.deletions / errors, 3),
        "loops": tally.loops,
        "empty_hypotheses": tally.empties,
    }


def _percent(ratio: float | None) -> str:
    return "unknown" if ratio is None else f"{100 * ratio:.1f} %"


def rfc3339(at_s: float) -> str:
    """Seconds since the epoch as the time of a notice.

    >>> rfc3339(0.0)
    '1970-01-01T00:00:00Z'
    """
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
