"""What a monitor finds that judges again what was judged before: under other settings, in another version."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from detectors.event import Change, Event, Signal
from service.alerts.lifecycle import ENDINGS, alert_id
from service.records import Place


class FoundAgain:
    """Lets through what is news, of events in the order in which a course finds them.

    Judged otherwise, the same rise begins at another time and so has another id, and rises are found that
    began and ended long ago. Nobody is told of those: of what was judged before only what becomes of known
    alerts is news, and what still lasts where that ends.

    Parameters
    ----------
    until
        What was judged before, and told as it was judged then.
    """

    def __init__(self, until: Place) -> None:
        self._until = until
        self._lasting: dict[str, Event] = {}

    def includes(self, place: Place) -> bool:
        """Whether what is found there was judged before."""
        return place.seq <= self._until.seq and place.intervention <= self._until.intervention

    def news(self, events: Sequence[Event], is_known: Callable[[str], bool]) -> list[Event]:
        """What of events found there is to take effect now.

        Parameters
        ----------
        is_known
            Whether an alert with an id is on record.
        """
        found = []
        for event in events:
            identity = alert_id(event)
            if is_known(identity):
                found.append(event)
            elif event.change in ENDINGS:
                self._lasting.pop(identity, None)
            elif event.change is Change.DEGRADED and event.signal is not Signal.PLANNED:
                self._lasting[identity] = event
        return found

    def lasting(self) -> list[Event]:
        """The alarms that nobody knows of and that have not ended."""
        return list(self._lasting.values())
