"""The embedded store: SQLite in WAL mode, one writer, every acknowledged row on disk."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from detectors.alignment import ErrorCounts
from service.alerts.record import AlertRecord
from service.errors import StartError
from service.records import Utterance
from service.store.damage import UNREADABLE, fault, must_be_whole, tell_of_long_log, tell_of_loss
from service.store.data_dir import sync_folder
from service.store.filed_ids import id_key, id_keys
from service.store.history import History
from service.store.key_record import KeyRecord
from service.store.room import Room, bound_log, make_shrinkable
from service.store.rows.alerts import AlertRows
from service.store.rows.claims import ClaimRows
from service.store.rows.critical_terms import CriticalRows
from service.store.rows.erasures import NEVER_SCORED, ErasureRows
from service.store.rows.old import OldRows
from service.store.rows.outbox import OutboxRows
from service.store.rows.recordings import RecordingRows
from service.store.rows.silences import SilenceRows
from service.store.rows.texts import TextRows
from service.store.rows.traces import TraceRows
from service.store.rows.waiting import WaitingRows
from service.store.upgrade import upgrade
from service.store.utterance_ids import UtteranceIds
from service.store.utterance_values import (
    UNSCORED_COLUMNS,
    Unscored,
    unscored_of,
    utterance_values,
)
from service.store.wal import loss

FILE_NAME = "werwatch.db"
BUSY_MS = 2_000
CACHE_KB = 16_000
"""Of pages that the writer has at hand: most of what ids are looked up in, of a million of them."""
ROWS_A_STATEMENT = 50
"""One step of SQLite for so many rows: between two of them the writer may have to wait for the loop."""


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """A connection to the store's file, in autocommit mode, that any thread may use."""
    mode = "ro" if read_only else "rwc"
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    return connection


def make_durable(connection: sqlite3.Connection) -> None:
    """Let every commit of this connection be on disk when it returns.

    Raises
    ------
    StartError
        If the file system cannot do that.
    """
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StartError(f"data_dir: its file system has no write-ahead log ({mode}); put it on a local disk")
    connection.execute("PRAGMA synchronous = FULL")


def make_forgetful(connection: sqlite3.Connection) -> None:
    """Let this connection overwrite what it deletes, and leave nothing beside the store's own files."""
    connection.execute("PRAGMA secure_delete = ON")
    # What undoes a part of a transaction would else be written to a file in /tmp once it is long.
    connection.execute("PRAGMA temp_store = MEMORY")


@lru_cache(maxsize=2 * ROWS_A_STATEMENT)
def _inserting(columns: tuple[str, ...], rows: int) -> str:
    names = ", ".join(["number", *columns])
    places = ", ".join([f"({', '.join('?' * (len(columns) + 1))})"] * rows)
    return f"INSERT INTO utterances ({names}) VALUES {places}"  # noqa: S608 -- constants


class Store:
    """The one writing connection; its methods run inside a transaction that the caller holds.

    Parameters
    ----------
    data_dir
        Where the file is, or is made.
    say
        Is told how far the upgrade of an earlier layout is.

    Attributes
    ----------
    alerts
        Alerts and their notices, over the same connection.
    ids
        Which row an utterance_id belongs to, over the same connection.
    silences, record
        Silences, and what became of alerts and them, over the same connection.
    history
        What the monitor reads and leaves, over the same connection.
    key
        Which hashing key is in use, over the same connection.
    old_rows
        What retention takes, over the same connection.
    outbox
        What becomes of notices, over the same connection.
    recordings
        References by recording, over the same connection.
    room
        What the file takes, over the same connection.
    loss
        What was committed and is lost to damage, found when it was opened; None if nothing.
    claims
        Claims about slices, over the same connection.
    critical
        Critical terms of what was scored, over the same connection.
    texts
        What is kept as text, over the same connection.
    traces
        In which distributed traces utterances came, over the same connection.
    erasures
        What is erased, and the record of it, over the same connection.

    Raises
    ------
    StartError
        If the file cannot be opened, belongs to a newer version, or is damaged beyond what can be told.
    """

    def __init__(self, data_dir: Path, say: Callable[[str], None] = lambda _: None) -> None:
        self.path = data_dir / FILE_NAME
        try:
            # The log and index files beside it take over its mode.
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            # Once it is open, SQLite has dropped what it cannot take.
            tell_of_long_log(self.path, say)
            self.loss = loss(self.path)
            self._db = connect(self.path, read_only=False)
            make_shrinkable(self._db, self.path)
            make_durable(self._db)
            bound_log(self._db)
            make_forgetful(self._db)
            self._db.execute(f"PRAGMA cache_size = -{CACHE_KB}")
            upgrade(self._db, self.path, say)
            sync_folder(data_dir)
            if self.loss is not None:
                tell_of_loss(self.loss, self._db, self.path)
        except (OSError, *UNREADABLE) as error:
            raise StartError(f"{self.path}: the store cannot be opened: {fault(error)}") from None
        self.ids = UtteranceIds(self._db, say)
        self.alerts = AlertRows(self._db)
        self.silences = SilenceRows(self._db)
        self.record = AlertRecord(self._db)
        self.history = History(self._db)
        self.key = KeyRecord(self._db)
        self.old_rows = OldRows(self._db, self.ids)
        self.outbox = OutboxRows(self._db)
        self.room = Room(self._db, self.path)
        self.claims = ClaimRows(self._db)
        self.critical = CriticalRows(self._db)
        self.recordings = RecordingRows(self._db)
        self.texts = TextRows(self._db)
        self.traces = TraceRows(self._db)
        self.waiting = WaitingRows(self._db)
        self.erasures = ErasureRows(self._db, self.ids, self.texts, self.traces, self.recordings)

    def close(self) -> None:
        """Close the file; the write-ahead log is folded in."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; on disk when it ends without an error."""
        with self.ids.or_undone():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of the transaction that is undone alone if it fails."""
        with self.ids.or_undone():
            self._db.execute("SAVEPOINT part")
            try:
                yield
            except BaseException:
                # On a full disk SQLite may have undone the whole transaction already.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK TO part")
                    self._db.execute("RELEASE part")
                raise
            self._db.execute("RELEASE part")

    def must_be_whole(self) -> None:
        """Look at every page before something is done that cannot be undone.

        Raises
        ------
        StartError
            If it is damaged.
        """
        must_be_whole(self._db, self.path)

    def probe(self) -> None:
        """Write what is there already: it shows whether the store can be written."""
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        self._db.execute(f"PRAGMA user_version = {version}")

    # utterances and references

    def known_content(self, utterance_id: str) -> tuple[bytes, int | None] | None:
        """Content digest and, if scored, the seq of a known utterance."""
        row = self._db.execute(
            "SELECT content, scored_seq FROM utterances WHERE number = ?", (self.ids.number_of(utterance_id),)
        ).fetchone()
        return (row[0], row[1]) if row else None

    def put_utterance(self, utterance: Utterance, cohort: str) -> None:
        """Insert an utterance under its (perhaps folded) cohort, or in the place of one with its id."""
        known = self.ids.number_of(utterance.utterance_id)
        if known is not None:
            self.ids.delete([(known, utterance.utterance_id)])
        if cohort != utterance.cohort:
            utterance = replace(utterance, cohort=cohort)
        number = self.ids.next_number(id_key(utterance.utterance_id))
        self._insert([number], [utterance])

    def put_new_utterances(self, utterances: Sequence[Utterance]) -> bool:
        """Insert utterances under their own cohorts; False, and nothing is done, if one is there already."""
        names = [utterance.utterance_id for utterance in utterances]
        numbers = self.ids.numbers_if_new(names, id_keys(names))
        if numbers is None:
            return False
        self._insert(numbers, utterances)
        return True

    def _insert(self, numbers: Sequence[int], utterances: Sequence[Utterance]) -> None:
        columns, rows = utterance_values(utterances)
        for begin in range(0, len(rows), ROWS_A_STATEMENT):
            together = rows[begin : begin + ROWS_A_STATEMENT]
            values: list[Any] = []
            for number, row in zip(numbers[begin:], together, strict=False):
                values.append(number)
                values += row
            self._db.execute(_inserting(columns, len(together)), values)

    def unscored(self, utterance_id: str) -> Unscored | None:
        """An utterance that was not scored."""
        row = self._db.execute(
            f"SELECT {UNSCORED_COLUMNS} "  # noqa: S608 -- constants
            "FROM utterances WHERE number = ? AND (scored_seq IS NULL OR scored_seq = ?)",
            (self.ids.number_of(utterance_id), NEVER_SCORED),
        ).fetchone()
        return unscored_of(row) if row else None

    def scored_content(self, utterance_id: str) -> tuple[bytes, ErrorCounts] | None:
        """Digest of the reference that an utterance was scored with, and its counts."""
        row = self._db.execute(
            "SELECT reference_content, substitutions, deletions, insertions, hits "
            "FROM scored WHERE utterance_id = ?",
            (utterance_id,),
        ).fetchone()
        return (row[0], ErrorCounts(*row[1:])) if row else None

    def put_scored(self, values: tuple[Any, ...], number: int) -> int:
        """Append a scored row, drop the tokens of its utterance, which has this number, return its seq."""
        cursor = self._db.execute(
            "INSERT INTO scored (utterance_id, reference_content, cohort, attributes, speaker, unit_key, "
            "spoken_at, scored_at, substitutions, deletions, insertions, hits, confidence, kind, selection, "
            "probability, normaliser, detects, session, lexicon, critical_terms, critical_missed, "
            "critical_inserted, utterance_number) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (*values, number),
        )
        seq = int(cursor.lastrowid or 0)
        self._db.execute(
            "UPDATE utterances SET hypothesis = NULL, scored_seq = ? WHERE number = ?", (seq, number)
        )
        return seq

    def add_to_totals(self, cohort: str, selection: str, kind: str, counts: ErrorCounts) -> None:
        """Add a scored utterance to the sums of its cohort, selection and kind of reference."""
        self._db.execute(
            "INSERT INTO totals VALUES (?, ?, ?, 1, ?, ?) ON CONFLICT DO UPDATE SET "
            "utterances = utterances + 1, errors = errors + excluded.errors, "
            "reference_words = reference_words + excluded.reference_words",
            (cohort, selection, kind, counts.errors, counts.reference_words),
        )

    # cohorts

    def cohorts(self) -> list[str]:
        """Every cohort ever named, by name."""
        return [row[0] for row in self._db.execute("SELECT cohort FROM cohorts ORDER BY cohort")]

    def put_cohort(self, cohort: str) -> None:
        """Remember a cohort."""
        self._db.execute("INSERT OR IGNORE INTO cohorts VALUES (?)", (cohort,))
