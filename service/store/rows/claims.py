"""Claims in the store, what became of them, and what is read to judge them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from detectors.alignment import ErrorCounts
from detectors.claims.claim import Claim
from detectors.unit import ScoredUtterance
from service.store.history import ENDLESS
from service.store.utterance_values import attributes_of


class ClaimAction(StrEnum):
    """What happened to a claim, each once at most; ``STOOD`` is what a withdrawn one's evidence was."""

    FILED = "filed"
    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    WITHDRAWN = "withdrawn"
    STOOD = "stood"


HEARD = (ClaimAction.FILED, ClaimAction.WITHDRAWN)
"""What people say; the others are found in the rows."""


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim as it was filed, the newest with the largest number."""

    number: int
    claim_id: str
    slice: Mapping[str, str]
    excess_points: float
    alpha: float

    def claim(self, filed_s: float) -> Claim:
        """The same in the terms of the evidence."""
        return Claim(dict(self.slice), self.excess_points / 100.0, self.alpha, filed_s)


@dataclass(frozen=True, slots=True)
class ClaimRecordRow:
    """A row of the record; without an author it was the evidence."""

    id: int
    claim_id: str
    action: str
    after_seq: int
    author: str | None
    note: str
    taken_at: float


@dataclass(frozen=True, slots=True)
class ClaimPlace:
    """How far the evidence on claims has come: the scored row, and the row of the record, that came last."""

    seq: int = 0
    record_id: int = 0


@dataclass(frozen=True, slots=True)
class SavedClaims:
    """The evidence on all claims at a place, as JSON."""

    place: ClaimPlace
    state: str


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """A scored utterance as claims see it: with when its transcript was received."""

    seq: int
    scored: ScoredUtterance
    received_s: float


class ClaimRows:
    """Over any connection; what writes runs inside a transaction that the caller holds."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def put(self, claim_id: str, slice_: Mapping[str, str], excess_points: float, alpha: float) -> None:
        """Keep a claim."""
        self._db.execute(
            "INSERT INTO claims (claim_id, slice, excess_points, alpha) VALUES (?,?,?,?)",
            (claim_id, json.dumps(dict(slice_)), excess_points, alpha),
        )

    def note(
        self,
        claim_id: str,
        action: ClaimAction,
        after_seq: int,
        at: float,
        *,
        author: str | None = None,
        note: str = "",
    ) -> None:
        """Say what happened to a claim, effective after a scored row; said again, it changes nothing."""
        self._db.execute(
            "INSERT OR IGNORE INTO claim_record (claim_id, action, after_seq, author, note, taken_at) "
            "VALUES (?,?,?,?,?,?)",
            (claim_id, action.value, after_seq, author, note, at),
        )

    def named(self, claim_id: str) -> list[ClaimRow]:
        """The claim with this id, if there is one."""
        return self._claims("WHERE claim_id = ?", claim_id)

    def newest(self, limit: int) -> list[ClaimRow]:
        """Claims, the newest first."""
        return self._claims("ORDER BY number DESC LIMIT ?", limit)

    def active(self) -> int:
        """How many claims are not withdrawn."""
        (filed, withdrawn) = (
            self._db.execute("SELECT COUNT(*) FROM claim_record WHERE action = ?", (action,)).fetchone()[0]
            for action in HEARD
        )
        return int(filed - withdrawn)

    def record(self, claim_id: str) -> list[ClaimRecordRow]:
        """What became of a claim, in order."""
        return self._record("WHERE claim_id = ? ORDER BY id", claim_id)

    def heard_after(self, record_id: int, last: int = ENDLESS) -> list[ClaimRecordRow]:
        """What people said of claims after a row of the record and up to ``last``, in order."""
        return self._record(
            "WHERE id > ? AND id <= ? AND action IN (?, ?) ORDER BY id", record_id, last, *HEARD
        )

    def judged_after(self, seq: int, limit: int, last: int = ENDLESS) -> list[JudgedRow]:
        """The next rows that may feed the monitor, up to ``last``, in order of seq."""
        rows = self._db.execute(
            "SELECT scored.seq, scored.cohort, scored.spoken_at, scored.speaker, unit_key, scored.session, "
            "scored.normaliser, scored.attributes, COALESCE(utterances.received_at, scored_at), "
            "substitutions, deletions, insertions, hits "
            "FROM scored LEFT JOIN utterances ON utterances.number = utterance_number "
            "WHERE seq > ? AND seq <= ? AND detects = 1 ORDER BY seq LIMIT ?",
            (seq, last, limit),
        )
        return [
            JudgedRow(
                seq,
                ScoredUtterance(
                    cohort,
                    spoken_at,
                    ErrorCounts(*counts),
                    speaker,
                    unit_key,
                    session,
                    version,
                    attributes_of(attributes),
                ),
                at,
            )
            for seq, cohort, spoken_at, speaker, unit_key, session, version, attributes, at, *counts in rows
        ]

    def saved(self, kind: str) -> SavedClaims | None:
        """The evidence saved last (``snapshot``), or where the rows that are left begin (``base``)."""
        row = self._db.execute(
            "SELECT seq, record_id, state FROM claim_states WHERE kind = ?", (kind,)
        ).fetchone()
        return SavedClaims(ClaimPlace(*row[:2]), row[2]) if row else None

    def save(self, saved: SavedClaims) -> None:
        """Save the evidence in place of the last."""
        self._db.execute(
            "INSERT OR REPLACE INTO claim_states VALUES ('snapshot', ?, ?, ?)",
            (saved.place.seq, saved.place.record_id, saved.state),
        )

    def forget(self, kind: str) -> None:
        """Forget a saved state that cannot be used."""
        self._db.execute("DELETE FROM claim_states WHERE kind = ?", (kind,))

    def _claims(self, clause: str, *values: str | int) -> list[ClaimRow]:
        rows = self._db.execute(
            f"SELECT number, claim_id, slice, excess_points, alpha FROM claims {clause}",  # noqa: S608 -- constants
            values,
        )
        return [ClaimRow(row[0], row[1], json.loads(row[2]), *row[3:]) for row in rows]

    def _record(self, clause: str, *values: str | int) -> list[ClaimRecordRow]:
        columns = "id, claim_id, action, after_seq, author, note, taken_at"
        rows = self._db.execute(f"SELECT {columns} FROM claim_record {clause}", values)  # noqa: S608 -- constants
        return [ClaimRecordRow(*row) for row in rows]
