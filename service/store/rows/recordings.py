"""References by recording in the store: they wait, hashed, until no more utterances of it are to come."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from detectors.alignment import ErrorCounts
from service.records import RecordingReference
from service.store.utterance_values import UNSCORED_COLUMNS, Unscored, tokens_or_none, unscored_of

MOST_UTTERANCES = 5_000
"""A recording of more is not read: so many take 60 ms to write, in which nobody else writes."""
_FIRST = "FROM utterances WHERE recording = ? ORDER BY number LIMIT ?"


class State(StrEnum):
    """What became of a reference by recording, or of the recording."""

    WAITING = "waiting"
    SCORED = "scored"
    REFUSED = "refused"
    ERASED = "erased"
    INCOMPLETE = "incomplete"


INCOMPLETE_MARK = b"something is gone"
"""Stands for the content of what says that utterances of a recording had to make room."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What a reference by recording came to: the counts of how many utterances, or why of none."""

    state: State
    reason: str | None = None
    utterances: int = 0
    counts: ErrorCounts | None = None


Version = list[Any]
"""Number, content and score of an utterance."""


@dataclass(frozen=True, slots=True)
class Part:
    """An utterance of a recording: what is kept of it if it was not scored, else how many words were spoken.

    Attributes
    ----------
    version
        Changes when the utterance does.
    start_s
        Where it begins in the recording, if that was told.
    reference_words
        As its own reference has them, if it was scored.
    """

    utterance: Unscored
    version: Version
    received_at: float
    start_s: float
    hypothesis_words: int
    reference_words: int | None


@dataclass(frozen=True, slots=True)
class Told:
    """A reference by recording as it stands, without its words."""

    is_passage: bool
    needed: int | None
    kind: str
    selection: str
    received_at: float
    due_at: float | None
    ending: Ending


class RecordingRows:
    """The rows over the store's connection; what writes runs inside a transaction that the caller holds."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def known(self, recording: str, content: bytes) -> Ending | None:
        """What became of this very reference."""
        return read_ending(self._db, recording, content)

    def ended(self, recording: str) -> set[State]:
        """What became of references for this recording as a whole."""
        rows = self._db.execute(
            "SELECT DISTINCT state FROM recording_references WHERE recording = ? AND NOT is_passage",
            (recording,),
        )
        return {State(state) for (state,) in rows}

    def put(self, reference: RecordingReference, settle_s: float) -> bool:
        """Keep a reference that waits; return whether it took the place of another one.

        Parameters
        ----------
        settle_s
            How long after an utterance no other is to be expected.
        """
        replaced = 0
        if not reference.is_passage:
            replaced = self._db.execute(
                "DELETE FROM recording_references WHERE recording = ? AND NOT is_passage AND state = ?",
                (reference.recording, State.WAITING),
            ).rowcount
        self._db.execute(
            "INSERT OR REPLACE INTO recording_references (recording, content, is_passage, needed, reference, "
            "knots, kind, selection, probability, normaliser, corrected_at, received_at, state) "
            "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                reference.recording,
                reference.content,
                reference.is_passage,
                reference.utterances,
                _bytes_or_none(reference.tokens),
                _bytes_or_none(reference.knots),
                reference.kind,
                reference.selection,
                reference.probability,
                reference.normaliser,
                reference.corrected_at,
                reference.received_at,
                State.WAITING,
            ),
        )
        newest = self._db.execute(
            "SELECT received_at FROM utterances WHERE recording = ? ORDER BY number DESC LIMIT 1",
            (reference.recording,),
        ).fetchone()
        if newest is not None:
            self._put_due([reference.recording], newest[0], settle_s)
        return replaced > 0

    def hear(self, recordings: Collection[str], now: float, settle_s: float) -> set[str]:
        """Let references wait for what may come after new utterances; return which recordings were scored.

        Parameters
        ----------
        now
            When the utterances came.
        """
        rows = self._db.execute(
            "SELECT DISTINCT recording, state FROM recording_references "
            "WHERE recording IN (SELECT value FROM json_each(?)) "
            "AND (state = 'waiting' OR state = 'scored' AND NOT is_passage)",
            (json.dumps(list(recordings)),),
        ).fetchall()
        waiting = [recording for recording, state in rows if state == State.WAITING]
        if waiting:
            self._put_due(waiting, now, settle_s)
        return {recording for recording, state in rows if state == State.SCORED}

    def is_waiting(self, number: int, content: bytes) -> bool:
        """Whether this reference waits still."""
        waiting = read_waiting(self._db, number)
        return waiting is not None and waiting.content == content

    def versions(self, recording: str) -> dict[str, Version]:
        """Versions of the utterances of a recording by their ids, as `read_parts` has them."""
        rows = self._db.execute(
            f"SELECT utterance_id, number, content, scored_seq {_FIRST}",
            (recording, MOST_UTTERANCES + 1),
        )
        return {name: version for name, *version in rows}

    def end(self, number: int, ending: Ending, now: float) -> None:
        """Note what a reference came to, and drop its words."""
        counts = ending.counts or ErrorCounts(0, 0, 0, 0)
        self._db.execute(
            "UPDATE recording_references SET state = ?, reference = NULL, knots = NULL, due_at = NULL, "
            "reason = ?, ended_at = ?, utterances = ?, "
            "substitutions = ?, deletions = ?, insertions = ?, hits = ? WHERE number = ?",
            (
                ending.state,
                ending.reason,
                now,
                ending.utterances,
                counts.substitutions,
                counts.deletions,
                counts.insertions,
                counts.hits,
                number,
            ),
        )

    def note_incomplete(self, recordings: Collection[str], now: float) -> None:
        """Remember that utterances of these recordings are gone for want of room."""
        self._db.executemany(
            "INSERT OR IGNORE INTO recording_references "
            "(recording, content, is_passage, kind, selection, normaliser, received_at, state) "
            "VALUES (?, ?, 0, '', '', '', ?, ?)",
            [(recording, INCOMPLETE_MARK, now, State.INCOMPLETE) for recording in recordings],
        )

    def erase(self, recording: str, mark: bytes, now: float) -> int:
        """Take all references for a recording, and take none for it any more; return how many waited.

        Parameters
        ----------
        mark
            Stands for the content of what is taken.
        """
        waited = self._db.execute(
            "DELETE FROM recording_references WHERE recording = ? AND state = 'waiting'", (recording,)
        ).rowcount
        self._db.execute("DELETE FROM recording_references WHERE recording = ?", (recording,))
        self._db.execute(
            "INSERT INTO recording_references "
            "(recording, content, is_passage, kind, selection, normaliser, received_at, state) "
            "VALUES (?, ?, 0, '', '', '', ?, ?)",
            (recording, mark, now, State.ERASED),
        )
        return waited

    def drop(self, before: float, most: int, *, waiting: bool) -> int:
        """Delete at most so many references that were received before this time; return how many.

        That something of a recording was erased is no reference, and stays; that something of it is gone
        stays for as long as a reference would wait.
        """
        return self._db.execute(
            "DELETE FROM recording_references WHERE number IN (SELECT number FROM recording_references "
            "WHERE received_at < ? AND (state IN ('waiting', 'incomplete')) = ? AND state != 'erased' "
            "ORDER BY received_at LIMIT ?)",
            (before, waiting, most),
        ).rowcount

    def _put_due(self, recordings: Collection[str], newest_at: float, settle_s: float) -> None:
        self._db.execute(
            "UPDATE recording_references SET due_at = CASE WHEN needed IS NULL THEN :newest_at + :settle_s "
            "WHEN (SELECT COUNT(*) FROM (SELECT 1 FROM utterances "
            "WHERE utterances.recording = recording_references.recording LIMIT :most)) >= needed "
            "THEN :newest_at END "
            "WHERE state = 'waiting' AND recording IN (SELECT value FROM json_each(:recordings))",
            {
                "newest_at": newest_at,
                "settle_s": settle_s,
                "most": MOST_UTTERANCES,
                "recordings": json.dumps(list(recordings)),
            },
        )


def read_due(db: sqlite3.Connection, now: float, recording: str | None = None) -> list[int]:
    """The numbers of the references that are to be scored now, of one recording or of all, in that order."""
    rows = db.execute(
        "SELECT number FROM recording_references "
        "WHERE state = 'waiting' AND due_at <= ? AND (? IS NULL OR recording = ?) ORDER BY due_at, number",
        (now, recording, recording),
    )
    return [number for (number,) in rows]


def read_waiting(db: sqlite3.Connection, number: int) -> RecordingReference | None:
    """A reference that waits; its ``recording_id`` is not known any more."""
    row = db.execute(
        "SELECT recording, content, reference, knots, is_passage, needed, kind, selection, probability, "
        "normaliser, corrected_at, received_at FROM recording_references "
        "WHERE number = ? AND state = 'waiting'",
        (number,),
    ).fetchone()
    if row is None:
        return None
    recording, content, tokens, knots, is_passage, *others = row
    reference = tokens_or_none(tokens), bool(is_passage), *others, tokens_or_none(knots)
    return RecordingReference("", recording, content, *reference)


def read_is_incomplete(db: sqlite3.Connection, recording: str) -> bool:
    """Whether utterances of a recording are gone for want of room."""
    row = db.execute(
        "SELECT 1 FROM recording_references WHERE recording = ? AND content = ?", (recording, INCOMPLETE_MARK)
    ).fetchone()
    return row is not None


def read_parts(db: sqlite3.Connection, recording: str) -> list[Part]:
    """The utterances of a recording as they came, at most one more than `MOST_UTTERANCES`."""
    rows = db.execute(
        f"SELECT {UNSCORED_COLUMNS}, content, scored_seq, received_at, hypothesis_words, audio, "  # noqa: S608 -- constants
        "(SELECT substitutions + deletions + hits FROM scored "
        f"WHERE scored.utterance_id = utterances.utterance_id) {_FIRST}",
        (recording, MOST_UTTERANCES + 1),
    )
    return [_part(row) for row in rows]


def read_extent(db: sqlite3.Connection, recording: str) -> tuple[int, int]:
    """How many utterances of a recording there are, and how many of them were scored."""
    utterances, scored = db.execute(
        "SELECT COUNT(*), COUNT(scored_seq) FROM utterances WHERE recording = ?", (recording,)
    ).fetchone()
    return int(utterances), int(scored)


def read_ending(db: sqlite3.Connection, recording: str, content: bytes) -> Ending | None:
    """What became of this very reference."""
    return next((told.ending for told in read_told(db, recording, content)), None)


def read_told(db: sqlite3.Connection, recording: str, content: bytes | None = None) -> Iterator[Told]:
    """The references for a recording, or the one with this content, in the order in which they came."""
    rows = db.execute(
        "SELECT state, is_passage, needed, kind, selection, received_at, due_at, reason, utterances, "
        "substitutions, deletions, insertions, hits FROM recording_references "
        "WHERE recording = ? AND (? IS NULL OR content = ?) ORDER BY number",
        (recording, content, content),
    )
    for state, is_passage, needed, kind, selection, received_at, due_at, reason, utterances, *counts in rows:
        counted = None if state != State.SCORED else ErrorCounts(*counts)
        ending = Ending(State(state), reason, utterances or 0, counted)
        yield Told(bool(is_passage), needed, kind, selection, received_at, due_at, ending)


def _bytes_or_none(numbers: array[int] | None) -> bytes | None:
    return None if numbers is None else numbers.tobytes()


def _part(row: tuple[Any, ...]) -> Part:
    *unscored, content, scored_seq, received_at, words, audio, reference_words = row
    start_s = 0.0 if audio is None else json.loads(audio).get("start_s", 0.0)
    utterance = unscored_of(tuple(unscored))
    version = [utterance.number, content, scored_seq]
    return Part(utterance, version, received_at, start_s, words, reference_words)
