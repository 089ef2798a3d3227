"""Which row of the store an utterance_id belongs to.

Ids fall anywhere: an index over all of them would have a page of it written for each new utterance, once
there are many. So the newest are known in memory alone, and once they are many, they are filed in the order
of their keys, so that those that belong on a page go there together. A start finds what was not filed among
the last rows.
"""

from __future__ import annotations

import logging
import math
import sqlite3
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from itertools import chain

from service.errors import StartError
from service.store.damage import fault
from service.store.filed_ids import YOUNG, FiledIds, Pairs, id_key, id_keys, pairs_of
from service.store.known_keys import KnownKeys

MOST_FRESH, SLICE = 65_536, 2_048
"""So many are filed together, and at least so many of them in one transaction."""
SLOWEST = 16
"""One transaction files at least this part of those that came since."""
MOST_YOUNG = 8 * MOST_FRESH
"""Up to so many a single table has few pages, and moving each id costs more than it spares."""
MOST_LEFT = 4 * MOST_FRESH
"""More unfiled ones are not kept in memory at a start."""
MOST_HELD = 4 * MOST_LEFT
"""Nor more than these where they cannot be filed."""
PORTION = 1_048_576
"""So many are filed at once at a start."""
REST_S = 1.0

_SPAN = """
    SELECT IFNULL((SELECT MAX(number) FROM utterances) - (SELECT MIN(number) FROM utterances), 0)
"""
_UNFILED = "SELECT utterance_id, number FROM utterances WHERE number > ? AND number <= ?"

logger = logging.getLogger("werwatch.store")


class UtteranceIds:
    """Ids and numbers of rows over the store's connection.

    Every row of utterances is inserted with a number from here and deleted by `delete`, inside `or_undone`;
    so what is in memory is what the rows are that were not filed.

    Parameters
    ----------
    db
        The one writing connection.
    say
        Is told how far it is, where a start has many to file.

    Raises
    ------
    StartError
        If there are more unfiled ids than memory should hold, and they cannot be filed.
    """

    def __init__(self, db: sqlite3.Connection, say: Callable[[str], None] = lambda _: None) -> None:
        self._db = db
        self._tables = FiledIds(db)
        self._known_keys = KnownKeys(self._tables)
        # Numbers by keys: those since the last filing began, those of a filing that goes on without what was
        # deleted, what is left to do of that, and with how many it began.
        self._fresh: dict[int, int] = {}
        self._filing: dict[int, int] = {}
        self._left, self._began_with = pairs_of([], []), 0
        self._undo: list[Callable[[], object]] = []
        self._depth = 0
        self._rests_until = 0.0
        self._filed = self._young = 0
        self._is_whole = False
        # What is damaged is told to who needs it; all else goes on.
        with suppress(sqlite3.DatabaseError):
            self._file_what_is_too_much(say)
            self._know_the_rest()

    def number_of(self, utterance_id: str) -> int | None:
        """The number of the row with this id."""
        self._must_be_whole()
        key = id_key(utterance_id)
        unfiled = (self._fresh.get(key), self._filing.get(key))
        for number in chain(unfiled, self._tables.numbers_of(key)):
            if number is not None and self._is_of(number, utterance_id):
                return number
        return None

    def numbers_if_new(self, utterance_ids: Sequence[str], keys: Sequence[int]) -> range | None:
        """Numbers for new rows, whose ids and `id_keys` these are; None if one of these ids has a row."""
        self._must_be_whole()
        perhaps = self._known_keys.perhaps(keys)
        are_fresh = not self._fresh.keys().isdisjoint(perhaps)
        if (
            are_fresh or not self._filing.keys().isdisjoint(perhaps) or self._tables.has_any(perhaps)
        ) and any(self.number_of(utterance_id) is not None for utterance_id in utterance_ids):
            return None
        return self._next_numbers(keys, are_fresh=are_fresh)

    def next_number(self, key: int) -> int:
        """A number for a row whose id, of which there is no row yet, has this key."""
        self._must_be_whole()
        return self._next_numbers([key], are_fresh=key in self._fresh)[0]

    def _next_numbers(self, keys: Sequence[int], *, are_fresh: bool) -> range:
        # Behind all that were filed too, although they may be gone.
        first = max(self._last(), self._filed) + 1
        numbers = range(first, first + len(keys))
        fresh: dict[int, int] = self._fresh
        kept: list[int] = []
        self._undo.append(lambda: [fresh.pop(key) for key in kept])
        self._know(keys, numbers, kept, are_fresh=are_fresh)
        return numbers

    def delete(self, rows: Sequence[tuple[int, str]]) -> int:
        """Delete utterances by their numbers and ids; return how many."""
        self._must_be_whole()
        pairs = [(id_key(name), number) for number, name in rows]
        for known in (self._fresh, self._filing):
            gone = {key: known.pop(key) for key, number in pairs if known.get(key) == number}
            self._undo.append(partial(known.update, gone))
        self._count_young(-self._tables.unfile(pairs))
        numbers = [(number,) for number, _ in rows]
        return self._db.executemany("DELETE FROM utterances WHERE number = ?", numbers).rowcount

    @contextmanager
    def or_undone(self) -> Iterator[None]:
        """Forget again what was learned inside if that fails, as the store forgets it."""
        begin = len(self._undo)
        self._depth += 1
        try:
            yield
        except BaseException:
            while len(self._undo) > begin:
                self._undo.pop()()
            raise
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._undo.clear()

    def step(self, transaction: Callable[[], AbstractContextManager[None]]) -> bool:
        """File some, if enough are there, and look at some that were filed; whether more are to be looked at.

        Nothing is raised.
        """
        if time.monotonic() < self._rests_until:
            return False
        try:
            self._file_some(transaction)
            return self._known_keys.go_on(chain(self._fresh, self._filing))
        except sqlite3.Error as error:
            logger.error("the ids of utterances can neither be filed nor read now: %s", fault(error))
            self._rests_until = time.monotonic() + REST_S
            return False

    def _file_some(self, transaction: Callable[[], AbstractContextManager[None]]) -> None:
        if not len(self._left):
            if len(self._fresh) < MOST_FRESH:
                return
            self._filing, self._fresh = self._fresh, {}
            self._left = pairs_of(list(self._filing), list(self._filing.values()))
            self._began_with = len(self._left)
        # More of them the more have come since, so that what comes fast does not pile up in memory.
        most = max(SLICE, len(self._fresh) // SLOWEST)
        some, left = self._left[:most], self._left[most:]
        filing = self._filing
        there = some
        if len(filing) < self._began_with:
            there = some[[key in filing for key in some[:, 0].tolist()]]
        last = self._filed if len(left) else max(filing.values(), default=self._filed)
        with transaction():
            self._file(there)
            if not len(left):
                self._db.execute("UPDATE filed SET number = ?", (last,))
        self._filed, self._left = last, left
        if not len(left):
            self._filing = {}

    def _file(self, pairs: Pairs) -> None:
        self._tables.file(pairs)
        self._count_young(len(pairs))
        (stored,) = self._db.execute(_SPAN).fetchone()
        if self._young > max(MOST_YOUNG, math.sqrt(MOST_FRESH * stored)):
            # Faster than they come, for after an upgrade or a retention there are too many by far.
            self._count_young(-self._tables.move(2 * len(pairs)))

    def _count_young(self, more: int) -> None:
        self._undo.append(partial(setattr, self, "_young", self._young))
        self._young += more

    def _know(self, keys: Sequence[int], numbers: Sequence[int], kept: list[int], *, are_fresh: bool) -> None:
        """Keep them in memory, or file at once whose key is there for another id.

        Parameters
        ----------
        kept
            The keys that are in memory since.
        are_fresh
            Whether some of the keys may be there already.
        """
        self._known_keys.add(keys)
        fresh, before = self._fresh, len(self._fresh)
        if not are_fresh:
            fresh.update(zip(keys, numbers, strict=True))
            if len(fresh) == before + len(keys):
                kept += keys
                return
            # Some of them are the same.
            for key in set(keys):
                del fresh[key]
        for key, number in zip(keys, numbers, strict=True):
            if key in fresh:
                self._tables.file(pairs_of([key], [number]))
                self._count_young(1)
            else:
                fresh[key] = number
                kept.append(key)

    def _is_of(self, number: int, utterance_id: str) -> bool:
        row = self._db.execute("SELECT utterance_id FROM utterances WHERE number = ?", (number,)).fetchone()
        return row is not None and row[0] == utterance_id

    def _must_be_whole(self) -> None:
        if not self._is_whole:
            self._know_the_rest()

    def _know_the_rest(self) -> None:
        (self._filed,) = self._db.execute("SELECT number FROM filed").fetchone()
        rows = self._db.execute(_UNFILED, (self._filed, self._last())).fetchall()
        self._know(id_keys([name for name, _ in rows]), [number for _, number in rows], [], are_fresh=True)
        self._young = self._tables.count(YOUNG)
        self._is_whole = True

    def _file_what_is_too_much(self, say: Callable[[str], None]) -> None:
        """File rows that are more than a service leaves, so that they need not be in memory."""
        (filed,) = self._db.execute("SELECT number FROM filed").fetchone()
        last = self._last()
        while last - filed > MOST_LEFT:
            say(f"filing the ids of utterances: {filed:,} of {last:,} so far")
            end = min(filed + PORTION, last)
            try:
                self._file_portion(filed, end)
            except sqlite3.Error as error:
                if last - filed <= MOST_HELD:
                    raise
                raise StartError(
                    f"data_dir: the ids of {last - filed:,} utterances cannot be filed: {fault(error)}; free "
                    "some space, or move data_dir to a larger disk, then start again. Nothing is lost"
                ) from None
            filed = end

    def _file_portion(self, begin: int, end: int) -> None:
        keys, numbers = array("q"), array("q")
        for name, number in self._db.execute(_UNFILED, (begin, end)):
            keys.append(id_key(name))
            numbers.append(number)
        pairs = pairs_of(keys, numbers)
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._tables.file_large(pairs)
            self._db.execute("UPDATE filed SET number = ?", (end,))
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _last(self) -> int:
        (last,) = self._db.execute("SELECT IFNULL(MAX(number), 0) FROM utterances").fetchone()
        return int(last)
