"""Whether utterance ids are unique and lead to their rows: no index enforces it (see `utterance_ids`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain

from service.store.filed_ids import OLD, YOUNG, id_key

ROWS_AT_ONCE = 50_000
"""Looked at in one moment, so that the log of a service that writes can be folded in between."""

_KEYED = """
    SELECT number, utterance_id, id_key(utterance_id) AS id_key FROM utterances
    WHERE number > :begin AND number <= :begin + :most
"""
_ASTRAY = f"""
    SELECT keyed.number FROM ({_KEYED}) AS keyed
        LEFT JOIN young_ids AS young ON young.id_key = keyed.id_key AND young.number = keyed.number
        LEFT JOIN old_ids AS old ON old.id_key = keyed.id_key AND old.number = keyed.number
    WHERE young.number IS NULL AND old.number IS NULL AND keyed.number <= (SELECT number FROM filed)
    ORDER BY keyed.number
"""  # noqa: S608 -- constants, as in the others
_TWICE = tuple(
    f"""
    SELECT keyed.number, other.number FROM ({_KEYED}) AS keyed
        JOIN {table} AS ids ON ids.id_key = keyed.id_key AND ids.number != keyed.number
        JOIN utterances AS other ON other.number = ids.number AND other.utterance_id = keyed.utterance_id
    """  # noqa: S608
    for table in (YOUNG, OLD)
)
_TWICE_UNFILED = """
    SELECT MIN(number), MAX(number) FROM utterances WHERE number > (SELECT number FROM filed)
    GROUP BY utterance_id HAVING COUNT(*) > 1 ORDER BY 1
"""
_LEAD = """
    SELECT ids.id_key, ids.number, utterances.utterance_id FROM (
        SELECT id_key, number FROM {table}
        WHERE (id_key, number) > (:key, :number) ORDER BY id_key, number LIMIT :most
    ) AS ids LEFT JOIN utterances ON utterances.number = ids.number ORDER BY 1, 2
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
    db.create_function("id_key", 1, id_key, deterministic=True)
    with _one_moment(db):
        (found.utterances,) = db.execute("SELECT COUNT(*) FROM utterances").fetchone()
        twice = set(db.execute(_TWICE_UNFILED))
    astray: set[int] = set()
    for begin in _portions(db, "SELECT MIN(number), MAX(number) FROM utterances"):
        portion = {"begin": begin, "most": ROWS_AT_ONCE}
        with _one_moment(db):
            astray.update(number for (number,) in db.execute(_ASTRAY, portion))
            for pairs in _TWICE:
                twice.update((min(pair), max(pair)) for pair in db.execute(pairs, portion))
    for begin in _portions(db, "SELECT MIN(seq), MAX(seq) FROM scored"):
        rows = db.execute(_OF_ANOTHER, {"begin": begin, "most": ROWS_AT_ONCE})
        found.of_another += [seq for (seq,) in rows]
    found.nowhere = sum(_leading_nowhere(db, table) for table in (YOUNG, OLD))
    found.twice = sorted(twice)
    found.astray = sorted(astray.difference(chain.from_iterable(twice)))
    return found


def _leading_nowhere(db: sqlite3.Connection, table: str) -> int:
    key, number, wrong = -1, 0, 0
    while True:
        after = {"key": key, "number": number, "most": ROWS_AT_ONCE}
        rows = db.execute(_LEAD.format(table=table), after).fetchall()
        if not rows:
            return wrong
        wrong += sum(name is None or id_key(name) != key for key, _, name in rows)
        key, number, _ = rows[-1]


def _portions(db: sqlite3.Connection, extent: str) -> Iterator[int]:
    first, last = db.execute(extent).fetchone()
    if last is not None:
        yield from range(first - 1, last, ROWS_AT_ONCE)


@contextmanager
def _one_moment(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN")
    yield
    db.execute("COMMIT")
