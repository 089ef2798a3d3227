"""Alerts as Alertmanager takes them (API version 2) and as it hands them on (webhook payload, version 4)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from service.receivers.notice import Kind, Notice
from service.receivers.rendering import read, shortened
from service.settings.receivers import Links

MOST_OF_A_LABEL, MOST_OF_AN_ANNOTATION = 256, 4_000
"""Alertmanager has no limits of its own and hands everything on."""
NOT_ENDED = "0001-01-01T00:00:00Z"
_FNV_BASIS, _FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3
_SEPARATOR = b"\xff"


def labels_of(notice: Notice) -> dict[str, str]:
    """What an alert is known by: the same in every notice of it, as long as its severity is.

    Examples
    --------
    >>> from service.receivers.notice import read_notice
    >>> body = '{"type": "werwatch.alert.test", "timestamp": "", "data": {"severity": "ticket"}}'
    >>> labels_of(read_notice("t", body))
    {'alertname': 'WerwatchTest', 'service': 'werwatch', 'severity': 'ticket', 'cohort': 'all'}
    """
    data = notice.data
    signal = "test" if notice.kind is Kind.TEST else str(data.get("signal", ""))
    cohort = data.get("cohort")
    labels = {
        "alertname": f"Werwatch{signal.capitalize()}",
        "service": "werwatch",
        "severity": "info" if notice.kind is Kind.NOTED else str(data.get("severity", "")),
        "cohort": "all" if cohort is None else shortened(str(cohort), MOST_OF_A_LABEL),
        "signal": str(data.get("signal", "")),
        "alert_id": notice.alert_id,
    }
    return {name: value for name, value in labels.items() if value}


def annotations_of(notice: Notice, links: Links) -> dict[str, str]:
    """What an alert says, and links to by the names that templates and tools look for.

    Whether it fires Alertmanager says itself.
    """
    reading = read(notice, links)
    annotations = {
        "summary": reading.headline,
        "description": reading.text,
        "runbook_url": reading.links.get("Runbook", ""),
        "dashboard_url": reading.links.get("Dashboard", ""),
        "trace_url": reading.links.get("Trace", ""),
    }
    return {name: shortened(value, MOST_OF_AN_ANNOTATION) for name, value in annotations.items() if value}


def starts_at(notice: Notice) -> str:
    """When the alert began to fire, which no later notice changes."""
    return str(notice.data.get("fired_at") or notice.timestamp)


def rfc3339(at_s: float) -> str:
    """A time with its zone: one without is taken for something else."""
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def fingerprint(labels: dict[str, str]) -> str:
    """Alertmanager's own name for a set of labels: FNV-1a of 64 bits over the sorted names and values.

    Examples
    --------
    >>> fingerprint({"alertname": "Up"})
    '57fc0d42e24a6ea7'
    """
    state = _FNV_BASIS
    for name in sorted(labels):
        for byte in name.encode() + _SEPARATOR + labels[name].encode() + _SEPARATOR:
            state = (state ^ byte) * _FNV_PRIME & 0xFFFFFFFFFFFFFFFF
    return f"{state:016x}"


def webhook_message(notice: Notice, links: Links, receiver: str) -> dict[str, Any]:
    """The payload, version 4: a group of this one alert, so that no other's end is taken for its own."""
    labels, annotations = labels_of(notice), annotations_of(notice, links)
    has_ended = notice.kind in (Kind.RESOLVED, Kind.NOTED)
    status = "resolved" if notice.kind is Kind.RESOLVED else "firing"
    here = links.to(notice.alert_id, notice.data.get("cohort"))
    grouped = {name: labels[name] for name in ("alertname", "cohort", "alert_id") if name in labels}
    alert = {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": starts_at(notice),
        "endsAt": notice.timestamp if has_ended else NOT_ENDED,
        "generatorURL": here.get("Alert", ""),
        "fingerprint": fingerprint(labels),
    }
    quoted = ", ".join(f'{name}="{_escaped(value)}"' for name, value in grouped.items())
    return {
        "version": "4",
        "groupKey": f"{{}}:{{{quoted}}}",
        "truncatedAlerts": 0,
        "status": status,
        "receiver": receiver,
        "groupLabels": grouped,
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": here.get("Dashboard", ""),
        "alerts": [alert],
    }


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
