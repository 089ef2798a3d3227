"""Methods to compare: ours, and every peer in its feedings, behind one protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

from benchmarks.detection.deciders import (
    Adwin,
    Decider,
    GlrCusum,
    Hddm,
    Kswin,
    PageHinkleyUp,
    TwoProportions,
)
from benchmarks.detection.feeds import FEEDS, Feed, Row
from detectors.monitor import Monitor, MonitorSettings
from detectors.unit import ScoredUtterance

SAME_ALARM = 100
"""An alarm within so many of the cohort's utterances after one that counted is the same alarm."""


class Method(Protocol):
    """A detector over all cohorts."""

    def update(self, scored: ScoredUtterance) -> list[str]:
        """Take the next utterance; return the cohorts that are alarmed for it."""
        ...


class Ours:
    """The project's monitor; its differential alarms count."""

    def __init__(self, false_alarms_per_month: float, smallest_change_points: float = 5.0) -> None:
        self._monitor = Monitor(
            MonitorSettings(
                false_alarms_per_month=false_alarms_per_month, smallest_change_points=smallest_change_points
            )
        )

    def update(self, scored: ScoredUtterance) -> list[str]:
        return [
            event.cohort
            for event in self._monitor.update(scored)
            if event.cohort is not None
            and (event.signal.value, event.change.value) == ("differential", "degraded")
        ]


class PerCohort:
    """One decider a cohort, on one feed."""

    def __init__(self, feed: Feed, decider: Callable[[], Decider]) -> None:
        self._feed = feed
        self._decider = decider
        self._deciders: dict[str, Decider] = {}

    def update(self, scored: ScoredUtterance) -> list[str]:
        alarmed = []
        for cohort, value, weight in self._feed.update(scored):
            if cohort not in self._deciders:
                self._deciders[cohort] = self._decider()
            if self._deciders[cohort].update(value, weight):
                alarmed.append(cohort)
        return alarmed


class Alarm(NamedTuple):
    """Where in the stream, and after how many of the cohort's utterances."""

    place: int
    own: int
    cohort: str


@dataclass(frozen=True)
class Peer:
    """A decider on a feed.

    Parameters
    ----------
    default
        The parameter that the library has, or the usual one.
    least, most
        The parameter's ends: least and most sensitive; what is between is on a geometric scale.
    is_slow
        Whether it costs so much that it gets fewer runs.
    """

    decider_name: str
    feed_name: str
    decider: Callable[[float], Decider]
    default: float
    least: float
    most: float
    is_slow: bool = False

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self.decider_name} on {self.feed_name}"

    def parameter(self, sensitivity: float) -> float:
        """The parameter for a sensitivity of 0 to 1."""
        return float(self.least * (self.most / self.least) ** sensitivity)

    def method(self, parameter: float) -> PerCohort:
        """The running method."""
        return PerCohort(FEEDS[self.feed_name](), partial(self.decider, parameter))

    def alarms(self, parameter: float, fed: Mapping[str, list[Row]]) -> list[Alarm]:
        """What `method` would say over a stream whose rows are made already; the same alarm once."""
        found = []
        for cohort, cohort_rows in fed.items():
            decider = self.decider(parameter)
            last = -SAME_ALARM
            for place, own, value, weight in cohort_rows:
                if decider.update(value, weight) and own - last >= SAME_ALARM:
                    found.append(Alarm(place, own, cohort))
                    last = own
        return sorted(found)


_FEEDINGS = ("WER", "WER less the rest", "blocks")


def _adwin(feed_name: str) -> Callable[[float], Decider]:
    return partial(Adwin, clock=8 if feed_name == "blocks" else 32)


def _everyone() -> list[Peer]:
    found = []
    for feed in _FEEDINGS:
        found += [
            Peer("ADWIN", feed, _adwin(feed), 0.002, 0.002, 6.0),
            Peer("PageHinkley", feed, PageHinkleyUp, 50.0, 200.0, 0.2),
            Peer("PageHinkley delta .025", feed, partial(PageHinkleyUp, delta=0.025), 50.0, 100.0, 0.1),
            Peer("KSWIN", feed, Kswin, 0.005, 1e-9, 0.02, is_slow=True),
            Peer("HDDMA", feed, partial(Hddm, is_weighted=False), 1.0, 0.5, 50.0),
            Peer("HDDMW", feed, partial(Hddm, is_weighted=True), 1.0, 0.5, 50.0),
        ]
    return [
        *found,
        Peer("two-proportion z, 50", "WER", TwoProportions, 3.0, 30.0, 2.0),
        Peer("GLR-CUSUM", "units", GlrCusum, 8.0, 60.0, 2.0),
        Peer("GLR-CUSUM", "blocks", GlrCusum, 8.0, 60.0, 2.0),
    ]


PEERS: tuple[Peer, ...] = tuple(_everyone())
