"""What is too old leaves the store; of scored rows, their sums by the hour stay."""

from __future__ import annotations

import sqlite3

from detectors.alignment import LOOP_MINIMUM_ERRORS
from service.store.history import ENDLESS, NEWEST_ROWS
from service.store.rows.erasures import ERASED, ONLY_THE_ID
from service.store.rows.incomparable import drop_incomparable
from service.store.utterance_ids import UtteranceIds

SECONDS_AN_HOUR = 3600

# As ErrorCounts has them.
_WORDS = "substitutions + deletions + hits"
_ERRORS = "substitutions + deletions + insertions"
_SUMS = f"""
    INSERT INTO hourly
    SELECT CAST(spoken_at AS INTEGER) / {SECONDS_AN_HOUR} * {SECONDS_AN_HOUR},
        cohort, selection, kind, normaliser,
        COUNT(*), SUM(substitutions), SUM(deletions), SUM(insertions), SUM({_WORDS}),
        SUM(MIN({_ERRORS}, {_WORDS})),
        SUM({_ERRORS} >= {LOOP_MINIMUM_ERRORS} AND {_ERRORS} > {_WORDS}),
        SUM(substitutions + insertions + hits = 0 AND deletions > 0)
    FROM scored WHERE seq <= ? GROUP BY 1, 2, 3, 4, 5
    ON CONFLICT DO UPDATE SET
        utterances = utterances + excluded.utterances,
        substitutions = substitutions + excluded.substitutions,
        deletions = deletions + excluded.deletions,
        insertions = insertions + excluded.insertions,
        reference_words = reference_words + excluded.reference_words,
        capped_errors = capped_errors + excluded.capped_errors,
        loops = loops + excluded.loops,
        empties = empties + excluded.empties
"""  # noqa: S608 -- constants


class OldRows:
    """The oldest rows over the store's connection; every method runs in a transaction that the caller holds.

    What deletes takes at most so many rows, and returns how many it took.
    """

    def __init__(self, db: sqlite3.Connection, ids: UtteranceIds) -> None:
        self._db = db
        self._ids = ids

    def drop_utterances(self, before: float, most: int) -> int:
        """Delete utterances that were received before this time and have no reference."""
        old = self._db.execute(
            "SELECT number, utterance_id FROM utterances "
            "WHERE scored_seq IS NULL AND received_at < ? ORDER BY received_at LIMIT ?",
            (before, most),
        ).fetchall()
        return self._ids.delete(old)

    def recordings_to_go(self, before: float, most: int) -> list[str]:
        """The recordings of what `drop_utterances` would delete."""
        rows = self._db.execute(
            "SELECT DISTINCT recording FROM (SELECT recording FROM utterances "
            "WHERE scored_seq IS NULL AND received_at < ? ORDER BY received_at LIMIT ?) "
            "WHERE recording IS NOT NULL",
            (before, most),
        )
        return [recording for (recording,) in rows]

    def drop_references(self, before: float, most: int) -> int:
        """Delete references that were received before this time and have no utterance."""
        return self._db.execute(
            "DELETE FROM waiting_references WHERE utterance_id IN (SELECT utterance_id "
            "FROM waiting_references WHERE received_at < ? ORDER BY received_at LIMIT ?)",
            (before, most),
        ).rowcount

    def drop_incomparable(self, normaliser: str, before: float, most: int) -> int:
        """Delete of these references those that wait under another normaliser than this version of one."""
        return drop_incomparable(self._db, normaliser, before, most)

    def oldest_unreferenced(self, number: int) -> float | None:
        """When the so-manieth row came, or the last, of those that were never joined, the oldest first."""
        (at_s,) = self._db.execute(
            "SELECT MAX(received_at) FROM (SELECT received_at FROM ("
            "SELECT received_at FROM (SELECT received_at FROM utterances WHERE scored_seq IS NULL "
            "ORDER BY received_at LIMIT :number) UNION ALL "
            "SELECT received_at FROM (SELECT received_at FROM waiting_references "
            "ORDER BY received_at LIMIT :number) UNION ALL "
            "SELECT received_at FROM (SELECT received_at FROM recording_references WHERE state = 'waiting' "
            "ORDER BY received_at LIMIT :number)) ORDER BY received_at LIMIT :number)",
            {"number": number},
        ).fetchone()
        return None if at_s is None else float(at_s)

    def newest_before(self, before: float) -> float:
        """When the newest came of what came before this time, of scored rows the last alone; 0 if none."""
        (at_s,) = self._db.execute(
            "SELECT MAX(at_s) FROM ("
            "SELECT MAX(received_at) AS at_s FROM utterances "
            "WHERE scored_seq IS NULL AND received_at < :before UNION ALL "
            "SELECT MAX(received_at) FROM waiting_references WHERE received_at < :before UNION ALL "
            "SELECT MAX(received_at) FROM recording_references WHERE received_at < :before UNION ALL "
            "SELECT MAX(scored_at) FROM (SELECT scored_at FROM scored ORDER BY seq DESC LIMIT :most) "
            "WHERE scored_at < :before)",
            {"before": before, "most": NEWEST_ROWS},
        ).fetchone()
        return 0.0 if at_s is None else float(at_s)

    def drop_scored(self, before: float, most: int, saved_seq: int) -> int:
        """Delete rows that were scored before this time, with their utterances; their sums stay.

        Rows that the monitor, or a claim, has seen go only once a saved state is there from which the history
        goes on without them.

        Parameters
        ----------
        saved_seq
            What the snapshot in the store has seen. It becomes the beginning of the history where the
            present one does not reach far enough.
        """
        claims_seq = self._claims_have_seen()
        last = self._last_to_go(before, most, min(saved_seq, claims_seq))
        if last == 0:
            return 0
        claims_begin = self._claims_have_seen("base")
        if self._begins_after() < min(last, saved_seq) or claims_begin < min(last, claims_seq):
            # A snapshot that the monitor cannot go on from would make nothing dispensable.
            self._db.execute(
                "INSERT OR REPLACE INTO base SELECT id, seq, intervention, state FROM snapshot WHERE seq = ?",
                (saved_seq,),
            )
            self._db.execute(
                "INSERT OR REPLACE INTO claim_states "
                "SELECT 'base', seq, record_id, state FROM claim_states WHERE kind = 'snapshot'"
            )
            if self._begins_after() < saved_seq or self._claims_have_seen("base") < claims_seq:
                return 0
        self._db.execute(_SUMS, (last,))
        gone = self._db.execute(
            "SELECT number, utterances.utterance_id FROM scored JOIN utterances ON number = utterance_number "
            "WHERE seq <= ? AND content != ?",
            (last, ERASED),
        ).fetchall()
        self._ids.delete(gone)
        # An erased id stays, and nothing else, so that a sender who repeats himself brings nothing back.
        self._db.execute(
            f"UPDATE utterances SET {ONLY_THE_ID} "  # noqa: S608 -- constants
            "WHERE content = ? AND number IN (SELECT utterance_number FROM scored WHERE seq <= ?)",
            (ERASED, last),
        )
        return self._db.execute("DELETE FROM scored WHERE seq <= ?", (last,)).rowcount

    def drop_alerts(self, before: float, most: int) -> int:
        """Delete alerts with their notices, where nothing has been left to do since before this time.

        An alert stays as long as any row that it could be found in again.
        """
        (oldest,) = self._db.execute(
            "SELECT scored_at FROM scored WHERE seq = (SELECT MIN(seq) FROM scored)"
        ).fetchone() or (before,)
        gone = self._db.execute(
            "SELECT alert_id FROM alerts WHERE state IN ('resolved', 'noted') "
            "AND COALESCE(resolved_at, fired_at) < ? "
            "AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.alert_id = alerts.alert_id "
            "AND outbox.state = 'pending') LIMIT ?",
            (min(before, oldest), most),
        ).fetchall()
        self._db.executemany("DELETE FROM outbox WHERE alert_id = ?", gone)
        self._db.executemany("DELETE FROM receiver_memory WHERE alert_id = ?", gone)
        self._db.executemany("DELETE FROM alerts WHERE alert_id = ?", gone)
        return len(gone)

    def _begins_after(self) -> int:
        row = self._db.execute("SELECT seq FROM base").fetchone()
        return row[0] if row else 0

    def _claims_have_seen(self, kind: str = "snapshot") -> int:
        """Up to which row saved evidence on claims goes; all of them where nothing was ever claimed."""
        row = self._db.execute("SELECT seq FROM claim_states WHERE kind = ?", (kind,)).fetchone()
        if row is not None:
            return int(row[0])
        (is_any,) = self._db.execute("SELECT EXISTS (SELECT 1 FROM claims)").fetchone()
        return 0 if is_any else ENDLESS

    def _last_to_go(self, before: float, most: int, saved_seq: int) -> int:
        rows = self._db.execute("SELECT seq, scored_at, detects FROM scored ORDER BY seq LIMIT ?", (most,))
        last = reached = 0
        reached_at = before
        for seq, scored_at, detects in rows:
            if detects and seq > saved_seq:
                break
            reached, reached_at = seq, scored_at
            # What was scored before something old is old, whatever the clock said then.
            if scored_at < before:
                last = seq
        is_all = last < reached and self._is_old_after(reached, reached_at, before)
        return reached if is_all else last

    def _is_old_after(self, seq: int, at_s: float, before: float) -> bool:
        """Whether an old row follows one that is not; looked for where the clock was set back since."""
        newest = self._db.execute("SELECT seq, scored_at FROM scored ORDER BY seq DESC LIMIT 1").fetchone()
        if newest is None or newest[1] >= at_s:
            return False
        # Further and further away: a clock may have been wrong for a minute or for weeks.
        distance = 1
        while seq + distance <= newest[0]:
            (later_s,) = self._db.execute(
                "SELECT scored_at FROM scored WHERE seq >= ? ORDER BY seq LIMIT 1", (seq + distance,)
            ).fetchone()
            if later_s < before:
                return True
            distance *= 2
        return False
