"""The record of what was erased: append-only."""

from __future__ import annotations

import sqlite3
import time

from service.records import Erased


class ErasureRows:
    """The record over the store's connection; what writes runs inside a transaction that the caller holds."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def put(self, subject: str, key: str | None, author: str | None, erased: Erased) -> int:
        """Append a row; return its id."""
        cursor = self._db.execute(
            "INSERT INTO erasures (subject, key, author, texts, unreferenced, scored, erased_at) "
            "VALUES (?,?,?,?,?,?,?)",
            (subject, key, author, erased.texts, erased.unreferenced, erased.scored, time.time()),
        )
        return int(cursor.lastrowid or 0)
