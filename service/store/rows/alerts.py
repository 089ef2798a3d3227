"""Alerts and their notices in the store."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, fields
from typing import Any

from service.records import AlertRow, Delivery

_ALERT_COLUMNS = tuple(field.name for field in fields(AlertRow))
_FACTS = _ALERT_COLUMNS.index("facts")


class AlertRows:
    """Alerts and the outbox over the store's connection, in a transaction that the caller holds."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def find(self, alert_id: str) -> AlertRow | None:
        """One alert."""
        return next(iter(read_alerts(self._db, "WHERE alert_id = ?", (alert_id,))), None)

    def active(self) -> list[AlertRow]:
        """Those that fire, acknowledged or not, in the order in which they began to."""
        return read_alerts(
            self._db, "WHERE state IN ('firing', 'acknowledged') ORDER BY fired_at, alert_id", ()
        )

    def receivers_of(self, alert_id: str) -> set[str]:
        """Who was told, or is to be told, of an alert."""
        rows = self._db.execute("SELECT DISTINCT receiver FROM outbox WHERE alert_id = ?", (alert_id,))
        return {row[0] for row in rows}

    def ends_untold(self) -> list[tuple[str, str]]:
        """Resolved alerts, each with a receiver that was told that it fires, and of its end nothing."""
        rows = self._db.execute(
            "SELECT DISTINCT alert_id, receiver FROM outbox JOIN alerts USING (alert_id) "
            "WHERE alerts.state = 'resolved' AND outbox.state NOT IN ('dead', 'dismissed') AND NOT EXISTS "
            "(SELECT 1 FROM outbox AS ended WHERE ended.delivery_id = "
            "outbox.alert_id || '-resolved-' || outbox.receiver)"
        )
        return list(rows)

    def put(self, alert: AlertRow) -> None:
        """Insert or update an alert."""
        values = asdict(alert) | {"facts": json.dumps(alert.facts)}
        places = ", ".join(f":{name}" for name in _ALERT_COLUMNS)
        self._db.execute(
            f"INSERT OR REPLACE INTO alerts ({', '.join(_ALERT_COLUMNS)}) VALUES ({places})",  # noqa: S608 -- constants
            values,
        )

    def put_delivery(self, delivery: Delivery, position: int) -> None:
        """Queue a notice."""
        self._db.execute(
            "INSERT OR IGNORE INTO outbox VALUES (?,?,?,?,?,'pending',0,?,?,NULL)",
            (
                delivery.delivery_id,
                delivery.alert_id,
                delivery.receiver,
                position,
                delivery.body,
                delivery.created_at,
                delivery.created_at,
            ),
        )


def read_active(db: sqlite3.Connection) -> list[AlertRow]:
    """Alerts that have not ended, in the order in which they began to fire."""
    return read_alerts(db, "WHERE state IN ('firing', 'acknowledged') ORDER BY fired_at, alert_id", ())


def read_alerts(db: sqlite3.Connection, clause: str, values: tuple[Any, ...]) -> list[AlertRow]:
    """Alerts that a clause selects; the clause is code, its values are data."""
    rows = db.execute(
        f"SELECT {', '.join(_ALERT_COLUMNS)} FROM alerts {clause}",  # noqa: S608 -- constants
        values,
    )
    return [
        AlertRow(**dict(zip(_ALERT_COLUMNS, row, strict=True)) | {"facts": json.loads(row[_FACTS])})
        for row in rows
    ]
