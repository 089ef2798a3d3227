"""One combination of attribute values of one cohort: its counts in buckets of time that widen with age.

A bucket holds 30 minutes while it is less than four hours old, an hour while less than eight, and so on: an
eighth of its age to a quarter, so that any onset is met to within an eighth of the time since it, and a year
takes some fifty buckets. Buckets are aligned to multiples of their width, so those of all cells fit together.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from typing import Any, TypeVar

from detectors.slices.counts import SliceCounts
from detectors.tally import ENOUGH_SPEAKERS, Tally
from detectors.unit import Unit

NARROWEST_S = 1_800
BUCKETS_A_WIDTH = 8
BUCKETS_UNTIL_WIDENED = 64
_NARROW_UNTIL_S = BUCKETS_A_WIDTH * NARROWEST_S
SESSIONS_REMEMBERED = 16
"""Of a combination: references of one session may come apart from each other."""

V = TypeVar("V")


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
        start = half_hour(at_s)
        session = unit.session or unit.key
        began, errors, words = self._remembered(session, start)
        counts = SliceCounts()
        counts.add(part, (errors, words))
        self.count(counts, at_s, unit.speaker, now_s)
        errors, words = errors + part.capped_errors, words + part.reference_words
        remember(self.sessions, session, (began, errors, words), SESSIONS_REMEMBERED)

    def count(
        self,
        counts: SliceCounts,
        at_s: float,
        speaker: str | None,
        now_s: float,
        most: int = BUCKETS_UNTIL_WIDENED,
    ) -> None:
        """Add what began at a time; ``most`` buckets are held before they are widened."""
        start, buckets = half_hour(at_s), self.buckets
        known = buckets.get(start)
        if known is None and len(buckets) >= most:
            self.widen(now_s)
            buckets = self.buckets
            known = buckets.get(start)
        if known is None:
            buckets[start] = copy(counts)
        else:
            known.merge(counts)
        if at_s < self.first_s:
            self.first_s = at_s
        if at_s > self.last_s:
            self.last_s = at_s
        if speaker is not None:
            remember(self.speakers, speaker, at_s, ENOUGH_SPEAKERS)

    def absorb(self, other: SliceCell, now_s: float) -> None:
        """Take the counts and speakers of another combination in, of other sessions; its sessions are not."""
        self.first_s, self.last_s = min(self.first_s, other.first_s), max(self.last_s, other.last_s)
        for start, counts in other.buckets.items():
            self.buckets.setdefault(start, SliceCounts()).merge(counts)
        if len(self.buckets) > BUCKETS_UNTIL_WIDENED:
            self.widen(now_s)
        heard = sorted([*self.speakers.items(), *other.speakers.items()], key=lambda each: each[1])
        for speaker, at_s in heard:
            remember(self.speakers, speaker, at_s, ENOUGH_SPEAKERS)

    def _remembered(self, session: str, start: int) -> tuple[int, int, int]:
        known = self.sessions.get(session)
        return known if known is not None and abs(known[0] - start) <= NARROWEST_S else (start, 0, 0)

    def widen(self, now_s: float) -> None:
        """Hold the buckets as wide as they may be at ``now_s``."""
        widened: dict[int, SliceCounts] = {}
        for start in sorted(self.buckets):
            counts, over = self.buckets[start], start % _width_s(start, now_s)
            kept = bucket_of(start - over, now_s)[0] if over else start
            earlier = widened.get(kept)
            if earlier is None:
                widened[kept] = counts
            else:
                earlier.merge(counts)
        self.buckets = widened

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


def half_hour(at_s: float) -> int:
    """When the half hour began that this time lies in."""
    return int(at_s // NARROWEST_S) * NARROWEST_S


def remember(book: dict[str, V], key: str, value: V, most: int) -> None:
    """Keep a key as the last one; the one that was the last longest ago is forgotten."""
    book.pop(key, None)
    book[key] = value
    if len(book) > most:
        del book[next(iter(book))]


def _width_s(start: int, now_s: float) -> int:
    """The narrowest width, times the power of two of which eight are more than its age."""
    age = now_s - start
    return NARROWEST_S << (int(age) // _NARROW_UNTIL_S).bit_length() if age > 0.0 else NARROWEST_S


def bucket_of(start: int, now_s: float) -> tuple[int, int]:
    """Beginning and end of the bucket that one which began at ``start`` is part of by now."""
    # A wider bucket begins earlier, and may be old enough then for the next width.
    while over := start % _width_s(start, now_s):
        start -= over
    return start, start + _width_s(start, now_s)
