"""Queries beside the writer: a connection that only reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from service.alerts.record import RecordRow, read_record
from service.alerts.silences import Silence
from service.records import EDITED, AlertRow, Delivery, Erasure, Intervention, Remembered, SentNotice
from service.store.history import ENDLESS
from service.store.newest import newest_at
from service.store.rows.alerts import read_active, read_alerts
from service.store.rows.claims import ClaimRows
from service.store.rows.critical_terms import CriticalRows
from service.store.rows.erasures import read_erasures
from service.store.rows.incomparable import read_incomparable
from service.store.rows.outbox import (
    read_dead_letters,
    read_due,
    read_receivers_due,
    read_remembered,
    read_sent,
)
from service.store.rows.recordings import Told, read_extent, read_told
from service.store.rows.silences import read_silences
from service.store.store import FILE_NAME, connect

_STATES = ("firing", "acknowledged", "resolved", "noted")


class Sums(NamedTuple):
    """Sums over scored utterances."""

    scored_utterances: int = 0
    errors: int = 0
    reference_words: int = 0


@dataclass(slots=True)
class CohortTotals:
    """What was scored of a cohort: against references as spoken, by selection, and against edited ones."""

    by_selection: dict[str, Sums] = field(default_factory=dict)
    edited: Sums = field(default_factory=Sums)


class Reader:
    """A connection that only reads, for queries beside the writer.

    Attributes
    ----------
    claims, critical
        Claims about slices, and critical terms, over the same connection.
    """

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / FILE_NAME
        self._db = connect(self.path, read_only=True)
        self.claims = ClaimRows(self._db)
        self.critical = CriticalRows(self._db)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def newest_at(self) -> float | None:
        """When the newest row was written."""
        return newest_at(self._db)

    def alerts(
        self, limit: int = 100, state: str | None = None, after: AlertRow | None = None
    ) -> list[AlertRow]:
        """The newest alerts first; ``active`` are those that fire, acknowledged or not.

        Parameters
        ----------
        after
            Begin behind this one.
        """
        states = _STATES if state is None else _STATES[:2] if state == "active" else (state,)
        chosen, values = f"WHERE state IN ({', '.join('?' * len(states))})", list[Any](states)
        if after is not None:
            chosen += " AND (fired_at, ?) < (?, alert_id)"
            values += [after.alert_id, after.fired_at]
        query = f"{chosen} ORDER BY fired_at DESC, alert_id LIMIT ?"
        return read_alerts(self._db, query, (*values, limit))

    def alert(self, alert_id: str) -> AlertRow | None:
        """One alert."""
        return next(iter(read_alerts(self._db, "WHERE alert_id = ?", (alert_id,))), None)

    def active_alerts(self) -> list[AlertRow]:
        """Those that have not ended, whether somebody has seen them or not."""
        return read_active(self._db)

    def silences(self, limit: int = 100) -> list[Silence]:
        """Silences, over or not, the newest first."""
        return read_silences(self._db, "ORDER BY created_at DESC, silence_id LIMIT ?", (limit,))

    def active_silences(self, now: float) -> int:
        """How many silences hold now."""
        return len(read_silences(self._db, "WHERE starts_at <= ? AND ? < ends_at", (now, now)))

    def alert_record(self, limit: int = 100, before: int = ENDLESS) -> list[RecordRow]:
        """What became of alerts and silences, the newest row first, of those before this one."""
        return read_record(self._db, "WHERE id < ? ORDER BY id DESC LIMIT ?", (before, limit))

    def record_of(self, alert_id: str) -> list[RecordRow]:
        """All that became of one alert, the newest row first."""
        return read_record(self._db, "WHERE alert_id = ? ORDER BY id DESC", (alert_id,))

    def alert_changes(self, after: int) -> list[tuple[int, str, str]]:
        """Number, signal and action of what became of alerts after this row of the record, in order."""
        rows = self._db.execute(
            "SELECT record.id, alerts.signal, record.action FROM alert_record AS record "
            "JOIN alerts USING (alert_id) WHERE record.id > ? ORDER BY record.id",
            (after,),
        )
        return rows.fetchall()

    def interventions(self, limit: int = 100, before: int = ENDLESS) -> list[Intervention]:
        """What people told the monitor, the newest first, of those before this one."""
        rows = self._db.execute(
            "SELECT id, after_seq, action, cohort, author, note, taken_at FROM interventions "
            "WHERE id < ? ORDER BY id DESC LIMIT ?",
            (before, limit),
        )
        return [Intervention(*row) for row in rows]

    def erasures(self, limit: int = 100, before: int = ENDLESS) -> list[Erasure]:
        """What was erased, the newest first, of those before this row."""
        return read_erasures(self._db, limit, before)

    def due_deliveries(self, receiver: str, now: float, most: int) -> list[Delivery]:
        """What to send to a receiver now: of every alert the first pending notice, if it is due."""
        return read_due(self._db, receiver, now, most)

    def receivers_due(self, now: float) -> list[str]:
        """The names of receivers for which a pending notice is due."""
        return read_receivers_due(self._db, now)

    def remembered(self, receiver: str, ended_after: float) -> list[Remembered]:
        """What a receiver remembers of alerts that are active, or ended after this time."""
        return read_remembered(self._db, receiver, ended_after)

    def notices(self, state: str | None, limit: int = 100) -> list[SentNotice]:
        """What became of notices, the newest first."""
        return read_sent(self._db, state, limit)

    def outbox(self) -> dict[tuple[str, str], tuple[int, float]]:
        """Number and oldest creation time of notices by receiver and state."""
        rows = self._db.execute(
            "SELECT receiver, state, COUNT(*), MIN(created_at) FROM outbox GROUP BY receiver, state"
        )
        return {(receiver, state): (count, oldest) for receiver, state, count, oldest in rows}

    def dead_letters(self) -> dict[str, int]:
        """How many dead notices each receiver has that no later one of their alert has made up for."""
        return read_dead_letters(self._db)

    def unmatched(self) -> dict[str, int]:
        """How many utterances have no reference, references no utterance, and recordings a waiting one."""
        utterances = self._db.execute("SELECT COUNT(*) FROM utterances WHERE scored_seq IS NULL").fetchone()
        references = self._db.execute("SELECT COUNT(*) FROM waiting_references").fetchone()
        recordings = self._db.execute(
            "SELECT COUNT(*) FROM recording_references WHERE state = 'waiting'"
        ).fetchone()
        return {"utterances": utterances[0], "references": references[0], "recordings": recordings[0]}

    def incomparable(self, normaliser: str) -> int:
        """How many references wait under another normaliser than this version of one."""
        return read_incomparable(self._db, normaliser)

    def of_recording(self, recording: str) -> tuple[int, int]:
        """How many utterances of a recording (a keyed hash) there are, and how many of them were scored."""
        return read_extent(self._db, recording)

    def recording_references(self, recording: str) -> list[Told]:
        """The references for a recording, in the order in which they came."""
        return list(read_told(self._db, recording))

    def totals(self) -> dict[str, CohortTotals]:
        """What was scored, by cohort."""
        rows = self._db.execute(
            "SELECT cohort, CASE kind WHEN ? THEN kind ELSE selection END AS part, "
            "SUM(utterances), SUM(errors), SUM(reference_words) FROM totals GROUP BY cohort, part",
            (EDITED,),
        )
        found: dict[str, CohortTotals] = {}
        for cohort, part, *counted in rows:
            of_it, sums = found.setdefault(cohort, CohortTotals()), Sums(*counted)
            if part == EDITED:
                of_it.edited = sums
            else:
                of_it.by_selection[part] = sums
        return found
