"""What would have been raised: a history through a fresh monitor, with nobody told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from detectors.event import Event
from detectors.monitor import Monitor, MonitorSettings
from service.alerts.facts import describe, rfc3339
from service.alerts.lifecycle import ENDINGS, alert_id, severity_of
from service.store.history import History
from service.watching.course import UNUSABLE, Course


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a monitor made of a history.

    Attributes
    ----------
    begun_after
        How many rows of the history are gone, and were not replayed.
    is_continued
        Whether the monitor knew what it had learned from rows that are gone.
    """

    events: tuple[Event, ...]
    monitor: Monitor
    scored: int
    begun_after: int
    is_continued: bool


def replay(history: History, settings: MonitorSettings, note_seq: Callable[[int], None]) -> Replayed:
    """Take a fresh monitor along a history, with what people told it.

    Where retention took the first rows it goes on from what was saved of them, if these are the settings
    under which that was saved, and else begins with the first row that is left.

    Parameters
    ----------
    note_seq
        Is told now and then which row was last.
    """
    course, is_continued = Course(Monitor(settings), history.beginning()), False
    base = history.base()
    if base is not None:
        try:
            course, is_continued = Course.continued(base, settings), True
        except UNUSABLE:
            is_continued = False
    begun_after = course.seq
    events: list[Event] = []
    for found in course.follow(history):
        events += found
        note_seq(course.seq)
    scored = sum(view.total.utterances for view in course.monitor.views())
    return Replayed(tuple(events), course.monitor, scored, begun_after, is_continued)


def told(event: Event, settings: MonitorSettings) -> dict[str, Any]:
    """An event as its notice would say it, with the identity of its alert and what becomes of that."""
    is_alarm = event.change.value == "degraded" and event.signal.value != "planned"
    state = "resolved" if event.change in ENDINGS else "firing" if is_alarm else "noted"
    severity = severity_of(event, settings.smallest_change_points)
    return {"alert_id": alert_id(event), "state": state, **describe(event, severity)}


def as_json(replayed: Replayed, settings: MonitorSettings) -> dict[str, Any]:
    """Everything that there is to say of a replay."""
    return {
        "settings": {
            "false_alarms_per_month": settings.false_alarms_per_month,
            "smallest_change_points": settings.smallest_change_points,
            "tolerated_gap_points": settings.tolerated_gap_points,
            "detector": settings.detector,
        },
        "scored_utterances": replayed.scored,
        "rows_gone": replayed.begun_after,
        "until": rfc3339(replayed.monitor.now_s) if replayed.scored else None,
        "events": [told(event, settings) for event in replayed.events],
        "cohorts": [
            {
                "cohort": view.cohort,
                "readiness": view.readiness.value,
                "scored_utterances": view.total.utterances,
                "speaker_shifts": view.units,
                "wer": view.wer["all"].value,
                "judged_since": None if view.ready_s is None else rfc3339(view.ready_s),
            }
            for view in replayed.monitor.views()
        ],
    }


def as_text(found: dict[str, Any]) -> str:
    """The same for people."""
    lines = [f"{event['detected_at']}  {_word(event):8}  {_what(event)}" for event in found["events"]]
    lines.append(_summary(found))
    lines += [
        f"{each['cohort']}: {each['readiness']}, {each['scored_utterances']:,} scored"
        for each in found["cohorts"]
        if each["readiness"] != "monitored"
    ]
    if not found["scored_utterances"]:
        lines.append("nothing in it feeds detection; see detection.selections and reference_kinds")
    if found["rows_gone"]:
        lines.append(f"the history begins after row {found['rows_gone']:,}: retention took the rows before")
    return "\n".join(lines)


def _summary(found: dict[str, Any]) -> str:
    alerts = [event["severity"] for event in found["events"] if event["state"] == "firing"]
    settings = found["settings"]
    return (
        f"{len(alerts)} alerts, {alerts.count('page')} of them pages, in {found['scored_utterances']:,} "
        f"scored utterances, at {settings['false_alarms_per_month']:g} false alarms a month and changes from "
        f"{settings['smallest_change_points']:g} points"
    )


def _word(event: dict[str, Any]) -> str:
    return str(event["severity"]) if event["state"] == "firing" else str(event["state"])


def _what(event: dict[str, Any]) -> str:
    if event["state"] != "resolved":
        return str(event["title"])
    return f"{event['cohort'] or 'all cohorts'}: {event['signal']} {event['change']}, since {event['since']}"
