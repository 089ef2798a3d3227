"""What is kept for how long, and what goes when: in small portions, in the one thread that writes."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

from service.config import Privacy
from service.counts import Counts
from service.store import Store
from service.watch import Watch

LOOK_EVERY_S = 1.0
PORTION_S, ROWS_AT_ONCE = 0.01, 50
"""How long a portion takes, for whoever waits to be written; and after how many rows it looks at the time."""
REST_S = 60.0

logger = logging.getLogger("werwatch.retention")


class Retention:
    """Deletes what is older than `Privacy` permits, of scored rows what the saved states make dispensable."""

    def __init__(self, store: Store, privacy: Privacy, counts: Counts, watch: Watch) -> None:
        self._store = store
        self._privacy = privacy
        self._counts = counts
        self._watch = watch
        self._looks_at = 0.0
        if not watch.can_save:
            logger.warning(
                "the state of this detection.detector cannot be saved, so each start needs every row again: "
                "scored rows that feed it are kept beyond privacy.scored_retention"
            )

    def step(self, now: float) -> bool:
        """Delete one portion; return whether there may be more. Nothing is raised.

        Parameters
        ----------
        now
            Seconds since the epoch.
        """
        if time.monotonic() < self._looks_at:
            return False
        try:
            gone = self._one_portion(now)
        except sqlite3.Error as error:
            logger.error("what is too old is not forgotten now: %s", error)
            self._looks_at = time.monotonic() + REST_S
            return False
        self._counts.forgotten.update(gone)
        self._looks_at = time.monotonic() + (0.0 if gone else LOOK_EVERY_S)
        return bool(gone)

    def _one_portion(self, now: float) -> Counter[str]:
        gone: Counter[str] = Counter()
        deadline = time.monotonic() + PORTION_S
        with self._store.transaction():
            for kind, drop in self._too_old(now):
                while taken := drop(ROWS_AT_ONCE):
                    gone[kind] += taken
                    if time.monotonic() >= deadline:
                        return gone
        return gone

    def _too_old(self, now: float) -> Iterator[tuple[str, Callable[[int], int]]]:
        old, privacy = self._store.old_rows, self._privacy
        unreferenced = now - privacy.unreferenced_retention.total_seconds()
        scored = now - privacy.scored_retention.total_seconds()
        alerts = now - privacy.alert_retention.total_seconds()
        yield "utterance", partial(old.drop_utterances, unreferenced)
        yield "reference", partial(old.drop_references, unreferenced)
        yield "scored", partial(old.drop_scored, scored, saved_seq=self._watch.saved.seq)
        yield "alert", partial(old.drop_alerts, alerts)
