"""What was filed is found under its key until it is taken out, whichever table has it."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.store import filed_ids
from service.store.filed_ids import KEY_BITS, TABLES, YOUNG, FiledIds, pairs_of
from service.store.store import Store

# Of such, the bytes of one are found across the ends of others.
LIKE = [0, 1, 1 << 8, 1 << 56, (1 << 56) + 1, (1 << KEY_BITS) - 1]
KEYS = st.sampled_from(LIKE) | st.integers(0, (1 << KEY_BITS) - 1)
NUMBERS = st.sampled_from([1, 1 << 8, 1 << 16]) | st.integers(1, 1 << 40)
PAIRS = st.lists(st.tuples(KEYS, NUMBERS), max_size=30, unique=True)


@contextmanager
def empty() -> Iterator[FiledIds]:
    with TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store._db.execute("PRAGMA synchronous = OFF")
        yield FiledIds(store._db)
        store.close()


def file(put: object, pairs: list[tuple[int, int]]) -> None:
    assert callable(put)
    put(pairs_of([key for key, _ in pairs], [number for _, number in pairs]))


@given(young=PAIRS, old=PAIRS, moved=st.integers(1, 20), gone=st.data(), most=st.integers(1, 9))
def test_tables_have_what_was_put_into_them(
    young: list[tuple[int, int]], old: list[tuple[int, int]], moved: int, gone: st.DataObject, most: int
) -> None:
    with empty() as ids, pytest.MonkeyPatch.context() as patch:
        patch.setattr(filed_ids, "BUCKETS_AT_ONCE", 3)
        file(ids.file, young)
        file(ids.file_large, old)
        assert ids.move(moved) <= len(young)
        taken = gone.draw(st.lists(st.sampled_from([*young, *old, (7, 7)]), unique=True))
        before = ids.count(YOUNG)
        assert ids.unfile(taken) == before - ids.count(YOUNG)
        left = Counter(pair for pair in [*young, *old] if pair not in taken)
        for key in {*LIKE, *(key for key, _ in [*young, *old])}:
            assert Counter(ids.numbers_of(key)) == Counter(
                number for other, number in left.elements() if other == key
            )
            assert ids.has_any([2, key]) == any(other in {2, key} for other, _ in left)
        parts = [ids.part(table, part, 64) for table in TABLES for part in range(64)]
        assert Counter(pair for pairs in parts for pair in pairs) == left
        assert Counter(walked(ids, most)) == left
        assert sum(map(ids.count, TABLES)) == left.total()


def walked(ids: FiledIds, most: int) -> Iterator[tuple[int, int]]:
    for table in TABLES:
        last, pairs = ids.after(table, -1, most)
        while len(pairs):
            yield from map(tuple, pairs.tolist())
            last, pairs = ids.after(table, last, most)
        assert ids.after(table, last, most)[0] == last


def test_nothing_is_put_behind_what_is_no_pair() -> None:
    with empty() as ids:
        file(ids.file, [(1, 1)])
        ids._db.execute("UPDATE young_ids SET ids = substr(ids, 1, 15)")
        with pytest.raises(sqlite3.DatabaseError, match="damaged"):
            file(ids.file, [(2, 2)])


def test_all_of_the_young_table_moves_in_time() -> None:
    with empty() as ids:
        file(ids.file, [(number << 55, number) for number in range(1, 200)])
        moved = [ids.move(50) for _ in range(10)]
        assert sum(moved) == 199
        assert ids.count(YOUNG) == 0
        # Round it goes again.
        file(ids.file, [(5, 5)])
        assert [ids.move(50) for _ in range(2)] == [1, 0]
