"""How often the right slice is named, a wrong one, or none; and two simple ways to name one."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.detection.figures import Share
from detectors.attribution import Attribution, attribute
from detectors.slices.book import SliceBook
from detectors.slices.counts import SliceCounts
from detectors.slices.marginals import Where
from detectors.slices.table import SliceTable
from detectors.unit import ScoredUtterance, UnitTracker

Books = Mapping[str, SliceBook]
SURE_Z = 1.96


@dataclass(frozen=True)
class Question:
    """Whose rise since when is to be explained, and which answers are right; without any, only none is."""

    cohort: str | None
    onset_s: float
    truths: tuple[Where, ...]

    def verdict(self, named: Where | None) -> str:
        """``right``, ``wrong`` or ``none``; with nothing to name, ``none`` is right."""
        if named is None:
            return "none" if self.truths else "right"
        return "right" if named in self.truths else "wrong"


def books_of(utterances: Sequence[ScoredUtterance]) -> tuple[Books, float]:
    """The slices of a stream, and its time at the end."""
    [found] = books_at(utterances, [len(utterances)])
    return found


def books_at(utterances: Sequence[ScoredUtterance], ends: Sequence[int]) -> Iterator[tuple[Books, float]]:
    """The slices of a stream after so many utterances, and its time then; the same books, which go on."""
    tracker, books, start = UnitTracker(), dict[str, SliceBook](), 0
    for end in ends:
        for scored in utterances[start:end]:
            for unit in tracker.add(scored):
                books.setdefault(unit.cohort, SliceBook()).add(unit, tracker.now_s)
        start = end
        yield books, tracker.now_s


def ours(books: Books, question: Question, now_s: float) -> Attribution | None:
    """What `detectors.attribution` says."""
    return attribute(books, question.cohort, question.onset_s, now_s)


def largest_rise(books: Books, question: Question, now_s: float) -> Where | None:
    """The slice whose WER rose most, of those that were heard before and since."""
    return _largest(books, question, now_s, lambda before, after: after.rate - before.rate, 0.0)


def largest_z(books: Books, question: Question, now_s: float) -> Where | None:
    """The slice with the largest z-score of two proportions of words, if it is above 1.96."""
    return _largest(books, question, now_s, _z, SURE_Z)


NAIVE = {"largest WER rise": largest_rise, "largest z-score": largest_z}


@dataclass
class Score:
    """Verdicts of one way to name a slice."""

    verdicts: Counter[str] = field(default_factory=Counter)

    def share(self, verdict: str) -> Share:
        """How often it came to that."""
        return Share(self.verdicts[verdict], self.verdicts.total())


def _largest(
    books: Books,
    question: Question,
    now_s: float,
    measure: Callable[[SliceCounts, SliceCounts], float],
    least: float,
) -> Where | None:
    cohorts = list(books) if question.cohort is None else [question.cohort]
    splits = {name: books[name].split(question.onset_s, now_s) for name in cohorts}
    wanted = {where for own in splits.values() for where, _ in own.slices()}
    table = SliceTable.of(splits, wanted)
    found = []
    for where in sorted(wanted):
        sides = table.sides(where, cohorts)
        if sides.before.words and sides.after.words:
            found.append((measure(sides.before, sides.after), len(where) == 1, where))
    best = max(found, default=None)
    return best[2] if best is not None and best[0] > least else None


def _z(before: SliceCounts, after: SliceCounts) -> float:
    whole = (before.errors + after.errors) / (before.words + after.words)
    variance = whole * (1.0 - whole) * (1.0 / before.words + 1.0 / after.words)
    return (after.rate - before.rate) / math.sqrt(variance) if variance else 0.0
