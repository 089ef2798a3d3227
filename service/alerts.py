"""Events become alerts: identity, severity, and the words and numbers that a person reads."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from detectors.event import Change, Event, Signal
from detectors.tally import ENOUGH_SPEAKERS, Tally
from service.config import Config
from service.records import AlertRow, Delivery
from service.store import Store

FIRING = "firing"
RESOLVED = "resolved"
NOTED = "noted"
"""A finding that is no alarm: told once, nothing to resolve."""
PAGE = "page"
TICKET = "ticket"

ENDINGS = (Change.RECOVERED, Change.REBASED, Change.ABSORBED)
WER_SIGNALS = (Signal.DIFFERENTIAL, Signal.GLOBAL, Signal.STANDING, Signal.PLANNED)
PAGING = (Signal.DIFFERENTIAL, Signal.GLOBAL)
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


def alert_id(event: Event) -> str:
    """The same for the same signal, cohort and onset, whenever and wherever it is computed.

    A finding that is no alarm has its kind in it as well, so that it never shares an alarm's identity.
    """
    parts = [event.signal.value, event.cohort, event.onset_s]
    if event.change in (Change.IMPROVED, Change.GAP_WIDENED):
        parts.append(event.change.value)
    identity = json.dumps(parts)
    return "alert_" + hashlib.blake2b(identity.encode(), digest_size=12).hexdigest()


class Alerting:
    """Turns the monitor's events into alerts and queues their notices, in the caller's transaction."""

    def __init__(self, config: Config) -> None:
        self._receivers = [receiver.name for receiver in config.receivers]
        self._smallest_change_points = config.detection.smallest_change_points

    def apply(self, store: Store, event: Event, now: float) -> None:
        """Let an event take effect once; seen again, after a restart, it changes nothing."""
        identity = alert_id(event)
        known = store.alerts.find(identity)
        if event.change in ENDINGS:
            if known is None or known.state != FIRING:
                return
            ended = {"recovered_at": _rfc3339(event.detected_s), "resolution": event.change.value}
            # The clock may have been set back since it fired.
            resolved_at = max(now, known.fired_at)
            alert = replace(known, state=RESOLVED, resolved_at=resolved_at, facts={**known.facts, **ended})
        elif known is None:
            facts = describe(event, self._severity(event))
            is_alarm = event.change is Change.DEGRADED and event.signal is not Signal.PLANNED
            state = FIRING if is_alarm else NOTED
            alert = AlertRow(
                identity,
                event.signal.value,
                event.cohort,
                facts["severity"],
                state,
                event.onset_s,
                now,
                None,
                facts,
            )
        else:
            return
        store.alerts.put(alert)
        self._queue(store, alert, now)

    def _queue(self, store: Store, alert: AlertRow, now: float) -> None:
        body = json.dumps(notice(alert), separators=(",", ":"), ensure_ascii=False)
        for receiver in self._receivers:
            delivery_id = f"{alert.alert_id}-{alert.state}-{receiver}"
            delivery = Delivery(delivery_id, alert.alert_id, receiver, body, 0, now)
            store.alerts.put_delivery(delivery, position=1 if alert.state == RESOLVED else 0)

    def _severity(self, event: Event) -> str:
        if event.change is not Change.DEGRADED or event.signal not in PAGING:
            return TICKET
        few_speakers = event.guarantee_held and len(event.after.speakers) < ENOUGH_SPEAKERS
        certain = event.lower_points > self._smallest_change_points
        return PAGE if certain and not few_speakers else TICKET


def notice(alert: AlertRow) -> dict[str, Any]:
    """The event that a receiver is told: Standard Webhooks' ``type``, ``timestamp``, ``data``."""
    happened_at = alert.fired_at if alert.resolved_at is None else alert.resolved_at
    return {
        "type": f"werwatch.alert.{alert.state}",
        "timestamp": _rfc3339(happened_at),
        "data": {"alert_id": alert.alert_id, "state": alert.state, **alert.facts},
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
        "since": _rfc3339(event.onset_s),
        "since_interval": [_rfc3339(event.onset_earliest_s), _rfc3339(event.onset_latest_s)],
        "detected_at": _rfc3339(event.detected_s),
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


def _rfc3339(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
