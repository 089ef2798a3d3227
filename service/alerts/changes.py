"""How often what happened to alerts, since this process began."""

from __future__ import annotations

import threading
from collections import Counter

from detectors.event import Signal
from service.alerts.record import Action
from service.store.reader import Reader

OF_ALERTS = tuple(action for action in Action if action not in (Action.SILENCE_MADE, Action.SILENCE_ENDED))


class AlertChanges:
    """Counts the rows of the record after one of them, each once; any thread may ask.

    Parameters
    ----------
    reader
        Reads the record.
    after
        The last row that is not counted: what was there when the process began.
    """

    def __init__(self, reader: Reader, after: int) -> None:
        self._reader = reader
        self._last = after
        self._counts = Counter({(signal.value, action.value): 0 for signal in Signal for action in OF_ALERTS})
        self._one_at_a_time = threading.Lock()

    def counts(self) -> dict[tuple[str, str], int]:
        """How often by signal and action; what never happened is 0."""
        with self._one_at_a_time:
            for number, signal, action in self._reader.alert_changes(self._last):
                self._counts[signal, action] += 1
                self._last = number
            return dict(self._counts)
