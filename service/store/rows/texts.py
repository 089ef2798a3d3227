"""Texts at rest, where ``privacy.keep_text`` asks for them: appended, and wiped where they lie.

Deleting a row leaves copies of its neighbours behind wherever SQLite moves those between pages: even with
``PRAGMA secure_delete`` 55 of 500,000 deleted words stayed in the file. So a row is only appended, which
moves nothing, and wiped by as many zeros, which SQLite writes over it in place. Rows leave the table from its
oldest end, so far from the oldest text that only zeros move.
"""

from __future__ import annotations

import math
import sqlite3
from enum import StrEnum

FEWEST_BETWEEN = 1_000
"""Wiped rows that stay before the oldest text: SQLite moves rows between three neighbouring pages at a time,
and a page holds at most about 150."""


class Side(StrEnum):
    """Whose words they are: the engine's or a human's."""

    HYPOTHESIS = "hypothesis"
    REFERENCE = "reference"


class TextRows:
    """The table over the store's connection; what writes runs inside a transaction that the caller holds."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def put(
        self, utterance_id: str, side: Side, speaker: str | None, received_at: float, text: bytes
    ) -> None:
        """Keep a text in the place of an earlier one of this side."""
        self._wipe("utterance_id = ? AND side = ?", utterance_id, side)
        self._db.execute(
            "INSERT INTO texts (utterance_id, side, speaker, received_at, text) VALUES (?,?,?,?,?)",
            (utterance_id, side, speaker, received_at, text),
        )

    def knows(self, utterance_id: str) -> bool:
        """Whether a text of this utterance is, or was lately, kept."""
        query = "SELECT EXISTS (SELECT 1 FROM texts WHERE utterance_id = ?)"
        return bool(self._db.execute(query, (utterance_id,)).fetchone()[0])

    def wipe(self, utterance_id: str) -> int:
        """Wipe the texts of an utterance; return how many."""
        return self._wipe("utterance_id = ?", utterance_id)

    def wipe_before(self, before: float, most: int) -> int:
        """Wipe at most so many texts that were received before; return how many."""
        # Oldest first, so that those of one page are wiped together.
        oldest = (
            "SELECT number FROM texts WHERE is_wiped = 0 AND received_at < ? ORDER BY received_at LIMIT ?"
        )
        return self._wipe(f"number IN ({oldest})", before, most)

    def drop_wiped(self, most: int) -> int:
        """Delete at most about so many rows that were wiped, from the oldest on; return how many."""
        living = self._db.execute(
            "SELECT number FROM texts NOT INDEXED WHERE is_wiped = 0 ORDER BY number LIMIT 1"
        ).fetchone()
        end = living[0] - FEWEST_BETWEEN if living else math.inf
        first = "SELECT MIN(number) FROM texts"
        return self._db.execute(
            f"DELETE FROM texts WHERE number < ? AND number < ({first}) + ?",  # noqa: S608 -- constants
            (end, most),
        ).rowcount

    def _wipe(self, which: str, *values: object) -> int:
        wiped = "text = zeroblob(length(text)), is_wiped = 1"
        return self._db.execute(
            f"UPDATE texts SET {wiped} WHERE is_wiped = 0 AND {which}",  # noqa: S608 -- constants
            values,
        ).rowcount
