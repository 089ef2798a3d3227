"""Which speaker-shifts are over, so that each counts once in whatever order its utterances come.

Where references come in no order, as where somebody corrects a random sample, the utterances of one shift
come hours apart. Each would be a unit of its own to `detectors.unit.UnitTracker`, and what one shift has in
common would count as often as it has utterances.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from detectors.unit import IDLE_S, ScoredUtterance

MOST_KEYS = 4_000
"""Speakers, or sessions where there are none, of whom something is remembered: those heard last."""
MOST_SPANS = 8
"""Shifts that are remembered of each."""


@dataclass(slots=True)
class Span:
    """From when to when a shift lasted, and the stream's time when something of it came last."""

    start_s: float
    end_s: float
    touched_s: float

    def to_state(self) -> list[float]:
        """JSON-ready state, for `detectors.state`."""
        return [self.start_s, self.end_s, self.touched_s]

    @classmethod
    def from_state(cls, state: list[float]) -> Span:
        """The span whose state `to_state` gave."""
        return cls(*state)


@dataclass(slots=True)
class ShiftsHeard:
    """Takes the utterances of each shift until nothing of it came for 30 minutes of the stream's time.

    Examples
    --------
    >>> from detectors.alignment import ErrorCounts
    >>> heard, hit = ShiftsHeard(), ErrorCounts(substitutions=0, deletions=0, insertions=0, hits=10)
    >>> said = [("ann", 0.0), ("ann", 60.0), ("bob", 7_200.0), ("ann", 120.0), ("ann", 9_000.0)]
    >>> [heard.takes(ScoredUtterance("en", at_s, hit, name)) for name, at_s in said]
    [True, True, True, False, True]
    """

    now_s: float = float("-inf")
    spans: dict[str, list[Span]] = field(default_factory=dict)

    def takes(self, scored: ScoredUtterance) -> bool:
        """Whether an utterance is of a new shift or of one that lasts; not of one that is over."""
        at_s = scored.at_s
        self.now_s = max(self.now_s, at_s)
        key = scored.speaker or scored.unit_key
        spans = self.spans.pop(key, [])
        self.spans[key] = spans  # last in the dict: the dict stays ordered by who was heard last
        if len(self.spans) > MOST_KEYS:
            del self.spans[next(iter(self.spans))]
        for span in spans:
            if span.start_s - IDLE_S < at_s < span.end_s + IDLE_S:
                if self.now_s - span.touched_s >= IDLE_S:
                    return False
                span.start_s, span.end_s = min(span.start_s, at_s), max(span.end_s, at_s)
                span.touched_s = self.now_s
                return True
        spans.append(Span(at_s, at_s, self.now_s))
        del spans[:-MOST_SPANS]
        return True

    def to_state(self) -> dict[str, Any]:
        """JSON-ready state, for `detectors.state`."""
        spans = {key: [span.to_state() for span in own] for key, own in self.spans.items()}
        return {"now_s": self.now_s, "spans": spans}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> ShiftsHeard:
        """What `to_state` was taken of."""
        spans = {key: [Span.from_state(span) for span in own] for key, own in state["spans"].items()}
        return cls(state["now_s"], spans)
