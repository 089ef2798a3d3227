"""Erasures: what is taken from an utterance, what stays so that it stays erased, and the record of it.

An erased utterance keeps its id and its cohort, and the counts of a scored one stay as they are. Its texts,
token hashes and digests go: with the key, a digest could confirm a guess at what was said.
"""

from __future__ import annotations

import sqlite3
import time

from service.records import Erased, Erasure, Subject
from service.store.filed_ids import id_key
from service.store.rows.recordings import RecordingRows
from service.store.rows.texts import TextRows
from service.store.rows.traces import TraceRows
from service.store.utterance_ids import UtteranceIds

ERASED = bytes(16)
"""Stands for the digest of content that was erased; as long as one, so that it is written over it."""
NEVER_SCORED = 0
"""Stands for the seq of an utterance that was erased before it was scored: it never will be."""
ONLY_THE_ID = (
    f"scored_seq = {NEVER_SCORED}, hypothesis = NULL, word_confidences = NULL, attributes = '{{}}', "
    "speaker = NULL, session = NULL, recording = NULL"
)
"""What is set of an erased utterance of which no counts are kept."""


class ErasureRows:
    """Over the store's connection; what writes runs inside a transaction that the caller holds."""

    def __init__(
        self,
        db: sqlite3.Connection,
        ids: UtteranceIds,
        texts: TextRows,
        traces: TraceRows,
        recordings: RecordingRows,
    ) -> None:
        self._db = db
        self._ids = ids
        self._texts = texts
        self._traces = traces
        self._recordings = recordings

    def erase(self, utterance_id: str) -> Erased | None:
        """Take what tells or could confirm what was said; None for an id of which nothing is known."""
        waited = self._db.execute(
            "DELETE FROM waiting_references WHERE utterance_id = ?", (utterance_id,)
        ).rowcount
        number = self._ids.number_of(utterance_id)
        known = self._db.execute(
            "SELECT content, scored_seq, recording FROM utterances WHERE number = ?", (number,)
        ).fetchone()
        unscored = scored = 0
        if known is None:
            if not waited and not self._texts.knows(utterance_id):
                return None
            self._remember(utterance_id)
        elif known[0] != ERASED:
            unscored = int(known[1] is None)
            scored = 1 - unscored
            (self._erase_unscored if unscored else self._erase_scored)(utterance_id)
            if known[2] is not None:
                waited += self._recordings.erase(known[2], ERASED, time.time())
        self._traces.forget(utterance_id)
        return Erased(self._texts.wipe(utterance_id), waited + unscored, scored)

    def put(self, subject: Subject, key: str | None, author: str | None, erased: Erased) -> int:
        """Append a row to the record; return its id."""
        cursor = self._db.execute(
            "INSERT INTO erasures (subject, key, author, texts, unreferenced, scored, erased_at) "
            "VALUES (?,?,?,?,?,?,?)",
            (subject, key, author, erased.texts, erased.unreferenced, erased.scored, time.time()),
        )
        return int(cursor.lastrowid or 0)

    def _remember(self, utterance_id: str) -> None:
        now = time.time()
        self._db.execute(
            "INSERT INTO utterances (number, utterance_id, content, cohort, attributes, spoken_at, "
            "received_at, normaliser, hypothesis_words, scored_seq) "
            "VALUES (?, ?, ?, '', '{}', ?, ?, '', 0, ?)",
            (self._ids.next_number(id_key(utterance_id)), utterance_id, ERASED, now, now, NEVER_SCORED),
        )

    def _erase_unscored(self, utterance_id: str) -> None:
        self._db.execute(
            f"UPDATE utterances SET content = ?, {ONLY_THE_ID} WHERE number = ?",  # noqa: S608 -- constants
            (ERASED, self._ids.number_of(utterance_id)),
        )

    def _erase_scored(self, utterance_id: str) -> None:
        self._db.execute(
            "UPDATE utterances SET content = ? WHERE number = ?", (ERASED, self._ids.number_of(utterance_id))
        )
        self._db.execute(
            "UPDATE scored SET reference_content = ? WHERE utterance_id = ?", (ERASED, utterance_id)
        )


def read_erasures(db: sqlite3.Connection, limit: int, before: int) -> list[Erasure]:
    """The record, the newest first, of the rows before this one."""
    rows = db.execute(
        "SELECT id, subject, key, author, texts, unreferenced, scored, erased_at FROM erasures "
        "WHERE id < ? ORDER BY id DESC LIMIT ?",
        (before, limit),
    )
    return [
        Erasure(number, Subject(subject), key, author, Erased(texts, unreferenced, scored), erased_at)
        for number, subject, key, author, texts, unreferenced, scored, erased_at in rows
    ]
