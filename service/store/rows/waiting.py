"""References whose utterances have not come yet, in the store."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from service.records import Reference
from service.store.rows.incomparable import read_incomparable
from service.store.utterance_values import tokens_of


class WaitingRows:
    """The table over the store's connection; what writes runs inside a transaction that the caller holds."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def find(self, utterance_id: str) -> Reference | None:
        """The reference that waits for this utterance."""
        row = self._db.execute(
            "SELECT content, reference, kind, selection, probability, normaliser, corrected_at, received_at "
            "FROM waiting_references WHERE utterance_id = ?",
            (utterance_id,),
        ).fetchone()
        if row is None:
            return None
        content, reference, kind, selection, probability, normaliser, corrected_at, received_at = row
        return Reference(
            utterance_id=utterance_id,
            content=content,
            tokens=None if reference is None else tokens_of(reference),
            kind=kind,
            selection=selection,
            probability=probability,
            normaliser=normaliser,
            corrected_at=corrected_at,
            received_at=received_at,
            detects=False,
        )

    def incomparable(self, normaliser: str) -> int:
        """How many wait under another normaliser than this version of one."""
        return read_incomparable(self._db, normaliser)

    def awaited(self, utterance_ids: Sequence[str]) -> set[str]:
        """Those of the ids for which a reference waits."""
        if self._db.execute("SELECT 1 FROM waiting_references LIMIT 1").fetchone() is None:
            return set()
        rows = self._db.execute(
            "SELECT utterance_id FROM waiting_references "
            "WHERE utterance_id IN (SELECT value FROM json_each(?))",
            (json.dumps(utterance_ids),),
        )
        return {row[0] for row in rows}

    def put(self, reference: Reference) -> None:
        """Keep a reference until its utterance comes; a later one takes its place."""
        self._db.execute(
            "INSERT OR REPLACE INTO waiting_references VALUES (?,?,?,?,?,?,?,?,?)",
            (
                reference.utterance_id,
                reference.content,
                None if reference.tokens is None else reference.tokens.tobytes(),
                reference.kind,
                reference.selection,
                reference.probability,
                reference.normaliser,
                reference.corrected_at,
                reference.received_at,
            ),
        )

    def drop(self, utterance_id: str) -> None:
        """Forget a reference that has been used."""
        self._db.execute("DELETE FROM waiting_references WHERE utterance_id = ?", (utterance_id,))
