"""The way of an utterance and of a reference: accept, commit, score, watch, alert."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from detectors.cohort import CohortView
from detectors.event import Event
from detectors.monitor import Monitor
from service.alerts import Alerting
from service.config import Config
from service.counts import Counts
from service.course import ANNOUNCE, REBASELINE, Course
from service.data_dir import held
from service.errors import Refused, place_of
from service.intake import CohortBook, Intake
from service.key_rotation import open_key
from service.portions import portions
from service.privacy import Hasher
from service.records import Receipt, Reference, Utterance
from service.store import Store
from service.writer import Writer

SNAPSHOT_EVERY_S = 30.0
FORGET_EVERY_S = 3_600.0

logger = logging.getLogger("werwatch.pipeline")


@dataclass(frozen=True, slots=True)
class MonitorView:
    """What the monitor shows, taken at one moment."""

    cohorts: tuple[CohortView, ...]
    global_evidence: float
    global_in_alarm: bool
    now_s: float
    seq: int


class Pipeline:
    """Owns the store, the monitor and the thread that writes.

    Raises
    ------
    StartError
        If the data folder, its key or its store cannot be used.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.counts = Counts()
        with ExitStack() as opened:
            data_dir = opened.enter_context(held(config.data_dir))
            self.store = Store(data_dir)
            opened.callback(self.store.close)
            self.hasher = Hasher(open_key(config, self.store))
            self.cohorts = CohortBook(config.cohorts.max, set(self.store.cohorts()))
            self.counts.know(self.cohorts.known)
            self._intake = Intake(self.store, config.detection, self.cohorts)
            self._alerting = Alerting(config)
            self._course = self._restore()
            self._untold: list[Event] = []
            self._snapshot_seq, self._snapshot_at = self._course.seq, time.time()
            self._forgot_at = 0.0
            self.writer = Writer(self.store, self._after_commit, self._after_rollback)
            self._opened = opened.pop_all()

    @property
    def snapshot_at(self) -> float:
        """When the monitor's state was last saved or read, seconds since the epoch."""
        return self._snapshot_at

    def start(self) -> None:
        """Catch up with the rows after the last snapshot and begin to accept."""
        self._watch()
        self.writer.start()

    def close(self) -> None:
        """Finish what was accepted, save the monitor's state, close the store."""
        self.writer.close()
        self._save()
        self._opened.close()

    async def accept(self, records: Sequence[Utterance | Reference]) -> list[Receipt | Refused]:
        """Keep and score records; the answer comes when they are on disk, of many in several transactions."""
        receipts: list[Receipt | Refused] = []
        for portion in portions(records):
            receipts += await self.writer.run(partial(self._accept_all, portion))
        now = time.time()
        for receipt in receipts:
            if isinstance(receipt, Receipt):
                self.counts.receive(receipt, now)
        return receipts

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

    async def _intervention_row(self, action: str, cohort: str | None, author: str, note: str) -> int:
        def record() -> int:
            if cohort is not None and cohort not in self.cohorts.known:
                raise Refused(404, "no such cohort; GET /v1/cohorts lists them")
            return self.store.history.put_intervention(action, cohort, author, note, time.time())

        return await self.writer.run(record)

    def view(self) -> MonitorView:
        """What the monitor shows now."""
        course = self._course
        with course.lock:
            everybody = course.monitor.everybody
            return MonitorView(
                tuple(course.monitor.views()),
                everybody.evidence,
                everybody.in_alarm,
                course.monitor.now_s,
                course.seq,
            )

    def _accept_all(self, records: Sequence[Utterance | Reference]) -> list[Receipt | Refused]:
        return [self._accept(record) for record in records]

    def _accept(self, record: Utterance | Reference) -> Receipt | Refused:
        try:
            with self.store.part():
                if isinstance(record, Utterance):
                    return self._intake.utterance(record)
                return self._intake.reference(record)
        except Refused as refusal:
            return refusal

    def _restore(self) -> Course:
        settings, history = self.config.detection.monitor_settings(), self.store.history
        for saved in (history.snapshot(), history.base()):
            if saved is not None and saved.state is not None:
                try:
                    return Course.continued(saved, settings)
                except (ValueError, KeyError, TypeError) as error:
                    logger.warning("the saved state is not used, the history is read again: %s", error)
        with self.store.transaction():
            begin = history.begin_anew()
        if begin.seq:
            logger.warning("the history begins after row %d; retention took the rows before", begin.seq)
        return Course(Monitor(settings), begin)

    def _after_rollback(self) -> None:
        self.cohorts.known = set(self.store.cohorts())

    def _after_commit(self) -> None:
        now = time.time()
        try:
            self._watch()
            if self._course.seq > self._snapshot_seq and now - self._snapshot_at >= SNAPSHOT_EVERY_S:
                self._save()
            if now - self._forgot_at >= FORGET_EVERY_S:
                self._forget(now)
        except Exception as error:  # noqa: BLE001 -- the writer must go on
            # What was accepted is on disk and stays; the rows are taken up again at the next commit.
            self.counts.monitor_failures += 1
            # A message could hold a value of a row; its kind and place cannot.
            logger.error("the monitor is behind: %s at %s", type(error).__name__, place_of(error))

    def _watch(self) -> None:
        if self._untold:
            self._tell()
        for events in self._course.follow(self.store.history):
            self._untold += events
            self._tell()

    def _tell(self) -> None:
        # An event that cannot be written now is kept and told before anything else.
        with self.store.transaction():
            for event in self._untold:
                self._alerting.apply(self.store, event, time.time())
        self._untold.clear()

    def _save(self) -> None:
        course = self._course
        if not course.monitor.can_be_saved or course.seq == 0 or self._untold:
            return
        now, saved = time.time(), course.saved()
        with self.store.transaction():
            self.store.history.put_snapshot(saved, now)
        self._snapshot_seq, self._snapshot_at = course.seq, now

    def _forget(self, now: float) -> None:
        self._forgot_at = now
        before = now - self.config.privacy.unreferenced_retention.total_seconds()
        with self.store.transaction():
            self.counts.forgotten += self.store.forget_unreferenced(before)
