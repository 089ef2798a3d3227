"""Whether utterance ids are unique and lead to their rows: no index enforces it (see `utterance_ids`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from service.store.filed_ids import TABLES, FiledIds, id_key

ROWS_AT_ONCE = 50_000
"""Looked at in one moment, so that the log of a service that writes can be folded in between."""
PARTS = 1_024
"""Of the keys, each looked at in one moment; a bucket belongs to one of them."""
_NUMBERS_A_STATEMENT = 500

_EXTENT = "SELECT IFNULL(MIN(number), 1), IFNULL(MAX(number), 0), COUNT(*) FROM utterances"
_ROWS = "SELECT number, utterance_id FROM utterances WHERE number > ? AND number <= ?"
_TWICE_UNFILED = """
    SELECT MIN(number), MAX(number) FROM utterances WHERE number > (SELECT number FROM filed)
    GROUP BY utterance_id HAVING COUNT(*) > 1 ORDER BY 1
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
    ids = FiledIds(db)
    with _one_moment(db):
        first, last, count = db.execute(_EXTENT).fetchone()
        (filed,) = db.execute("SELECT number FROM filed").fetchone()
        twice = set(db.execute(_TWICE_UNFILED))
    found = IdFaults(count)
    # Of the rows that are filed by now, those that were led to.
    is_found = np.zeros(max(0, min(filed, last) - first + 1), np.bool_)
    for part in range(PARTS):
        with _one_moment(db):
            pairs = [pair for table in TABLES for pair in ids.part(table, part, PARTS)]
            names = _names(db, [number for _, number in pairs])
        leading = {number for key, number in pairs if number in names and id_key(names[number]) == key}
        found.nowhere += sum(number not in leading for _, number in pairs)
        twice |= _twice({number: names[number] for number in sorted(leading)})
        is_found[[number - first for number in leading if number <= filed]] = True
    for begin in range(first - 1, last, ROWS_AT_ONCE):
        with _one_moment(db):
            rows = db.execute(_ROWS, (begin, begin + ROWS_AT_ONCE)).fetchall()
            unled = [row for row in rows if row[0] > filed or not is_found[row[0] - first]]
            twice |= _leading_elsewhere(db, ids, unled)
        found.astray += [number for number, _ in unled if number <= filed]
    begin, end = db.execute("SELECT IFNULL(MIN(seq), 1) - 1, IFNULL(MAX(seq), 0) FROM scored").fetchone()
    for after in range(begin, end, ROWS_AT_ONCE):
        seqs = db.execute(_OF_ANOTHER, {"begin": after, "most": ROWS_AT_ONCE})
        found.of_another += [seq for (seq,) in seqs]
    found.twice = sorted(twice)
    found.astray = sorted(set(found.astray).difference(chain.from_iterable(twice)))
    return found


def _names(db: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, str]:
    """The ids of rows, where there are such rows."""
    names: dict[int, str] = {}
    for begin in range(0, len(numbers), _NUMBERS_A_STATEMENT):
        together = numbers[begin : begin + _NUMBERS_A_STATEMENT]
        places = ", ".join("?" * len(together))
        names.update(
            db.execute(f"SELECT number, utterance_id FROM utterances WHERE number IN ({places})", together)  # noqa: S608
        )
    return names


def _twice(names: dict[int, str]) -> set[tuple[int, int]]:
    """Each two numbers, the lower first, that have the same name."""
    firsts: dict[str, int] = {}
    return {
        (firsts[name], number) for number, name in names.items() if firsts.setdefault(name, number) != number
    }


def _leading_elsewhere(
    db: sqlite3.Connection, ids: FiledIds, rows: Sequence[tuple[int, str]]
) -> set[tuple[int, int]]:
    """Rows whose id leads to another row that has it too."""
    others = [(other, number, name) for number, name in rows for other in ids.numbers_of(id_key(name))]
    names = _names(db, [other for other, _, _ in others])
    return {
        (min(other, number), max(other, number))
        for other, number, name in others
        if other != number and names.get(other) == name
    }


@contextmanager
def _one_moment(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN")
    yield
    db.execute("COMMIT")
