"""Whether utterance ids are unique and lead to their rows: no index enforces it (see `utterance_ids`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

ROWS_AT_ONCE = 50_000
"""Looked at in one moment, so that the log of a service that writes can be folded in between."""

_ASTRAY = """
    SELECT utterances.number,
        (SELECT other.number FROM utterances AS other
            WHERE other.number = ids.number AND other.utterance_id = ids.utterance_id)
    FROM utterances LEFT JOIN utterance_ids AS ids USING (utterance_id)
    WHERE utterances.number > :begin AND utterances.number <= :begin + :most
        AND ids.number IS NOT utterances.number
        AND (ids.number IS NOT NULL OR utterances.number <= (SELECT number FROM filed))
    ORDER BY utterances.number
"""
_TWICE_UNFILED = """
    SELECT MIN(number), MAX(number) FROM utterances WHERE number > (SELECT number FROM filed)
    GROUP BY utterance_id HAVING COUNT(*) > 1 ORDER BY 1
"""
_LEADS_NOWHERE = """
    SELECT MAX(name), IFNULL(SUM(is_wrong), 0) FROM (
        SELECT ids.utterance_id AS name, utterances.utterance_id IS NOT ids.utterance_id AS is_wrong
        FROM utterance_ids AS ids LEFT JOIN utterances ON utterances.number = ids.number
        WHERE ids.utterance_id > :after ORDER BY ids.utterance_id LIMIT :most
    )
"""
_OF_ANOTHER = """
    SELECT seq FROM scored LEFT JOIN utterances ON utterances.number = utterance_number
    WHERE seq > :begin AND seq <= :begin + :most
        AND (utterances.utterance_id IS NOT scored.utterance_id OR utterances.scored_seq IS NOT seq)
    ORDER BY seq
"""


@dataclass(slots=True)
class IdFaults:
    """What was found among so many utterances.

    Attributes
    ----------
    twice
        Numbers of two rows that have the same id.
    astray
        Numbers of rows that their filed ids do not lead to.
    nowhere
        How many filed ids lead to no row of theirs.
    of_another
        The seq of scored rows that name the row of another utterance, or of none.
    """

    utterances: int = 0
    twice: list[tuple[int, int]] = field(default_factory=list)
    astray: list[int] = field(default_factory=list)
    nowhere: int = 0
    of_another: list[int] = field(default_factory=list)


def id_faults(db: sqlite3.Connection) -> IdFaults:
    """Look at every utterance and every id, a portion a moment; what is written meanwhile does not matter."""
    found = IdFaults()
    with _one_moment(db):
        (found.utterances,) = db.execute("SELECT COUNT(*) FROM utterances").fetchone()
        found.twice += db.execute(_TWICE_UNFILED).fetchall()
    for begin in _portions(db, "SELECT MIN(number), MAX(number) FROM utterances"):
        for number, other in db.execute(_ASTRAY, {"begin": begin, "most": ROWS_AT_ONCE}):
            if other is None:
                found.astray.append(number)
            else:
                found.twice.append((min(number, other), max(number, other)))
    for begin in _portions(db, "SELECT MIN(seq), MAX(seq) FROM scored"):
        rows = db.execute(_OF_ANOTHER, {"begin": begin, "most": ROWS_AT_ONCE})
        found.of_another += [seq for (seq,) in rows]
    after: str | None = ""
    while after is not None:
        after, wrong = db.execute(_LEADS_NOWHERE, {"after": after, "most": ROWS_AT_ONCE}).fetchone()
        found.nowhere += wrong
    found.twice = sorted(set(found.twice))
    return found


def _portions(db: sqlite3.Connection, extent: str) -> Iterator[int]:
    first, last = db.execute(extent).fetchone()
    if last is not None:
        yield from range(first - 1, last, ROWS_AT_ONCE)


@contextmanager
def _one_moment(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN")
    yield
    db.execute("COMMIT")
