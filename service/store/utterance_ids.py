"""Which row of the store an utterance_id belongs to.

Ids fall anywhere: an index over all of them would have a page of it written for each new utterance, once
there are many. So the newest are known in memory alone, and once they are many, they are filed in their
order, so that those that belong on a page go there together. A start finds what was not filed among the last
rows.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import lru_cache, partial
from itertools import chain

from service.store.damage import fault

MOST_FRESH, SLICE = 32_768, 1_024
"""So many are filed together, and at least so many of them in one transaction."""
SLOWEST = 16
"""One transaction files at least this part of those that came since."""
MOST_LEFT = 4 * MOST_FRESH
"""More unfiled ones are not kept in memory at a start."""
ROWS_A_STATEMENT = 128
REST_S = 1.0

_LISTED = "IN (SELECT value FROM json_each(?))"
_UNFILE = f"DELETE FROM utterance_ids WHERE utterance_id {_LISTED}"  # noqa: S608 -- constants
_DELETE = f"DELETE FROM utterances WHERE number {_LISTED}"  # noqa: S608 -- constants
_UNFILED = "SELECT utterance_id, number FROM utterances WHERE number > ? AND number <= ?"

logger = logging.getLogger("werwatch.store")


@lru_cache(maxsize=ROWS_A_STATEMENT)
def _any_filed(names: int) -> str:
    # Half of the time that a list in JSON takes.
    places = ", ".join(["(?)"] * names)
    return (
        f"WITH sent (name) AS (VALUES {places}) "  # noqa: S608 -- places alone
        "SELECT 1 FROM sent CROSS JOIN utterance_ids ON utterance_id = name LIMIT 1"
    )


class UtteranceIds:
    """Ids and numbers of rows over the store's connection.

    Every row of utterances is inserted with one of `next_numbers` and deleted by `delete`, inside
    `or_undone`; so what is in memory is what the rows are that were not filed.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        # Those since the last filing began, those of a filing that goes on, and what is left to do of that,
        # the last first.
        self._fresh: dict[str, int] = {}
        self._filing: dict[str, int] = {}
        self._left: list[str] = []
        self._undo: list[Callable[[], object]] = []
        self._depth = 0
        self._rests_until = 0.0
        self._filed = 0
        self._is_whole = False
        # What is damaged is told to who needs it; all else goes on.
        with suppress(sqlite3.DatabaseError):
            self._file_what_is_too_much()
            self._know_the_rest()

    def number_of(self, utterance_id: str) -> int | None:
        """The number of the row with this id."""
        self._must_be_whole()
        number = self._fresh.get(utterance_id) or self._filing.get(utterance_id)
        if number is not None:
            return number
        row = self._db.execute(
            "SELECT number FROM utterance_ids WHERE utterance_id = ?", (utterance_id,)
        ).fetchone()
        return int(row[0]) if row else None

    def knows_any(self, utterance_ids: Sequence[str]) -> bool:
        """Whether there is a row with one of these ids."""
        self._must_be_whole()
        if not (
            self._fresh.keys().isdisjoint(utterance_ids) and self._filing.keys().isdisjoint(utterance_ids)
        ):
            return True
        if not utterance_ids:
            return False
        return self._db.execute(_any_filed(len(utterance_ids)), utterance_ids).fetchone() is not None

    def next_numbers(self, utterance_ids: Sequence[str]) -> range:
        """Numbers for new rows with these ids, each of which stands here once and is of no row yet."""
        self._must_be_whole()
        last = self._last()
        # Behind all that were filed too, although they may be gone.
        first = max(last, self._filed) + 1
        numbers = range(first, first + len(utterance_ids))
        fresh, names = self._fresh, tuple(utterance_ids)
        fresh.update(zip(names, numbers, strict=True))
        self._undo.append(lambda: [fresh.pop(name) for name in names])
        return numbers

    def delete(self, rows: Sequence[tuple[int, str]]) -> int:
        """Delete utterances by their numbers and ids; return how many."""
        self._must_be_whole()
        names, numbers = json.dumps([name for _, name in rows]), json.dumps([number for number, _ in rows])
        for known in (self._fresh, self._filing):
            gone = {name: known.pop(name) for number, name in rows if known.get(name) == number}
            self._undo.append(partial(known.update, gone))
        self._db.execute(_UNFILE, (names,))
        return self._db.execute(_DELETE, (numbers,)).rowcount

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

    def step(self, transaction: Callable[[], AbstractContextManager[None]]) -> None:
        """File some, if enough are there. Nothing is raised."""
        if not self._left:
            if len(self._fresh) < MOST_FRESH:
                return
            self._filing, self._fresh = self._fresh, {}
            self._left = sorted(self._filing, reverse=True)
        if time.monotonic() < self._rests_until:
            return
        # More of them the more have come since, so that what comes fast does not pile up in memory.
        most = max(SLICE, len(self._fresh) // SLOWEST)
        filing, some = self._filing, self._left[: -most - 1 : -1]
        is_done = len(some) == len(self._left)
        last = max(filing.values(), default=self._filed) if is_done else self._filed
        try:
            with transaction():
                self._file([(name, filing[name]) for name in some if name in filing])
                if is_done:
                    self._db.execute("UPDATE filed SET number = ?", (last,))
        except sqlite3.Error as error:
            logger.error("the ids of new utterances are not filed now: %s", fault(error))
            self._rests_until = time.monotonic() + REST_S
            return
        self._filed = last
        del self._left[-len(some) :]
        if is_done:
            self._filing = {}

    def _file(self, some: Sequence[tuple[str, int]]) -> None:
        for begin in range(0, len(some), ROWS_A_STATEMENT):
            together = some[begin : begin + ROWS_A_STATEMENT]
            places = ", ".join(["(?, ?)"] * len(together))
            values = list(chain.from_iterable(together))
            self._db.execute(f"INSERT OR REPLACE INTO utterance_ids VALUES {places}", values)  # noqa: S608

    def _must_be_whole(self) -> None:
        if not self._is_whole:
            self._know_the_rest()

    def _know_the_rest(self) -> None:
        (self._filed,) = self._db.execute("SELECT number FROM filed").fetchone()
        self._fresh.update(self._db.execute(_UNFILED, (self._filed, self._last())))
        self._is_whole = True

    def _file_what_is_too_much(self) -> None:
        """File rows that are more than a service leaves, so that they need not be in memory."""
        (filed,) = self._db.execute("SELECT number FROM filed").fetchone()
        for begin in range(filed, self._last() - MOST_LEFT, MOST_LEFT):
            self._db.execute("BEGIN IMMEDIATE")
            rows = (begin, begin + MOST_LEFT)
            try:
                self._db.execute(
                    f"INSERT OR REPLACE INTO utterance_ids {_UNFILED} ORDER BY utterance_id", rows
                )
                self._db.execute("UPDATE filed SET number = ?", (begin + MOST_LEFT,))
                self._db.execute("COMMIT")
            except sqlite3.Error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _last(self) -> int:
        (last,) = self._db.execute("SELECT IFNULL(MAX(number), 0) FROM utterances").fetchone()
        return int(last)
