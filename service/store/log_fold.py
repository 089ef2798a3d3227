"""The write-ahead log is emptied after a wipe: until then it holds what was overwritten."""

from __future__ import annotations

import logging
import sqlite3
import time

from service.store.store import Store

RETRY_S = 0.2

logger = logging.getLogger("werwatch.store")


class LogFold:
    """Empties the log between two transactions, in the one thread that writes, as soon as readers let it.

    Attributes
    ----------
    done
        The last of the wishes that is fulfilled.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._wanted = self.done = 0
        self._due = 0.0

    def want(self) -> int:
        """Wish it for what the transaction that runs wipes; return the number of the wish."""
        self._wanted += 1
        return self._wanted

    def go_on(self) -> None:
        """Try it if it is wanted. Nothing is raised: what fails is tried again."""
        if self.done == self._wanted or time.monotonic() < self._due:
            return
        try:
            is_folded = self._store.room.fold_log()
        except (sqlite3.Error, OSError) as error:
            logger.error("the write-ahead log is not emptied now: %s", error)
            is_folded = False
        if is_folded:
            self.done = self._wanted
        else:
            self._due = time.monotonic() + RETRY_S
