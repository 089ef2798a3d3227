"""What is kept for how long, and what goes when: in small portions, in the one thread that writes."""

from __future__ import annotations

import logging
import math
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

from service.config import Config
from service.store.store import Store
from service.telemetry.counts import Counts
from service.watching.watch import Watch

LOOK_EVERY_S = 1.0
PORTION_S, ROWS_AT_ONCE = 0.003, 20
"""How long a portion takes, for whoever waits to be written; and after how many rows it looks at the time."""
YIELD = 4
"""How many times as long as a portion took, others have the disk for themselves if they wait for it."""
REST_S = 60.0

logger = logging.getLogger("werwatch.retention")


class Retention:
    """Deletes what is older than `Privacy` permits, or has no room in `Storage`, and gives its space back.

    Of scored rows only those go, by age, that a saved state makes dispensable. For want of room only what was
    never scored goes, the oldest first.

    Attributes
    ----------
    is_over_budget
        Whether more is needed than ``storage.max_bytes`` and nothing is left that may go.
    """

    def __init__(self, store: Store, config: Config, counts: Counts, watch: Watch) -> None:
        self._store = store
        self._privacy = config.privacy
        self._normaliser = config.normaliser.version
        self._most_bytes = config.storage.max_bytes
        self._counts = counts
        self._watch = watch
        self._looks_at = self._yields_until = 0.0
        self._is_cutting = False
        self.is_over_budget = False
        if not watch.can_save:
            logger.warning(
                "the state of this detection.detector cannot be saved, so each start needs every row again: "
                "scored rows that feed it are kept beyond privacy.scored_retention"
            )

    def step(self, now: float, *, is_waited_for: bool) -> bool:
        """Delete one portion; return whether there may be more. Nothing is raised.

        Parameters
        ----------
        now
            Seconds since the epoch.
        is_waited_for
            Whether somebody wants to write now.
        """
        began = time.monotonic()
        if began < self._looks_at:
            return False
        if is_waited_for and began < self._yields_until:
            return True
        deadline = began + PORTION_S
        gone: Counter[tuple[str, str]] = Counter()
        try:
            with self._store.transaction():
                self._forget_the_old(now, gone, deadline)
                self._make_room(now, gone, deadline)
                has_cut = self._store.room.give_back(self._most_bytes, deadline)
            # While somebody reads what was cut off, it stays on the disk: tried again at the next look.
            self._is_cutting = has_cut or (self._is_cutting and not self._store.room.fold_log())
        except (sqlite3.Error, OSError) as error:
            logger.error("what is too old is not forgotten now: %s", error)
            self._looks_at = time.monotonic() + REST_S
            return False
        self._counts.forgotten.update(gone)
        has_more = bool(gone) or has_cut
        ended = time.monotonic()
        self._yields_until = ended + YIELD * (ended - began)
        self._looks_at = ended + (0.0 if has_more else LOOK_EVERY_S)
        return has_more

    def _forget_the_old(self, now: float, gone: Counter[tuple[str, str]], deadline: float) -> None:
        for kind, reason, drop in self._too_old(now):
            while taken := drop(ROWS_AT_ONCE):
                gone[kind, reason] += taken
                if time.monotonic() >= deadline:
                    break

    def _too_old(self, now: float) -> Iterator[tuple[str, str, Callable[[int], int]]]:
        old, privacy = self._store.old_rows, self._privacy
        unreferenced = now - privacy.unreferenced_retention.total_seconds()
        scored = now - privacy.scored_retention.total_seconds()
        alerts = now - privacy.alert_retention.total_seconds()
        yield "utterance", "age", partial(old.drop_utterances, unreferenced)
        yield "reference", "normaliser", partial(old.drop_incomparable, self._normaliser, unreferenced)
        yield "reference", "age", partial(old.drop_references, unreferenced)
        recordings = self._store.recordings
        yield "reference", "age", partial(recordings.drop, unreferenced, waiting=True)
        yield "reference", "age", partial(recordings.drop, scored, waiting=False)
        yield "trace", "age", partial(self._store.traces.drop, unreferenced)
        yield "scored", "age", partial(old.drop_scored, scored, saved_seq=self._watch.saved.seq)
        yield "alert", "age", partial(old.drop_alerts, alerts)

    def _make_room(self, now: float, gone: Counter[tuple[str, str]], deadline: float) -> None:
        if self._most_bytes is None:
            return
        old, room = self._store.old_rows, self._store.room
        while room.needed_bytes > self._most_bytes:
            oldest = old.oldest_unreferenced(ROWS_AT_ONCE)
            if oldest is None:
                self._say_that_room_is_missing()
                return
            before = math.nextafter(oldest, math.inf)
            self._store.recordings.note_incomplete(old.recordings_to_go(before, ROWS_AT_ONCE), now)
            gone["utterance", "size"] += old.drop_utterances(before, ROWS_AT_ONCE)
            gone["reference", "size"] += old.drop_references(before, ROWS_AT_ONCE)
            gone["reference", "size"] += self._store.recordings.drop(before, ROWS_AT_ONCE, waiting=True)
            if time.monotonic() >= deadline:
                return
        self.is_over_budget = False

    def _say_that_room_is_missing(self) -> None:
        if not self.is_over_budget:
            logger.warning(
                "storage.max_bytes cannot be kept: nothing is left that was not scored, and what was scored "
                "goes by privacy.scored_retention alone; until you allow more, or keep for less long, new "
                "transcripts go before their references come, so hardly anything is scored any more"
            )
        self.is_over_budget = True
