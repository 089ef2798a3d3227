"""Ids that were filed: a table of their own leads from an id's key to the row.

Keys fall anywhere, and a page is written for each of the rows that belong on it. A large table has a page for
almost each of those that come together, so they go into a young one first, of which a stretch moves to the
large one at a time: with a batch B and N in all, a young one of sqrt(B N) writes fewest pages (the rolling
merge of O'Neil et al., "The log-structured merge-tree", Acta Informatica 33, 1996).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import chain

ROWS_A_STATEMENT = 128
YOUNG, OLD = "young_ids", "old_ids"

_EMPTY = blake2b(digest_size=8)
_FIND = " UNION ALL ".join(
    f"SELECT utterances.number FROM {table} CROSS JOIN utterances USING (number) "  # noqa: S608
    "WHERE id_key = :key AND utterance_id = :name"
    for table in (YOUNG, OLD)
)
_EDGE = "SELECT MAX(id_key) FROM (SELECT id_key FROM young_ids WHERE id_key > ? ORDER BY id_key LIMIT ?)"
_STRETCH = "FROM young_ids WHERE id_key > ? AND id_key <= ?"
_MOVE = (
    f"INSERT OR IGNORE INTO old_ids SELECT id_key, number {_STRETCH} ORDER BY id_key, number",
    f"DELETE {_STRETCH}",
)


def id_key(utterance_id: str) -> int:
    """Stands for an id, as 63 bits of its hash; what has the same key may yet be another id.

    Examples
    --------
    >>> id_key("call-17/3")
    4514499209557946932
    """
    [key] = id_keys([utterance_id])
    return key


def id_keys(utterance_ids: Iterable[str]) -> list[int]:
    """The same of many."""
    # A copy takes half of the time that a new one does.
    copy, number, keys = _EMPTY.copy, int.from_bytes, []
    for utterance_id in utterance_ids:
        hashed = copy()
        hashed.update(utterance_id.encode())
        keys.append(number(hashed.digest(), "big") >> 1)
    return keys


@lru_cache(maxsize=2 * ROWS_A_STATEMENT)
def _any_of(table: str, keys: int) -> str:
    places = ", ".join(["(?)"] * keys)
    return (
        f"WITH sent (sent_key) AS (VALUES {places}) "  # noqa: S608 -- constants
        f"SELECT 1 FROM sent CROSS JOIN {table} ON id_key = sent_key LIMIT 1"
    )


class FiledIds:
    """Keys and numbers in both tables; what writes runs inside a transaction that the caller holds."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        # Up to where the young table was gone through. Wherever it begins, it comes round.
        self._moved_to = -1

    def number_of(self, key: int, utterance_id: str) -> int | None:
        """The number of the row with this id, whose key this is."""
        row = self._db.execute(_FIND, {"key": key, "name": utterance_id}).fetchone()
        return None if row is None else int(row[0])

    def has_any(self, keys: Sequence[int]) -> bool:
        """Whether there is a row whose id has one of these keys."""
        return bool(keys) and any(
            self._db.execute(_any_of(table, len(keys)), keys).fetchone() is not None for table in (YOUNG, OLD)
        )

    def keys_after(self, table: str, key: int, most: int) -> list[int]:
        """The next keys of a table, in their order."""
        found = f"SELECT id_key FROM {table} WHERE id_key > ? ORDER BY id_key LIMIT ?"  # noqa: S608
        return [int(each) for (each,) in self._db.execute(found, (key, most))]

    def young(self) -> int:
        """How many are in the young table."""
        (young,) = self._db.execute("SELECT COUNT(*) FROM young_ids").fetchone()
        return int(young)

    def file(self, rows: Sequence[tuple[int, int]]) -> int:
        """Put rows of key and number into the young table; return how many were not there."""
        new = 0
        for begin in range(0, len(rows), ROWS_A_STATEMENT):
            together = rows[begin : begin + ROWS_A_STATEMENT]
            places = ", ".join(["(?, ?)"] * len(together))
            values = list(chain.from_iterable(together))
            new += self._db.execute(f"INSERT OR IGNORE INTO young_ids VALUES {places}", values).rowcount  # noqa: S608
        return new

    def file_large(self, rows: Iterable[tuple[int, int]]) -> None:
        """Put in very many rows of key and number, which come in order, past the young table."""
        self._db.executemany("INSERT OR IGNORE INTO old_ids VALUES (?, ?)", rows)

    def unfile(self, rows: Sequence[tuple[int, int]]) -> int:
        """Take out rows of key and number; return how many the young table had of them."""
        young, _ = (
            self._db.executemany(f"DELETE FROM {table} WHERE id_key = ? AND number = ?", rows).rowcount  # noqa: S608
            for table in (YOUNG, OLD)
        )
        return young

    def move(self, most: int) -> int:
        """Move the next stretch of some so many from the young table to the old one; return how many."""
        (edge,) = self._db.execute(_EDGE, (self._moved_to, most)).fetchone()
        if edge is None:
            self._moved_to = -1
            return 0
        insert, delete = _MOVE
        self._db.execute(insert, (self._moved_to, edge))
        moved = self._db.execute(delete, (self._moved_to, edge)).rowcount
        self._moved_to = edge
        return moved
