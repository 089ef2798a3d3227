"""Silences in the store."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from service.alerts.silences import Matcher, Silence

_COLUMNS = "silence_id, matchers, starts_at, ends_at, author, note, created_at"


class SilenceRows:
    """Silences over the store's connection, in a transaction that the caller holds."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def put(self, silence: Silence) -> None:
        """Keep a new one, or one that ends at another time."""
        self._db.execute(
            f"INSERT OR REPLACE INTO silences ({_COLUMNS}) VALUES (?,?,?,?,?,?,?)",  # noqa: S608 -- constant
            (
                silence.silence_id,
                json.dumps([str(matcher) for matcher in silence.matchers]),
                silence.starts_at,
                silence.ends_at,
                silence.author,
                silence.note,
                silence.created_at,
            ),
        )

    def find(self, silence_id: str) -> Silence | None:
        """One silence."""
        return next(iter(read_silences(self._db, "WHERE silence_id = ?", (silence_id,))), None)

    def active(self, now: float) -> list[Silence]:
        """Those that hold now."""
        return read_silences(self._db, "WHERE starts_at <= ? AND ? < ends_at", (now, now))


def read_silences(db: sqlite3.Connection, clause: str, values: tuple[Any, ...]) -> list[Silence]:
    """Silences that a clause selects; the clause is code, its values are data."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM silences {clause}", values)  # noqa: S608 -- constants
    return [Silence(row[0], tuple(map(Matcher.parse, json.loads(row[1]))), *row[2:]) for row in rows]
