"""Utterances in the order in which they were spoken, where their references come in another."""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass, field

from detectors.unit import ScoredUtterance

MOST_HELD = 20_000
"""More would make the saved state slow to write: the oldest of them go on before their time."""


@dataclass(slots=True)
class Reordering:
    """Holds utterances back until what was spoken before them has had the time to come.

    A team that corrects one cohort after the other lets nothing be heard of the rest meanwhile, so that there
    is nothing to compare with. Held back for as long as references may lag, the cohorts meet again. The order
    follows from times alone and never from errors, so what holds of evidence in the order of arrival holds in
    this order too. What comes later still goes on at once.

    Examples
    --------
    >>> from detectors.alignment import ErrorCounts
    >>> held, hit = Reordering(), ErrorCounts(0, 0, 0, 5)
    >>> spoken = [ScoredUtterance("en", at_s, hit) for at_s in (5.0, 1.0, 3.0, 13.0)]
    >>> [[ready.at_s for ready in held.add(each, lag_s=8.0)] for each in spoken]
    [[], [], [], [1.0, 3.0, 5.0]]
    """

    held: list[ScoredUtterance] = field(default_factory=list)

    def add(self, scored: ScoredUtterance, lag_s: float) -> list[ScoredUtterance]:
        """Take an utterance; return those whose turn has come, in order.

        Parameters
        ----------
        scored
            The one that comes next.
        lag_s
            How long after its speech a reference may come, in seconds; 0 holds nothing back.
        """
        if lag_s <= 0.0 and not self.held:
            return [scored]
        insort(self.held, scored, key=_spoken)
        due = bisect_right(self.held, self.held[-1].at_s - lag_s, key=_spoken)
        return self._first(max(due, len(self.held) - MOST_HELD))

    def release(self) -> list[ScoredUtterance]:
        """All that are held, in order."""
        return self._first(len(self.held))

    def _first(self, number: int) -> list[ScoredUtterance]:
        ready = self.held[:number]
        del self.held[:number]
        return ready


def _spoken(scored: ScoredUtterance) -> float:
    return scored.at_s
