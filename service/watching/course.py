"""The monitor on its way through the history: its rows and what people told it, in order."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator

from detectors.event import Event
from detectors.monitor import Monitor, MonitorSettings
from detectors.unit import ScoredUtterance
from service.records import Intervention, Place, SavedState, ScoredRow
from service.store.history import ENDLESS, History

REBASELINE, ANNOUNCE, ROTATE_KEY = "rebaseline", "announce", "rotate_key"
ROWS_AT_ONCE = 1_000
UNUSABLE = (ValueError, LookupError, TypeError, AttributeError)
"""What a saved state raises that is damaged, or of other settings or another version."""


class Course:
    """A monitor and the place in the history that it has come to.

    Parameters
    ----------
    monitor
        Read it only while ``lock`` is held if another thread follows the history.
    place
        What the monitor has seen.
    """

    def __init__(self, monitor: Monitor, place: Place) -> None:
        self.monitor = monitor
        self.lock = threading.Lock()
        self.seq, self.intervention = place.seq, place.intervention

    @classmethod
    def continued(cls, saved: SavedState, settings: MonitorSettings) -> Course:
        """The course that goes on from a saved state.

        Raises
        ------
        UNUSABLE
            If the state was saved under other settings or by another version, or is damaged.
        """
        return cls(Monitor.from_state(json.loads(saved.state), settings), saved.place)

    @property
    def place(self) -> Place:
        """What the monitor has seen."""
        return Place(self.seq, self.intervention)

    def saved(self) -> SavedState:
        """The state from which a course is continued exactly."""
        return SavedState(self.place, json.dumps(self.monitor.to_state()))

    def follow(self, history: History, until: Place | None = None) -> Iterator[list[Event]]:
        """Take the rows and interventions that come next, in their order; yield what each made certain.

        After each portion of rows it yields an empty list, so that a caller can break off.

        Parameters
        ----------
        history
            Where they are read.
        until
            The last row and the last intervention to take; without it, all that there are.
        """
        last = until or Place(ENDLESS, ENDLESS)
        told = deque(history.interventions_after(self.intervention, last.intervention))
        while rows := history.scored_after(self.seq, ROWS_AT_ONCE, last.seq):
            for row in rows:
                # A row that feeds no detector moves no seq: an intervention is due before the next that does.
                while told and told[0].after_seq < row.seq:
                    yield self._hear(told.popleft())
                with self.lock:
                    events = self.monitor.update(scored_utterance(row))
                    self.seq = row.seq
                if events:
                    yield events
            yield []
        while told:
            yield self._hear(told.popleft())

    def _hear(self, intervention: Intervention) -> list[Event]:
        with self.lock:
            # Another hashing key makes speakers and sessions new ones; nothing else changes.
            events: list[Event] = []
            if intervention.action == ANNOUNCE:
                events = self.monitor.announce(intervention.note)
            elif intervention.action == REBASELINE:
                events = self.monitor.rebaseline(intervention.cohort)
            self.intervention = intervention.id
        return events


def scored_utterance(row: ScoredRow) -> ScoredUtterance:
    """A row as the monitor takes it."""
    return ScoredUtterance(
        row.cohort,
        row.spoken_at,
        row.counts,
        row.speaker,
        row.unit_key,
        row.session,
        row.normaliser,
        row.attributes,
    )
