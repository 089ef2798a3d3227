"""What an uninterrupted run over the same history ends in: the monitor's state, its alerts, their notices."""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detectors.monitor import Monitor
from service.alerts.lifecycle import Alerting
from service.config import Config
from service.records import Place
from service.store.history import History
from service.store.store import Store
from service.watching.course import Course

WALL_CLOCK = ("fired_at", "revision")
LATER = ("updated", "repeated")
"""Notices that depend on when somebody looked."""
OF_AN_END = ("alert_id", "state", "signal", "cohort", "since", "resolution", "recovered_at")
"""What a notice of an end says whatever was told before it."""


@dataclass(frozen=True, slots=True)
class Ending:
    """All that must not depend on when the service died."""

    seq: int
    intervention: int
    state: Any
    alerts: list[Any]
    notices: dict[str, Any]


def found(db: sqlite3.Connection) -> Ending:
    """What a stopped service has left."""
    [(seq, intervention, state)] = db.execute("SELECT seq, intervention, state FROM snapshot")
    return Ending(seq, intervention, json.loads(state), *_told(db))


def uninterrupted(db: sqlite3.Connection, config: Config, scratch: Path) -> Ending:
    """What one run over all rows, in a store of its own, ends in."""
    course = Course(Monitor(config.monitor_settings()), Place())
    alerting = Alerting(config)
    scratch.mkdir()
    store = Store(scratch)
    for events in course.follow(History(db)):
        with store.transaction():
            for event in events:
                alerting.apply(store, event, time.time())
    ending = Ending(*_place(course), json.loads(course.saved().state), *_told(store._db))
    store.close()
    return ending


def _place(course: Course) -> tuple[int, int]:
    return course.place.seq, course.place.intervention


def _told(db: sqlite3.Connection) -> tuple[list[Any], dict[str, Any]]:
    alerts = db.execute(
        "SELECT alert_id, signal, cohort, state, onset_at FROM alerts ORDER BY alert_id"
    ).fetchall()
    queued = db.execute("SELECT delivery_id, body FROM outbox ORDER BY delivery_id")
    return alerts, told({delivery_id: json.loads(body) for delivery_id, body in queued})


def told(notices: dict[str, Any]) -> dict[str, Any]:
    """What notices say, by their ids, as far as it does not depend on when somebody looked."""
    said = {}
    for name, body in notices.items():
        kind, data = body["type"].rpartition(".")[2], body["data"]
        if kind not in LATER:
            names = OF_AN_END if kind == "resolved" else data.keys() - set(WALL_CLOCK)
            said[name] = (kind, {key: data.get(key) for key in sorted(names)})
    return said
