"""The monitor follows what was committed: its events become alerts, its state is saved."""

from __future__ import annotations

import logging
import sqlite3
import time
from dataclasses import dataclass

from detectors.attribution import Attribution
from detectors.cohort import CohortView
from detectors.event import Event
from detectors.monitor import Monitor
from detectors.normalisation.critical_terms import Lexicon
from detectors.slices.worst import WorstSlices
from detectors.state import dump
from service.alerts.lifecycle import Alerting
from service.config import Config
from service.errors import place_of
from service.records import Place
from service.store.store import Store
from service.telemetry.counts import Counts
from service.watching.course import UNUSABLE, Course
from service.watching.found_again import FoundAgain
from service.watching.settings_record import CONFIGURATION, known_settings, record_change

SAVE_EVERY_S = 30.0
LOOK_EVERY_S = 1.0
"""How often active alerts are looked at: whether one is to be updated, repeated, or told after all."""
EXPLAIN_EVERY_S = 20.0
"""How often it is asked where the rises come from that last; that takes some milliseconds for each."""
REST_S = 30.0
"""How long a monitor that failed rests before it is tried again."""

logger = logging.getLogger("werwatch.watch")


@dataclass(frozen=True, slots=True)
class MonitorView:
    """What the monitor shows, taken at one moment."""

    cohorts: tuple[CohortView, ...]
    global_evidence: float
    global_in_alarm: bool
    rates_evidence: dict[str, float]
    now_s: float
    held: int
    seq: int


class Watch:
    """Takes the monitor along the history, in the one thread that writes.

    Whatever was not told or saved when the process died is found again from the last saved state, because
    the monitor is a function of the rows. An event that cannot be written now is kept and told before
    anything else.

    Attributes
    ----------
    alerting
        The life of alerts; in the writer's thread alone.
    saved_at
        When the monitor's state was last saved or read, seconds since the epoch.
    saved
        What the snapshot in the store has seen, if the monitor can go on from it.
    rows_behind
        How many scored rows it has yet to pass.
    """

    def __init__(self, store: Store, config: Config, counts: Counts, lexicon: Lexicon | None = None) -> None:
        self._store = store
        self._settings = config.monitor_settings()
        self.alerting = Alerting(config, lexicon)
        with store.transaction():
            record_change(store.history, known_settings(store.history), self._settings)
        self._counts = counts
        self.saved = Place()
        self._judged = Place()
        self._again: FoundAgain | None = None
        self._course = self._restore()
        self._untold: list[Event] = []
        self._fault = ""
        self._is_whole, self._rests_until = True, 0.0
        self._is_reconciled = False
        self.saved_at = time.time()
        self._save_due = self._look_due = self._explain_due = 0.0
        self.rows_behind = store.history.last_seq() - self._course.seq

    def configure(self, config: Config, author: str = CONFIGURATION) -> None:
        """Go by this from now on; with other settings of the monitor the history is read again.

        Runs in a transaction that the caller holds.
        """
        self.alerting.configure(config)
        # Who is a receiver again may have missed what ended.
        self._is_reconciled = False
        settings = config.monitor_settings()
        if settings != self._settings:
            record_change(self._store.history, dump(self._settings), settings, author)
            self._settings = settings
            if not self._untold:
                self._judged = _later(self._judged, self._course.place)
            self._is_whole, self._rests_until = False, 0.0

    @property
    def can_save(self) -> bool:
        """Whether the monitor's state can be saved at all; else it reads every row at each start."""
        return self._course.monitor.can_be_saved

    def view(self) -> MonitorView:
        """What the monitor shows now."""
        course = self._course
        with course.lock:
            everybody = course.monitor.everybody
            return MonitorView(
                tuple(course.monitor.views()),
                everybody.evidence,
                everybody.in_alarm,
                course.monitor.rates_evidence,
                course.monitor.now_s,
                course.monitor.held,
                course.seq,
            )

    @property
    def now_s(self) -> float:
        """The stream's time, which never goes back, in seconds since the epoch; 0 before the first row."""
        with self._course.lock:
            return max(self._course.monitor.now_s, 0.0)

    def worst_slices(self, cohort: str, window_s: float) -> tuple[WorstSlices, float] | None:
        """Where a cohort is served worst in the last so many seconds, and the stream's time; None if new."""
        with self._course.lock:
            monitor = self._course.monitor
            found = monitor.worst_slices(cohort, window_s)
            return None if found is None else (found, monitor.now_s)

    def change_since(self, cohort: str, since_s: float) -> Attribution | None:
        """Where the change of a cohort's WER since a time comes from."""
        with self._course.lock:
            return self._course.monitor.change_since(cohort, since_s)

    def go_on(self, most_s: float) -> bool:
        """Take the rows that came, for about so many seconds; return whether more of them wait.

        Nothing is raised: what was accepted is on disk, and what fails here is taken up again the next time.
        """
        try:
            self._follow(time.monotonic() + most_s)
            if time.monotonic() >= self._save_due:
                self._save()
            if time.monotonic() >= self._look_due:
                self._look_after_alerts()
        except Exception as error:  # noqa: BLE001 -- the thread that writes must go on
            self._stumble(error)
            return False
        if self._fault and self._is_whole:
            logger.warning("the monitor goes on")
            self._fault = ""
        return self.rows_behind > 0

    def close(self) -> None:
        """Save the monitor's state for the next start, which would else find it from the history."""
        try:
            self._save()
        except sqlite3.Error as error:
            logger.warning(
                "the monitor's state is not saved, the next start reads on from the last: %s", error
            )

    def _follow(self, deadline: float) -> None:
        if not self._is_whole:
            if time.monotonic() < self._rests_until:
                return
            self._course = self._restore()
            self._untold.clear()
            self._is_whole = True
        self._tell()
        for events in self._course.follow(self._store.history):
            self._untold += self._news(events)
            self._tell()
            if time.monotonic() >= deadline:
                self.rows_behind = self._store.history.last_seq() - self._course.seq
                return
        self.rows_behind = 0
        self._untold += self._news_at_last()
        self._tell()

    def _news(self, events: list[Event]) -> list[Event]:
        if self._again is None:
            return events
        if self._again.includes(self._course.place):
            return self._again.news(events, self._is_known)
        return [*self._news_at_last(), *events]

    def _news_at_last(self) -> list[Event]:
        again, self._again = self._again, None
        return [] if again is None else again.lasting()

    def _is_known(self, identity: str) -> bool:
        return self._store.alerts.find(identity) is not None

    def _tell(self) -> None:
        if not self._untold:
            return
        with self._store.transaction():
            for event in self._untold:
                self.alerting.apply(self._store, event, time.time())
        self._untold.clear()

    def _look_after_alerts(self) -> None:
        # A monitor that has rows to read yet knows the alarms as they were.
        knows_all = not self.rows_behind and self._is_whole
        lasting = self._course.monitor.lasting() if knows_all else []
        if knows_all and not self._is_reconciled:
            self.alerting.tell_of_ends(self._store, time.time())
            # Under other settings than those under which an alert fired it may find none.
            watched = {view.cohort for view in self._course.monitor.views()}
            self.alerting.reconcile(self._store, lasting, watched, time.time())
            self._is_reconciled = True
        if time.monotonic() >= self._explain_due:
            lasting = [self._course.monitor.explained(event) for event in lasting]
            self._explain_due = time.monotonic() + EXPLAIN_EVERY_S
        self.alerting.follow(self._store, lasting, time.time())
        self._look_due = time.monotonic() + LOOK_EVERY_S

    def _save(self) -> None:
        course = self._course
        is_new = course.seq > 0 and course.place != self.saved
        # A state halfway through what was judged before would not say that it was.
        if not is_new or self._untold or self._again or not self._is_whole or not self.can_save:
            return
        now, saved = time.time(), course.saved()
        with self._store.transaction():
            self._store.history.put_snapshot(saved, now)
        self.saved_at, self.saved = now, saved.place
        self._save_due = time.monotonic() + SAVE_EVERY_S

    def _stumble(self, error: Exception) -> None:
        self._counts.monitor_failures += 1
        if not isinstance(error, sqlite3.Error):
            # It may have stopped halfway through a row, so only a saved state can be trusted.
            self._is_whole, self._rests_until = False, time.monotonic() + REST_S
        # A message could hold a value of a row; its kind and place cannot.
        fault = f"{type(error).__name__} at {place_of(error)}"
        if fault != self._fault:
            logger.error("the monitor is behind: %s", fault)
        self._fault = fault

    def _restore(self) -> Course:
        history = self._store.history
        self.saved, self._again = Place(), None
        snapshot = history.snapshot()
        for saved in (snapshot, history.base()):
            if saved is None:
                continue
            try:
                if saved.place.seq > history.last_seq():
                    raise ValueError("it is ahead of the history")
                course = Course.continued(saved, self._settings)
            except UNUSABLE as error:
                logger.warning("the saved state is not used, the history is read again: %s", error)
                continue
            if saved is snapshot:
                self.saved = saved.place
                return course
            break
        else:
            course = self._begin_anew()
        # All that was found up to a saved state had been told when it was saved.
        if snapshot is not None and snapshot.place.seq <= history.last_seq():
            self._judged = _later(self._judged, snapshot.place)
        self._again = FoundAgain(self._judged)
        return course

    def _begin_anew(self) -> Course:
        with self._store.transaction():
            begin = self._store.history.begin_anew()
        if begin.seq:
            logger.warning("the history begins after row %d; retention took the rows before", begin.seq)
        return Course(Monitor(self._settings), begin)


def _later(one: Place, other: Place) -> Place:
    return max(one, other, key=lambda place: (place.seq, place.intervention))
