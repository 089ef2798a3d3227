"""The end of kept texts: by age, or all at once when ``privacy.keep_text`` is switched off."""

from __future__ import annotations

import logging
import math
import sqlite3

from service.config import Privacy
from service.errors import StartError
from service.records import Erased, Subject
from service.store.log_fold import LogFold
from service.store.store import Store
from service.telemetry.counts import Counts

EXPIRE_EVERY_S = 3_600.0
MOST_AT_ONCE, MOST_AT_START = 200, 10_000
"""Texts that are wiped in one transaction: while others wait to be written, and before anybody does."""

logger = logging.getLogger("werwatch.texts")


class KeptTexts:
    """Lets texts go, in the one thread that writes.

    Parameters
    ----------
    fold
        Is told when something was wiped.
    """

    def __init__(self, store: Store, privacy: Privacy, fold: LogFold, counts: Counts) -> None:
        self._store = store
        self._retention_s = privacy.text_retention.total_seconds()
        self._are_kept = privacy.keep_text
        self._fold = fold
        self._counts = counts
        self._expired_at, self._is_expiring = 0.0, False

    def begin(self) -> None:
        """Say that text is kept, or wipe what was kept before; and finish what a crash broke off.

        Raises
        ------
        StartError
            If texts that shall not be kept any more cannot be wiped.
        """
        path = self._store.path
        try:
            wiped = 0 if self._are_kept else self._wipe_all()
        except sqlite3.Error as error:
            raise StartError(f"{path}: what was kept as text before cannot be wiped: {error}") from None
        self._fold.want()
        self._fold.go_on()
        if self._are_kept:
            days = self._retention_s / 86_400
            logger.warning("privacy.keep_text is on: transcripts lie as text in %s for %g days", path, days)
        elif wiped:
            logger.warning("privacy.keep_text is off: %d texts that were kept before are wiped", wiped)

    def go_on(self, now: float) -> bool:
        """Wipe what is too old, once an hour; return whether there is more of it. Nothing is raised."""
        # A clock that was set back must not keep texts for longer.
        if self._are_kept and abs(now - self._expired_at) >= EXPIRE_EVERY_S:
            self._expired_at, self._is_expiring = now, True
        if self._is_expiring:
            try:
                self._is_expiring = self._expire(now - self._retention_s)
            except sqlite3.Error as error:
                logger.error("texts that are too old are not wiped now: %s", error)
                self._is_expiring = False
        return self._is_expiring

    def _expire(self, before: float) -> bool:
        with self._store.transaction():
            wiped = self._store.texts.wipe_before(before, MOST_AT_ONCE)
            dropped = self._store.texts.drop_wiped(MOST_AT_ONCE)
            # Also for what was replaced since the last time.
            self._fold.want()
        self._counts.texts["expired"] += wiped
        return MOST_AT_ONCE in (wiped, dropped)

    def _wipe_all(self) -> int:
        total, has_more = 0, True
        while has_more:
            with self._store.transaction():
                wiped = self._store.texts.wipe_before(math.inf, MOST_AT_START)
                dropped = self._store.texts.drop_wiped(MOST_AT_START)
                if wiped:
                    self._store.erasures.put(Subject.ALL, None, None, Erased(texts=wiped))
            total += wiped
            has_more = wiped + dropped > 0
        return total
