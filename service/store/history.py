"""What the monitor reads and leaves: scored rows, what people told it, its saved states."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from detectors.alignment import ErrorCounts
from service.records import EDITED, Intervention, Place, SavedState, ScoredRow
from service.store.utterance_values import attributes_of

ENDLESS = 2**63 - 1
NEWEST_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Unused:
    """References of which nothing was scored.

    Attributes
    ----------
    lone
        Those whose utterance is not there.
    waiting
        Those by recording of which utterances are not there, or none.
    refused
        Those by recording that cannot be used, by the reason.
    """

    lone: int
    waiting: int
    refused: Mapping[str, int]


class History:
    """The history over any connection; what writes runs inside a transaction that the caller holds."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def scored_after(self, seq: int, limit: int, last: int = ENDLESS) -> list[ScoredRow]:
        """The monitor's next rows up to ``last``, in order of seq."""
        rows = self._db.execute(
            "SELECT seq, cohort, speaker, unit_key, spoken_at, session, normaliser, attributes, "
            "substitutions, deletions, insertions, hits FROM scored "
            "WHERE seq > ? AND seq <= ? AND detects = 1 ORDER BY seq LIMIT ?",
            (seq, last, limit),
        )
        return [
            ScoredRow(
                seq,
                cohort,
                speaker,
                unit_key,
                spoken_at,
                ErrorCounts(*counts),
                session,
                normaliser,
                attributes_of(attributes),
            )
            for seq, cohort, speaker, unit_key, spoken_at, session, normaliser, attributes, *counts in rows
        ]

    def last_seq(self) -> int:
        """The newest scored row; 0 before the first."""
        row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'scored'").fetchone()
        return int(row[0]) if row else 0

    def unused_references(self) -> Unused:
        """The references of which nothing was scored."""
        [(lone,)] = self._db.execute("SELECT COUNT(*) FROM waiting_references")
        reasons = self._db.execute(
            "SELECT reason, COUNT(*) FROM recording_references WHERE state IN ('waiting', 'refused') "
            "GROUP BY state, reason ORDER BY COUNT(*) DESC"
        )
        of_recordings = dict(reasons.fetchall())
        return Unused(lone, of_recordings.pop(None, 0), of_recordings)

    def last_scored_at(self) -> dict[str, float]:
        """When a cohort was last scored against no edited reference, of those among the newest rows."""
        rows = self._db.execute(
            "SELECT cohort, MAX(scored_at) FROM "
            "(SELECT cohort, scored_at, kind FROM scored ORDER BY seq DESC LIMIT ?) "
            "WHERE kind <> ? GROUP BY cohort",
            (NEWEST_ROWS, EDITED),
        )
        return dict(rows.fetchall())

    def interventions_after(self, number: int, last: int = ENDLESS) -> list[Intervention]:
        """What the monitor was told after this intervention and up to ``last``, in order."""
        rows = self._db.execute(
            "SELECT id, after_seq, action, cohort, author, note, taken_at FROM interventions "
            "WHERE id > ? AND id <= ? ORDER BY id",
            (number, last),
        )
        return [Intervention(*row) for row in rows]

    def put_intervention(self, action: str, cohort: str | None, author: str, note: str, at: float) -> int:
        """Append what a person told the monitor, effective after the newest scored row; return its id."""
        cursor = self._db.execute(
            "INSERT INTO interventions (after_seq, action, cohort, author, note, taken_at) "
            "VALUES (?,?,?,?,?,?)",
            (self.last_seq(), action, cohort, author, note, at),
        )
        return int(cursor.lastrowid or 0)

    def last_note(self, action: str) -> str | None:
        """What stands in the newest row of an action."""
        row = self._db.execute(
            "SELECT note FROM interventions WHERE action = ? ORDER BY id DESC LIMIT 1", (action,)
        ).fetchone()
        return row[0] if row else None

    def snapshot(self) -> SavedState | None:
        """The last saved state."""
        row = self._db.execute("SELECT seq, intervention, state FROM snapshot").fetchone()
        return SavedState(Place(*row[:2]), row[2]) if row else None

    def put_snapshot(self, saved: SavedState, taken_at: float) -> None:
        """Save the monitor's state in place of the last one."""
        self._db.execute(
            "INSERT OR REPLACE INTO snapshot (id, seq, taken_at, state, intervention) VALUES (1, ?, ?, ?, ?)",
            (saved.place.seq, taken_at, saved.state, saved.place.intervention),
        )

    def base(self) -> SavedState | None:
        """The state from which the history goes on without the rows that retention took."""
        row = self._db.execute("SELECT seq, intervention, state FROM base").fetchone()
        return SavedState(Place(*row[:2]), row[2]) if row else None

    def beginning(self) -> Place:
        """Before the first row that is left, and after everything that was told before that."""
        (first,) = self._db.execute("SELECT MIN(seq) FROM scored").fetchone()
        seq = self.last_seq() if first is None else first - 1
        (told,) = self._db.execute(
            "SELECT COALESCE(MAX(id), 0) FROM interventions WHERE after_seq <= ?", (seq,)
        ).fetchone()
        return Place(seq, told)

    def begin_anew(self) -> Place:
        """Forget the base, for a monitor that cannot go on from it; return where the rows begin."""
        self._db.execute("DELETE FROM base")
        return self.beginning()
