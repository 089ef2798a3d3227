"""What an uninterrupted run over the same history ends in: the monitor's state, its alerts, their notices."""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detectors.monitor import Monitor
from service.alerts import Alerting
from service.config import Config
from service.course import Course
from service.history import History
from service.records import Place
from service.store import Store

WALL_CLOCK = "timestamp"


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
    course = Course(Monitor(config.detection.monitor_settings()), Place())
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
        "SELECT alert_id, signal, cohort, severity, state, onset_at, facts FROM alerts ORDER BY alert_id"
    ).fetchall()
    notices = {}
    for delivery_id, text in db.execute("SELECT delivery_id, body FROM outbox ORDER BY delivery_id"):
        body = json.loads(text)
        del body[WALL_CLOCK]
        notices[delivery_id] = body
    return alerts, notices
