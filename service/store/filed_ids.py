"""Ids that were filed: two tables lead from an id's key to the row.

A row of such a table is a bucket: all that it has of the keys that begin with the same bits, each with its
number, as they came. A row for each key takes SQLite half as long again.

Keys fall anywhere, and a bucket is written for those of a batch that belong there. In a large table that is
one for nearly each of them, so they go into a young one first, of which a stretch moves to the large one at a
time: with a batch B and N in all, a young one of sqrt(B N) writes fewest pages (the rolling merge of O'Neil
et al., "The log-structured merge-tree", Acta Informatica 33, 1996).
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Pairs = NDArray[np.int64]
"""Keys and numbers, of shape (ids, 2)."""

KEY_BITS = 63
_FORM = np.dtype("<i8")
_BYTES = 8
PAIR_BYTES = 2 * _BYTES
BUCKETS_AT_ONCE = 512


class Table(NamedTuple):
    """A table of buckets, of the keys that have the same bits before the last so many."""

    name: str
    shift: int

    def bucket_of(self, key: int) -> int:
        """Where a key belongs."""
        return key >> self.shift


YOUNG = Table("young_ids", KEY_BITS - 12)
"""Buckets of some hundred where it is full, so that two of them share a page."""
OLD = Table("old_ids", KEY_BITS - 16)
"""Of ten million ids a bucket has 150."""
TABLES = (YOUNG, OLD)

_EMPTY = blake2b(digest_size=_BYTES)


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


def pairs_of(keys: Sequence[int], numbers: Sequence[int]) -> Pairs:
    """Keys with their numbers, in the order of the keys."""
    return _in_order(np.ascontiguousarray(np.array([keys, numbers], _FORM).T))


class FiledIds:
    """Keys and numbers in both tables; what writes runs inside a transaction that the caller holds.

    After a crash in the middle of a filing a pair may be there twice, which nobody notices.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        # The last bucket of the young table that was moved. Wherever it begins, it comes round.
        self._moved_to = -1

    def numbers_of(self, key: int) -> Iterator[int]:
        """The numbers of all rows whose ids have this key."""
        sought = key.to_bytes(_BYTES, "little")
        for table in TABLES:
            ids = self._bucket(table, table.bucket_of(key))
            for place in _places(ids, sought):
                # Signed: of a number that is damaged, SQLite is asked like of any other.
                yield int.from_bytes(ids[place + _BYTES : place + PAIR_BYTES], "little", signed=True)

    def has_any(self, keys: Sequence[int]) -> bool:
        """Whether there is a row whose id has one of these keys."""
        return any(True for key in keys for _ in self.numbers_of(key))

    def after(self, table: Table, bucket: int, most: int) -> tuple[int, Pairs]:
        """What the next buckets have, about so many ids; and the last of these buckets, this one if none."""
        found, left = [], most * PAIR_BYTES
        rows = self._db.execute(
            f"SELECT bucket, ids FROM {table.name} WHERE bucket > ? ORDER BY bucket",  # noqa: S608 -- constants
            (bucket,),
        )
        for each, ids in rows:
            found.append(ids)
            bucket, left = each, left - len(ids)
            if left <= 0:
                break
        rows.close()
        return bucket, _pairs(b"".join(found))

    def part(self, table: Table, part: int, parts: int) -> list[tuple[int, int]]:
        """What a table has of the so-manieth of so many equal parts of all keys.

        Parameters
        ----------
        parts
            A power of two, at most 4,096.
        """
        edges = [(each << KEY_BITS) // parts >> table.shift for each in (part, part + 1)]
        rows = self._db.execute(
            f"SELECT ids FROM {table.name} WHERE bucket >= ? AND bucket < ?",  # noqa: S608
            edges,
        )
        return [(key, number) for key, number in _pairs(b"".join(ids for (ids,) in rows)).tolist()]

    def count(self, table: Table) -> int:
        """How many are in a table."""
        (size,) = self._db.execute(f"SELECT IFNULL(SUM(LENGTH(ids)), 0) FROM {table.name}").fetchone()  # noqa: S608
        return int(size) // PAIR_BYTES

    def file(self, pairs: Pairs) -> None:
        """Put pairs, which come in order, into the young table."""
        self._put(YOUNG, pairs)

    def file_large(self, pairs: Pairs) -> None:
        """Put very many, which come in order, past the young table."""
        self._put(OLD, pairs)

    def unfile(self, rows: Iterable[tuple[int, int]]) -> int:
        """Take out rows of key and number; return how many the young table had of them."""
        wanted = [
            (key, b"".join(each.to_bytes(_BYTES, "little", signed=True) for each in (key, number)))
            for key, number in rows
        ]
        young, _ = (self._take_out(table, wanted) for table in TABLES)
        return young

    def move(self, most: int) -> int:
        """Move the next stretch of about so many from the young table to the old one; return how many."""
        last, pairs = self.after(YOUNG, self._moved_to, most)
        if not len(pairs):
            self._moved_to = -1
            return 0
        self._put(OLD, _in_order(pairs))
        gone = (self._moved_to, last)
        self._db.execute(f"DELETE FROM {YOUNG.name} WHERE bucket > ? AND bucket <= ?", gone)  # noqa: S608
        self._moved_to = last
        return len(pairs)

    def _bucket(self, table: Table, bucket: int) -> bytes:
        row = self._db.execute(f"SELECT ids FROM {table.name} WHERE bucket = ?", (bucket,)).fetchone()  # noqa: S608
        return b"" if row is None else bytes(row[0])

    def _put(self, table: Table, pairs: Pairs) -> None:
        buckets = pairs[:, 0] >> table.shift
        edges = [0, *(np.flatnonzero(np.diff(buckets)) + 1).tolist(), len(pairs)]
        if len(pairs):
            self._put_stretches(table, list(pairwise(edges)), buckets, pairs)

    def _put_stretches(
        self, table: Table, stretches: list[tuple[int, int]], buckets: NDArray[np.int64], pairs: Pairs
    ) -> None:
        between = f"SELECT bucket, ids FROM {table.name} WHERE bucket BETWEEN ? AND ?"  # noqa: S608
        put = (
            f"INSERT INTO {table.name} VALUES (?, ?) "  # noqa: S608
            "ON CONFLICT (bucket) DO UPDATE SET ids = excluded.ids"
        )
        for first in range(0, len(stretches), BUCKETS_AT_ONCE):
            together = stretches[first : first + BUCKETS_AT_ONCE]
            begins = buckets[[begin for begin, _ in together]].tolist()
            found = self._db.execute(between, (begins[0], begins[-1]))
            there = {bucket: _whole(ids) for bucket, ids in found}
            new = [pairs[begin:end].tobytes() for begin, end in together]
            rows = [(bucket, there.get(bucket, b"") + ids) for bucket, ids in zip(begins, new, strict=True)]
            self._db.executemany(put, rows)

    def _take_out(self, table: Table, wanted: Iterable[tuple[int, bytes]]) -> int:
        by_bucket = defaultdict(list)
        for key, pair in wanted:
            by_bucket[table.bucket_of(key)].append(pair)
        taken = 0
        for bucket, gone in by_bucket.items():
            before = left = self._bucket(table, bucket)
            for pair in gone:
                # From the end, so that the places of the others stay.
                for place in reversed(list(_places(left, pair))):
                    left = left[:place] + left[place + PAIR_BYTES :]
            if not left:
                self._db.execute(f"DELETE FROM {table.name} WHERE bucket = ?", (bucket,))  # noqa: S608
            elif left != before:
                self._db.execute(f"UPDATE {table.name} SET ids = ? WHERE bucket = ?", (left, bucket))  # noqa: S608
            taken += (len(before) - len(left)) // PAIR_BYTES
        return taken


def _places(ids: bytes, sought: bytes) -> Iterator[int]:
    """Where pairs begin with these bytes."""
    place = ids.find(sought)
    while place >= 0:
        if place % PAIR_BYTES == 0:
            yield place
        place = ids.find(sought, place + 1)


def _pairs(ids: bytes) -> Pairs:
    return np.frombuffer(_whole(ids), _FORM).reshape(-1, 2)


def _whole(ids: bytes) -> bytes:
    """A bucket as it is, if it holds nothing but pairs: what came behind any other would not be found."""
    if len(ids) % PAIR_BYTES:
        raise sqlite3.DatabaseError("a bucket of ids is damaged")
    return ids


def _in_order(pairs: Pairs) -> Pairs:
    return pairs[np.argsort(pairs[:, 0], kind="stable")]
