"""One combination of attribute values of one cohort: its counts in buckets of time that widen with age.

A bucket holds 30 minutes while it is less than four hours old, an hour while less than eight, and so on: an
eighth of its age to a quarter, so that any onset is met to within an eighth of the time since it, and a year
takes some fifty buckets. Buckets are aligned to multiples of their width, so those of all cells fit together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from detectors.slices.counts import SliceCounts
from detectors.tally import ENOUGH_SPEAKERS, Tally
from detectors.unit import Unit

NARROWEST_S = 1_800
BUCKETS_A_WIDTH = 8
BUCKETS_UNTIL_WIDENED = 64
SESSIONS_REMEMBERED = 16
"""Of a combination: references of one session may come apart from each other."""

V = TypeVar("V")


@dataclass(slots=True)
class Bucket:
    """Counts of units that began in [start, end), seconds since the epoch."""

    start_s: int
    end_s: int
    counts: SliceCounts


@dataclass(slots=True)
class SliceCell:
    """Counts of one combination of values, and who spoke there last.

    Parameters
    ----------
    first_s, last_s
        When its first unit began, and its latest.
    buckets
        By their beginning.
    speakers
        The last three distinct speakers, with when they were heard last.
    sessions
        The last sessions, or speakers where none are named: the half hour in which they were heard first,
        errors and words in that and in those beside it. What is heard later counts as another session.
    """

    first_s: float
    last_s: float
    buckets: dict[int, SliceCounts] = field(default_factory=dict)
    speakers: dict[str, float] = field(default_factory=dict)
    sessions: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    def add(self, unit: Unit, part: Tally, now_s: float) -> None:
        """Add the part of a unit that lies here."""
        at_s = unit.started_s
        start = int(at_s // NARROWEST_S) * NARROWEST_S
        counts = self.buckets.get(start)
        if counts is None:
            if len(self.buckets) >= BUCKETS_UNTIL_WIDENED:
                self._widen(now_s)
            counts = self.buckets.setdefault(start, SliceCounts())
        self.first_s, self.last_s = min(self.first_s, at_s), max(self.last_s, at_s)
        session = unit.session or unit.key
        began, errors, words = self._remembered(session, start)
        counts.add(part, (errors, words))
        errors, words = errors + part.capped_errors, words + part.reference_words
        _remember(self.sessions, session, (began, errors, words), SESSIONS_REMEMBERED)
        if unit.speaker is not None:
            _remember(self.speakers, unit.speaker, at_s, ENOUGH_SPEAKERS)

    def bucketed(self, now_s: float) -> list[Bucket]:
        """The buckets as they are at ``now_s``, in order of time."""
        widened = _widened(self.buckets, now_s)
        return [
            Bucket(start, start + _width_s(start, now_s), counts) for start, counts in sorted(widened.items())
        ]

    def until(self, at_s: float, now_s: float) -> Iterator[Bucket]:
        """The buckets that were over at a time, as wide as they may be by now."""
        for start, counts in self.buckets.items():
            end = start + _width_s(start, now_s)
            if end <= at_s:
                yield Bucket(start, end, counts)

    def _remembered(self, session: str, start: int) -> tuple[int, int, int]:
        known = self.sessions.get(session)
        return known if known is not None and abs(known[0] - start) <= NARROWEST_S else (start, 0, 0)

    def _widen(self, now_s: float) -> None:
        self.buckets = _widened(self.buckets, now_s)

    def to_state(self) -> list[Any]:
        """JSON-ready state, for `detectors.state`."""
        buckets = [[start, *counts.to_state()] for start, counts in self.buckets.items()]
        return [self.first_s, self.last_s, buckets, dict(self.speakers), _lists(self.sessions)]

    @classmethod
    def from_state(cls, state: list[Any]) -> SliceCell:
        """The cell whose state `to_state` gave."""
        first_s, last_s, buckets, speakers, sessions = state
        return cls(
            first_s,
            last_s,
            {start: SliceCounts.from_state(counts) for start, *counts in buckets},
            dict(speakers),
            {session: (start, errors, words) for session, (start, errors, words) in sessions.items()},
        )


def _lists(sessions: dict[str, tuple[int, int, int]]) -> dict[str, list[int]]:
    return {session: list(values) for session, values in sessions.items()}


def _remember(book: dict[str, V], key: str, value: V, most: int) -> None:
    """Keep a key as the last one; the one that was the last longest ago is forgotten."""
    book.pop(key, None)
    book[key] = value
    if len(book) > most:
        del book[next(iter(book))]


def _width_s(start: int, now_s: float) -> int:
    width = NARROWEST_S
    while now_s - start >= BUCKETS_A_WIDTH * width:
        width *= 2
    return width


def _widened(buckets: dict[int, SliceCounts], now_s: float) -> dict[int, SliceCounts]:
    widened: dict[int, SliceCounts] = {}
    for start, counts in sorted(buckets.items()):
        kept = start
        # A wider bucket begins earlier, and may be old enough then for the next width.
        while kept % (width := _width_s(kept, now_s)):
            kept -= kept % width
        if kept in widened:
            widened[kept].merge(counts)
        else:
            widened[kept] = SliceCounts()
            widened[kept].merge(counts)
    return widened
