"""The way of an utterance and of a reference: accept, commit, score, watch, alert."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial

from service.alerts.attending import Attending
from service.config import Config
from service.errors import Refused, StoreUnavailable
from service.ingest.gathering import Gathering
from service.ingest.intake import CohortBook, Intake
from service.ingest.portions import portions
from service.ingest.recordings import Recordings
from service.privacy import Hasher
from service.records import Outcome, Receipt, Record, RecordingReference, Utterance
from service.settings.lexicon import read_lexicon
from service.store.damage import needed_to_start
from service.store.data_dir import held, other_stores
from service.store.log_fold import LogFold
from service.store.rows.incomparable import told
from service.store.rows.scores import Scoring
from service.store.store import Store
from service.store.writer import Writer
from service.telemetry.counts import Counts
from service.upkeep.age_clock import BELIEVED_AFTER_S, AgeClock
from service.upkeep.erasing import Erasing
from service.upkeep.kept_texts import KeptTexts
from service.upkeep.key_rotation import open_key
from service.upkeep.retention import Retention
from service.watching.claims import Claims
from service.watching.course import ANNOUNCE, REBASELINE
from service.watching.watch import Watch

FIRST_TURN_S, TURN_S, LAST_TURN_S = 1.0, 0.05, 1.0
"""How long the monitor reads before anything is accepted, between two commits, and when all is accepted."""
CLOSE_S = 1.5
OTHER_STORE = (
    "%s holds another store, left by a restore: neither retention nor erasure reaches it; remove it in time"
)

logger = logging.getLogger("werwatch.store")


class Pipeline:
    """Owns the store, the monitor and the thread that writes.

    Parameters
    ----------
    say
        Is told how far the upgrade of an earlier version's store is.

    Attributes
    ----------
    changes_before
        The newest row of the alerts' record when the store was opened.
    has_incomparable
        Whether references waited under another normaliser when the store was opened; there come no more.
    lexicon
        The critical terms that are counted; None where none are declared.

    Raises
    ------
    StartError
        If the data folder, its key or its store cannot be used.
    ConfigError
        If a critical term, or their file, cannot be used.
    """

    def __init__(self, config: Config, say: Callable[[str], None] = lambda _: None) -> None:
        self.config = config
        self.counts = Counts()
        with ExitStack() as opened, needed_to_start(config.data_dir):
            data_dir = opened.enter_context(held(config.data_dir))
            for other in other_stores(data_dir):
                logger.warning(OTHER_STORE, other)
            self.store = Store(data_dir, say)
            opened.callback(self.store.close)
            self.hasher = Hasher(open_key(config, self.store))
            self.cohorts = CohortBook(config.cohorts.max, set(self.store.cohorts()))
            self.counts.know(self.cohorts.known)
            self.counts.last_reference_at.update(self.store.history.last_scored_at())
            self.lexicon = read_lexicon(config, self.hasher)
            scoring = Scoring(self.store, self.lexicon)
            self._intake = Intake(self.store, config, self.cohorts, scoring)
            incomparable = self.store.waiting.incomparable(config.normaliser.version)
            if incomparable:
                logger.warning("%s", told(incomparable))
            self.has_incomparable = incomparable > 0
            self.changes_before = self.store.record.last_id()
            self.watch = Watch(self.store, config, self.counts, self.lexicon)
            self.claims = Claims(self.store, config, self.counts)
            self._ages = AgeClock(self._known_s())
            self._retention = Retention(self.store, config, self.counts, self.watch)
            self._fold = LogFold(self.store)
            self._texts = KeptTexts(self.store, config.privacy, self._fold, self.counts)
            self._texts.begin()
            self.writer = Writer(self.store, self._after_commit, self._after_rollback)
            self.recordings = Recordings(self.store, self.writer, config, self.counts, scoring, self._ages)
            opened.callback(self.recordings.close)
            self._gathering = Gathering(self.accept)
            self.erasing = Erasing(self.store, self.writer, self._fold, self.hasher, self.counts)
            self.attending = Attending(self.store, self.writer, self.watch.alerting)
            self._opened = opened.pop_all()

    def start(self) -> None:
        """Catch up with the history, the rest of a long one later, and begin to accept."""
        self.watch.go_on(FIRST_TURN_S)
        self.claims.go_on(FIRST_TURN_S)
        self.writer.start()

    def close(self) -> None:
        """Finish what was accepted, save the monitor's state, close the store."""
        self.writer.close(CLOSE_S)
        self.watch.go_on(LAST_TURN_S)
        self.claims.go_on(LAST_TURN_S)
        self.watch.close()
        self.claims.close()
        self._opened.close()

    @property
    def is_over_budget(self) -> bool:
        """Whether the store needs more room than it may take, with nothing left that may go."""
        return self._retention.is_over_budget

    async def accept(
        self, records: Sequence[Record], outcomes: Counter[Outcome] | None = None
    ) -> list[Receipt | Refused]:
        """Keep and score records; the answer comes when they are on disk, of many in several transactions.

        Parameters
        ----------
        outcomes
            Is added to by what became of those that were kept.

        Raises
        ------
        StoreUnavailable
            If the store cannot be written; it says how many records were kept before.
        """
        receipts: list[Receipt | Refused] = []
        kept = 0
        for portion in portions(records):
            try:
                done = await self.writer.run(partial(self._accept_all, portion))
            except StoreUnavailable as error:
                raise StoreUnavailable(str(error), error.retry_after_s, kept) from None
            kept += self._count(done, outcomes)
            receipts += done
        return receipts

    async def accept_one(self, record: Record) -> Receipt:
        """Keep and score a record, in one transaction with those that come at the same time.

        Raises
        ------
        Refused
            If it is not taken.
        StoreUnavailable
            If the store cannot be written.
        """
        receipt = await self._gathering.accept(record)
        if isinstance(record, RecordingReference):
            return await self.recordings.finish(record, receipt)
        return receipt

    async def rebaseline(self, cohort: str | None, author: str, note: str) -> int:
        """Let what comes from now on be the new normal, of one cohort or of all; return the audit row's id.

        Raises
        ------
        Refused
            404 if no such cohort is known.
        """
        return await self._intervention_row(REBASELINE, cohort, author, note)

    async def announce(self, author: str, description: str) -> int:
        """Judge a planned change as a before/after comparison; return the audit row's id."""
        return await self._intervention_row(ANNOUNCE, None, author, description)

    async def reconfigure(self, config: Config, author: str) -> None:
        """Let alerts and the monitor go by this from now on."""
        await self.writer.run(lambda: self.watch.configure(config, author))
        self.config = config

    def _known_s(self) -> float:
        # Where that cannot be read, whoever needs what is damaged says so.
        with suppress(sqlite3.DatabaseError):
            return self.store.old_rows.newest_before(time.time() - BELIEVED_AFTER_S)
        return 0.0

    async def _intervention_row(self, action: str, cohort: str | None, author: str, note: str) -> int:
        def record() -> int:
            if cohort is not None and cohort not in self.cohorts.known:
                raise Refused(404, "no such cohort; GET /v1/cohorts lists them")
            return self.store.history.put_intervention(action, cohort, author, note, time.time())

        return await self.writer.run(record)

    def _count(self, receipts: Sequence[Receipt | Refused], outcomes: Counter[Outcome] | None) -> int:
        kept = [receipt for receipt in receipts if isinstance(receipt, Receipt)]
        tally = self.counts.receive(kept, time.time())
        if outcomes is not None:
            for receipt, times in tally:
                outcomes[receipt.outcome] += times
        return len(kept)

    def _accept_all(self, records: Sequence[Record]) -> list[Receipt | Refused]:
        kept = zip(self._intake.keep_new(records), records, strict=True)
        return [receipt or self._accept(record) for receipt, record in kept]

    def _accept(self, record: Record) -> Receipt | Refused:
        try:
            with self.store.part():
                if isinstance(record, Utterance):
                    return self._intake.utterance(record)
                if isinstance(record, RecordingReference):
                    return self.recordings.keep(record)
                return self._intake.reference(record)
        except Refused as refusal:
            return refusal

    def _after_rollback(self) -> None:
        self.cohorts.known = set(self.store.cohorts())

    def _after_commit(self) -> bool:
        self._fold.go_on()
        has_ids = self.store.ids.step(self.store.transaction)
        has_rows = self.watch.go_on(TURN_S)
        has_rows |= self.claims.go_on(TURN_S)
        has_old = self._retention.step(self._ages.now(), is_waited_for=self.writer.waiting > 0)
        return self._texts.go_on(time.time()) or has_old or has_rows or has_ids
