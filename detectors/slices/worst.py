"""Where a cohort is served worst now, whether anything changed or not."""

from __future__ import annotations

from dataclasses import dataclass

from detectors.slices.book import Folded, SliceBook, folded
from detectors.slices.counts import SliceCounts
from detectors.slices.marginals import Where
from detectors.slices.part import LEAST_SESSIONS, Usual
from detectors.wer import Interval

Z = 1.96


@dataclass(frozen=True, slots=True)
class SliceNow:
    """A slice's counts in a stretch of time, and the 95 % interval of its error rate over sessions."""

    where: Where
    counts: SliceCounts
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class WorstSlices:
    """A cohort's slices, the worst first, and those with too little speech, the most of it first.

    ``whole`` is all of the cohort's speech in that stretch, ``folded`` what is not known of all of it.
    """

    whole: SliceNow
    ranked: tuple[SliceNow, ...]
    too_little: tuple[SliceNow, ...]
    folded: tuple[Folded, ...]


def worst_slices(book: SliceBook, start_s: float, now_s: float) -> WorstSlices:
    """A cohort's slices since a time, by the lower end of their interval.

    So one that is surely bad comes before one that may only have had bad luck. A pair that is the same speech
    as one of its values is left out; a slice with fewer than five sessions is not ranked.
    """
    heard = book.since(start_s, now_s)
    usual, whole = Usual.of(heard.finest(), heard.whole), heard.whole.after
    sums: dict[Where, SliceCounts] = {}
    for where, split in heard.slices():
        sums.setdefault(where, SliceCounts()).merge(split.after)
    kept = {
        where: counts
        for where, counts in sums.items()
        if len(where) == 1 or all(sums[(value,)].words != counts.words for value in where)
    }
    every = [_now(where, counts, usual) for where, counts in kept.items()]
    enough = [each for each in every if each.counts.sessions >= LEAST_SESSIONS]
    few = [each for each in every if each.counts.sessions < LEAST_SESSIONS]
    return WorstSlices(
        _now((), whole, usual),
        tuple(sorted(enough, key=lambda each: (-_lower(each), each.where))),
        tuple(sorted(few, key=lambda each: (-each.counts.words, each.where))),
        folded([book], start_s, now_s),
    )


def _now(where: Where, counts: SliceCounts, usual: Usual) -> SliceNow:
    if counts.sessions < LEAST_SESSIONS:
        return SliceNow(where, counts, None)
    half = Z * counts.variance(usual.dispersion, usual.smoothed(counts, since=True)) ** 0.5
    rate = counts.rate
    return SliceNow(where, counts, Interval(max(rate - half, 0.0), min(rate + half, 1.0)))


def _lower(each: SliceNow) -> float:
    return each.interval.lower if each.interval is not None else 0.0
