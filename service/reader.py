"""Queries beside the writer: a connection that only reads."""

from __future__ import annotations

from pathlib import Path

from service.alert_rows import read_alerts
from service.erasure_rows import read_erasures
from service.newest import newest_at
from service.records import AlertRow, Delivery, Erasure, Intervention
from service.store import FILE_NAME, connect


class Reader:
    """A connection that only reads, for queries beside the writer."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / FILE_NAME
        self._db = connect(self.path, read_only=True)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def newest_at(self) -> float | None:
        """When the newest row was written."""
        return newest_at(self._db)

    def alerts(self, limit: int = 100) -> list[AlertRow]:
        """The newest alerts first."""
        return read_alerts(self._db, "ORDER BY fired_at DESC, alert_id LIMIT ?", (limit,))

    def alert(self, alert_id: str) -> AlertRow | None:
        """One alert."""
        return next(iter(read_alerts(self._db, "WHERE alert_id = ?", (alert_id,))), None)

    def active_alerts(self) -> list[AlertRow]:
        """Those that have not ended, whether somebody has seen them or not."""
        return read_alerts(self._db, "WHERE state IN ('firing', 'acknowledged')", ())

    def interventions(self, limit: int = 100) -> list[Intervention]:
        """What people told the monitor, the newest first."""
        rows = self._db.execute(
            "SELECT id, after_seq, action, cohort, author, note, taken_at FROM interventions "
            "ORDER BY id DESC LIMIT ?",
            (limit,),
        )
        return [Intervention(*row) for row in rows]

    def erasures(self, limit: int = 100) -> list[Erasure]:
        """What was erased, the newest first."""
        return read_erasures(self._db, limit)

    def due_deliveries(self, now: float) -> list[Delivery]:
        """The notices to send now: the oldest pending one of every alert and receiver, if it is due."""
        rows = self._db.execute(
            "SELECT delivery_id, alert_id, receiver, body, attempts, created_at FROM outbox AS o "
            "WHERE state = 'pending' AND due_at <= ? AND NOT EXISTS (SELECT 1 FROM outbox AS earlier "
            "WHERE earlier.state = 'pending' AND earlier.alert_id = o.alert_id "
            "AND earlier.receiver = o.receiver AND earlier.position < o.position) ORDER BY created_at",
            (now,),
        )
        return [Delivery(*row) for row in rows]

    def outbox(self) -> dict[tuple[str, str], tuple[int, float]]:
        """Number and oldest creation time of notices by receiver and state."""
        rows = self._db.execute(
            "SELECT receiver, state, COUNT(*), MIN(created_at) FROM outbox GROUP BY receiver, state"
        )
        return {(receiver, state): (count, oldest) for receiver, state, count, oldest in rows}

    def unmatched(self) -> dict[str, int]:
        """How many utterances have no reference yet, and references no utterance."""
        utterances = self._db.execute("SELECT COUNT(*) FROM utterances WHERE scored_seq IS NULL").fetchone()
        references = self._db.execute("SELECT COUNT(*) FROM waiting_references").fetchone()
        return {"utterances": utterances[0], "references": references[0]}

    def by_selection(self) -> dict[tuple[str, str], tuple[int, int, int]]:
        """Scored utterances, errors and reference words by cohort and selection."""
        rows = self._db.execute("SELECT cohort, selection, utterances, errors, reference_words FROM totals")
        return {
            (cohort, selection): (count, errors, words) for cohort, selection, count, errors, words in rows
        }
