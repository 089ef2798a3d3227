"""The record of what became of alerts and silences: rows are added, and stay as they are."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Action(StrEnum):
    """What happened to an alert or a silence.

    A ``MUTED`` or ``HELD`` alert fires untold; if it still does so once that is over, it is ``TOLD``, and so
    is one that fires to a receiver that was configured later. Of a ``RESENT`` one a dead notice goes out
    again, of a ``DISMISSED`` one a dead notice is let be.
    """

    FIRED = "fired"
    NOTED = "noted"
    TOLD = "told"
    UPDATED = "updated"
    REPEATED = "repeated"
    HELD = "held"
    MUTED = "muted"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    RESENT = "resent"
    DISMISSED = "dismissed"
    SILENCE_MADE = "silence_made"
    SILENCE_ENDED = "silence_ended"


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A row of the record; without an author it was the monitor."""

    id: int
    action: str
    alert_id: str | None
    silence_id: str | None
    author: str | None
    note: str
    taken_at: float


class AlertRecord:
    """The record over the store's connection, in a transaction that the caller holds."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def last_id(self) -> int:
        """The newest row; 0 before the first."""
        (last,) = self._db.execute("SELECT COALESCE(MAX(id), 0) FROM alert_record").fetchone()
        return int(last)

    def add(
        self,
        action: Action,
        now: float,
        note: str = "",
        *,
        alert_id: str | None = None,
        silence_id: str | None = None,
        author: str | None = None,
    ) -> None:
        """Say what happened."""
        self._db.execute(
            "INSERT INTO alert_record (action, alert_id, silence_id, author, note, taken_at) "
            "VALUES (?,?,?,?,?,?)",
            (action.value, alert_id, silence_id, author, note, now),
        )


def read_record(db: sqlite3.Connection, clause: str, values: tuple[Any, ...]) -> list[RecordRow]:
    """Rows that a clause selects; the clause is code, its values are data."""
    columns = "id, action, alert_id, silence_id, author, note, taken_at"
    rows = db.execute(f"SELECT {columns} FROM alert_record {clause}", values)  # noqa: S608 -- constants
    return [RecordRow(*row) for row in rows]
