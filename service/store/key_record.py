"""What the store knows of the key that its hashes were made with, and what another key makes useless."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from service.store.filed_ids import TABLES
from service.store.rows.erasures import ERASED

UNRECOGNISABLE = b""
"""Stands for the digest of content that was hashed with an earlier key."""


@dataclass(frozen=True, slots=True)
class Unjoinable:
    """How much of what is kept cannot be joined with anything that is hashed with another key."""

    hypotheses: int
    references: int
    scored: int
    speakers: int
    texts: int


class KeyRecord:
    """The record over the store's connection; what writes runs inside a transaction that the caller holds."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def check(self) -> bytes | None:
        """What `Hasher.check` was of the key in use; None before the first one."""
        row = self._db.execute("SELECT check_value FROM hashing_key").fetchone()
        return bytes(row[0]) if row else None

    def put_check(self, value: bytes) -> None:
        """Remember which key is in use."""
        self._db.execute("INSERT OR REPLACE INTO hashing_key VALUES (1, ?)", (value,))

    def has_hashes(self) -> bool:
        """Whether anything was hashed yet."""
        query = (
            "SELECT EXISTS (SELECT 1 FROM utterances) OR EXISTS (SELECT 1 FROM waiting_references) "
            "OR EXISTS (SELECT 1 FROM recording_references) OR EXISTS (SELECT 1 FROM scored)"
        )
        return bool(self._db.execute(query).fetchone()[0])

    def unjoinable(self) -> Unjoinable:
        """What would become useless with another key now."""
        return Unjoinable(
            hypotheses=self._count("utterances WHERE scored_seq IS NULL"),
            references=self._count("waiting_references")
            + self._count("recording_references WHERE state = 'waiting'"),
            scored=self._count("scored"),
            speakers=self._count("(SELECT DISTINCT speaker FROM scored WHERE speaker IS NOT NULL)"),
            texts=self._count("texts WHERE is_wiped = 0 AND speaker IS NOT NULL"),
        )

    def drop_unjoinable(self) -> None:
        """Delete what waits to be joined, and every digest that could confirm a guess at what was sent."""
        # The next start files those of the rows that are left.
        for filed in TABLES:
            self._db.execute(f"DELETE FROM {filed.name}")  # noqa: S608 -- constants
        self._db.execute("UPDATE filed SET number = 0")
        self._db.execute("DELETE FROM utterances WHERE scored_seq IS NULL")
        self._db.execute("DELETE FROM waiting_references")
        self._db.execute("DELETE FROM recording_references")
        for table, column in (("utterances", "content"), ("scored", "reference_content")):
            self._db.execute(
                f"UPDATE {table} SET {column} = ? WHERE {column} != ?",  # noqa: S608 -- constants
                (UNRECOGNISABLE, ERASED),
            )

    def _count(self, rows: str) -> int:
        (count,) = self._db.execute(f"SELECT COUNT(*) FROM {rows}").fetchone()  # noqa: S608 -- constants
        return int(count)
