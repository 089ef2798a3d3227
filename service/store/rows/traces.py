"""Distributed traces in which utterances came, so that an alert can point at some that it rests on."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from service.records import Utterance

MOST_LOOKED_AT = 5_000
"""The newest traced utterances among which those of an alert are looked for."""


class TraceRows:
    """The table over the store's connection; what writes runs inside a transaction that the caller holds."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def put(self, utterances: Sequence[Utterance]) -> None:
        """Keep the traces of those of them that have one, each in the place of an earlier one."""
        traced = [
            (utterance.utterance_id, utterance.trace, utterance.received_at)
            for utterance in utterances
            if utterance.trace is not None
        ]
        if traced:
            self._db.executemany(
                "INSERT OR REPLACE INTO traces (utterance_id, trace, received_at) VALUES (?,?,?)", traced
            )

    def forget(self, utterance_id: str) -> None:
        """Delete the trace of an utterance."""
        self._db.execute("DELETE FROM traces WHERE utterance_id = ?", (utterance_id,))

    def drop(self, before: float, most: int) -> int:
        """Delete at most so many that came before this time; return how many."""
        return self._db.execute(
            "DELETE FROM traces WHERE number IN "
            "(SELECT number FROM traces WHERE received_at < ? ORDER BY received_at LIMIT ?)",
            (before, most),
        ).rowcount

    def of_errors(self, cohort: str | None, since: float, most: int) -> list[str]:
        """Traces of the newest utterances with errors, spoken since then, of one cohort or of all."""
        rows = self._db.execute(
            "SELECT trace FROM (SELECT number, utterance_id, trace FROM traces "
            "ORDER BY number DESC LIMIT ?) JOIN scored USING (utterance_id) "
            "WHERE detects = 1 AND substitutions + deletions + insertions > 0 AND spoken_at >= ? "
            "AND (? IS NULL OR cohort = ?) GROUP BY trace ORDER BY MAX(number) DESC LIMIT ?",
            (MOST_LOOKED_AT, since, cohort, cohort, most),
        )
        return [trace for (trace,) in rows]
