"""Every id leads to its row and no other, whatever was filed, undone, deleted or read again in between."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

import service.store.id_faults
import service.store.id_filter
import service.store.known_keys
import service.store.utterance_ids as module
from service.errors import StartError
from service.store.filed_ids import OLD, YOUNG, id_key
from service.store.id_faults import IdFaults, id_faults
from service.store.store import Store

EVERY = [f"u{number}" for number in range(12)]
NAMES = st.lists(st.sampled_from(EVERY), unique=True, max_size=6)


def keys_of(names: list[str]) -> list[int]:
    """As the module makes them, which a test may change."""
    keys: list[int] = vars(module)["id_keys"](names)
    return keys


def put(store: Store, names: list[str]) -> None:
    numbers = store.ids.numbers_if_new(names, keys_of(names))
    assert numbers is not None
    for name, number in zip(names, numbers, strict=True):
        store._db.execute(
            "INSERT INTO utterances (number, utterance_id, content, cohort, attributes, spoken_at, "
            "received_at, normaliser, hypothesis_words) VALUES (?, ?, x'', '', '', 0, 0, '', 0)",
            (number, name),
        )


class Broken(Exception):
    """What ends a transaction before it is whole."""


class Ids(RuleBasedStateMachine):
    """Rows come, are replaced and go, in transactions that may be undone as a whole or in part."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store(Path(self.folder.name))
        self.store._db.execute("PRAGMA synchronous = OFF")

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    @rule(
        parts=st.lists(st.tuples(st.booleans(), NAMES, st.booleans()), max_size=4),
        is_broken=st.booleans(),
    )
    def write(self, parts: list[tuple[bool, list[str], bool]], *, is_broken: bool) -> None:
        with suppress(Broken), self.store.transaction():
            for is_deletion, names, is_undone in parts:
                with suppress(Broken), self.store.part():
                    known = [(number, name) for name in names if (number := self.store.ids.number_of(name))]
                    assert self.store.ids.delete(known) == len(known)
                    if not is_deletion:
                        put(self.store, names)
                    if is_undone:
                        raise Broken
            if is_broken:
                raise Broken

    @rule()
    def file_some(self) -> None:
        self.store.ids.step(self.store.transaction)

    @rule()
    def fail_to_file(self) -> None:
        self.store._db.execute(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON young_ids BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
        self.store.ids.step(self.store.transaction)
        self.store.ids._rests_until = 0.0
        self.store._db.execute("DROP TRIGGER full")

    @rule()
    def start_again(self) -> None:
        self.store.close()
        self.store = Store(Path(self.folder.name))

    @invariant()
    def each_id_leads_to_its_row(self) -> None:
        found = self.store._db.execute("SELECT utterance_id, number FROM utterances").fetchall()
        rows = dict(found)
        assert len(rows) == len(found)
        for name in EVERY:
            assert self.store.ids.number_of(name) == rows.get(name)
            asked = [name, "n99"]
            with suppress(Broken), self.store.transaction():
                numbers = self.store.ids.numbers_if_new(asked, keys_of(asked))
                assert (numbers is None) == (name in rows)
                raise Broken
        assert id_faults(self.store._db) == IdFaults(len(rows))
        assert self.store.ids._young == self.store.ids._tables.count(YOUNG)


# In place of 2^63 keys three, so that most ids share one, or keys that come in the order of the ids.
@pytest.mark.parametrize(
    ("key", "bits"),
    [(id_key, 1 << 12), (lambda name: id_key(name) % 3, 64), (lambda name: int(name[1:] or 0), 64)],
)
def test_ids_lead_to_their_rows_whatever_happens(
    key: Callable[[str], int], bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in (module, service.store.id_faults):
        monkeypatch.setattr(each, "id_key", key)
    monkeypatch.setattr(module, "id_keys", lambda names: [key(name) for name in names])
    monkeypatch.setattr(module, "MOST_YOUNG", 0)
    monkeypatch.setattr(module, "MOST_FRESH", 5)
    monkeypatch.setattr(module, "SLICE", 2)
    monkeypatch.setattr(module, "MOST_LEFT", 8)
    monkeypatch.setattr(service.store.id_filter, "BITS", bits)
    monkeypatch.setattr(service.store.known_keys, "STRETCH", 3)
    monkeypatch.setattr(service.store.known_keys, "MOST", 30)
    run_state_machine_as_test(
        Ids, settings=settings(max_examples=60, stateful_step_count=30, derandomize=True, deadline=None)
    )


def test_nobody_is_known_among_none(tmp_path: Path) -> None:
    with closing(Store(tmp_path)) as store, store.transaction():
        assert store.ids.numbers_if_new([], []) == range(1, 1)


def test_a_number_is_not_given_out_again_once_its_row_was_filed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_FRESH", 1)
    with closing(Store(tmp_path)) as store:
        with store.transaction():
            put(store, ["a", "b"])
        store.ids.step(store.transaction)
        with store.transaction():
            store.ids.delete([(1, "a"), (2, "b")])
        with store.transaction():
            put(store, ["c"])
    # Whoever starts looks for what is not filed behind what was.
    with closing(Store(tmp_path)) as store:
        assert store.ids.number_of("c") == 3


def test_what_comes_fast_does_not_pile_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FRESH", 64)
    monkeypatch.setattr(module, "SLICE", 2)
    each, most = 10, 0
    with closing(Store(tmp_path)) as store:
        store._db.execute("PRAGMA synchronous = OFF")
        for turn in range(300):
            with store.transaction():
                put(store, [f"{turn}-{number}" for number in range(each)])
            store.ids.step(store.transaction)
            (filed,) = store._db.execute("SELECT number FROM filed").fetchone()
            most = max(most, (turn + 1) * each - filed)
    assert most < 1_000


def test_a_start_that_cannot_file_leaves_the_store_writable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unfiled(tmp_path, 12, ids_are_full=True)
    monkeypatch.setattr(module, "MOST_LEFT", 3)
    with closing(Store(tmp_path)) as store:
        with store.transaction():
            put(store, ["later"])
        assert [store.ids.number_of(name) for name in (*EVERY, "later")] == [*range(1, 14)]


@contextmanager
def all_filed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(module, "MOST_FRESH", len(EVERY))
    with closing(Store(folder)) as store:
        with store.transaction():
            put(store, EVERY)
        store.ids.step(store.transaction)
        yield store


# The highest bits of keys, and of numbers.
@pytest.mark.parametrize("byte", [7, 15])
def test_filed_ids_that_are_damaged_end_nothing(
    byte: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with all_filed(tmp_path, monkeypatch) as store:
        for bucket, ids in store._db.execute("SELECT bucket, ids FROM young_ids").fetchall():
            spoilt = bytearray(ids)
            spoilt[byte] ^= 0x80
            store._db.execute("UPDATE young_ids SET ids = ? WHERE bucket = ?", (spoilt, bucket))
    with closing(Store(tmp_path)) as store:
        while store.ids.step(store.transaction):
            pass
        assert [store.ids.number_of(name) for name in EVERY] == [None] * len(EVERY)
        found = id_faults(store._db)
        assert (found.astray, found.nowhere) == ([*range(1, len(EVERY) + 1)], len(EVERY))


def test_a_bucket_that_is_cut_off_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with all_filed(tmp_path, monkeypatch) as store:
        store._db.execute("UPDATE young_ids SET ids = substr(ids, 1, 15)")
    with closing(Store(tmp_path)) as store:
        assert not store.ids.step(store.transaction)
        assert "can neither be filed nor read now: a bucket of ids is damaged" in caplog.text
        with pytest.raises(sqlite3.DatabaseError, match="a bucket of ids is damaged"):
            id_faults(store._db)


def test_what_fails_in_its_middle_leaves_nothing_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The second has the key of the first, so it is filed at once, where there is no room.
    monkeypatch.setattr(module, "id_keys", lambda names: [5] * len(names))
    with closing(Store(tmp_path)) as store:
        store._db.execute(
            "CREATE TRIGGER full BEFORE INSERT ON young_ids BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
        with pytest.raises(sqlite3.IntegrityError, match="full"), store.transaction():
            put(store, ["a", "b"])
        assert not store.ids._fresh


def test_few_are_young_and_all_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FRESH", 64)
    monkeypatch.setattr(module, "SLICE", 8)
    monkeypatch.setattr(module, "MOST_YOUNG", 200)
    names = [f"{number}" for number in range(6_400)]
    with closing(Store(tmp_path)) as store:
        store._db.execute("PRAGMA synchronous = OFF")
        for begin in range(0, len(names), 16):
            with store.transaction():
                put(store, names[begin : begin + 16])
            store.ids.step(store.transaction)
        counts = [store.ids._tables.count(table) for table in (YOUNG, OLD)]
        (filed,) = store._db.execute("SELECT number FROM filed").fetchone()
        assert id_faults(store._db) == IdFaults(len(names))
    # sqrt(64 * 6,400) = 640, and what one step files.
    assert 640 - 64 <= counts[0] <= 640 + 64
    assert filed <= sum(counts) <= len(names)


def test_a_start_files_many_and_says_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unfiled(tmp_path, 100)
    monkeypatch.setattr(module, "MOST_LEFT", 8)
    monkeypatch.setattr(module, "PORTION", 40)
    said: list[str] = []
    with closing(Store(tmp_path, said.append)) as store:
        assert said == [f"filing the ids of utterances: {done} of 100 so far" for done in (0, 40, 80)]
        assert store.ids._tables.count(OLD) == 100
        assert id_faults(store._db) == IdFaults(100)
        assert len(store.ids._fresh) == 0


def test_a_start_that_cannot_file_more_than_memory_should_hold_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unfiled(tmp_path, 100, ids_are_full=True)
    monkeypatch.setattr(module, "MOST_LEFT", 8)
    monkeypatch.setattr(module, "MOST_HELD", 99)
    with pytest.raises(
        StartError, match=r"^data_dir: the ids of 100 utterances cannot be filed: .*full; free"
    ):
        Store(tmp_path)


def unfiled(folder: Path, rows: int, *, ids_are_full: bool = False) -> None:
    with closing(Store(folder)) as store:
        with store.transaction():
            put(store, [f"u{number}" for number in range(rows)])
        if ids_are_full:
            store._db.execute(
                "CREATE TRIGGER full BEFORE INSERT ON old_ids BEGIN SELECT RAISE(ABORT, 'full'); END"
            )
