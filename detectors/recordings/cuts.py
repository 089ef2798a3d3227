"""Where a reference is cut as its utterances are, since rules would join words over an utterance's end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import isqrt
from typing import Any

from rapidfuzz.distance import Levenshtein

from detectors.recordings.cuttable import Cuttable, Words

EXPECTED_WER = 0.125
"""Up to twice this an alignment takes less than half of the time; it is the same in any case."""
MOST_TRIALS = 100_000
FEWEST_PLACES, MOST_PLACES = 5, 64
"""So many words to either side of an end a cut is looked for: the fewer, the more utterances there are."""
_APART = 8
"""Ends that are so many times as far from each other have nothing in common."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The reference is cut at a place, in front of the utterance with this number."""

    place: int
    utterance: int


def cuts(reference: Cuttable[Any], utterances: Sequence[Words]) -> list[Cut]:
    """Find where a reference must be cut to be read as its utterances were.

    Each utterance was normalised by itself: "the dose is twenty" and "five minutes later" have 20 and 5,
    where the reference as a whole has 25. The reference is aligned as a whole first. Where the end of an
    utterance lies in or near a knot then, it is cut at each place around, with the pieces read by themselves.
    Of all ways that with the fewest errors is taken; none, if it has no fewer than the whole. A token that is
    lost by a cut counts as an error: else "mm hmm", which an engine left out, would be cut and so forgiven.

    Returns
    -------
    list
        Those that cut a knot, in their order.

    Examples
    --------
    >>> from detectors.recordings.cuttable import Knot
    >>> text = Cuttable("dose is 25 minutes".split(), [Knot(2, 3, 2, {(0, 1): ["20"], (1, 2): ["5"]})])
    >>> cuts(text, ["dose is 20".split(), "5 minutes".split()])
    [Cut(place=3, utterance=1)]
    >>> cuts(text, ["dose is".split(), "25 minutes".split()])
    []
    """
    if not reference.knots or len(utterances) < 2:
        return []
    around = min(max(isqrt(MOST_TRIALS // len(utterances)) // 2, FEWEST_PLACES), MOST_PLACES)
    path = _Path(reference, [word for words in utterances for word in words])
    starts = list(accumulate(map(len, utterances), initial=0))
    found: list[Cut] = []
    for numbers in _together(path, starts, around):
        ends = [_End(starts[number], path.candidates(starts[number], around)) for number in numbers]
        for number, place in zip(numbers, _places(path, ends, 2 * around), strict=False):
            if reference.is_inside(place):
                found.append(Cut(place, number))
    return found


class _Path:
    """The alignment of the whole.

    Attributes
    ----------
    places, errors
        For each heard word the place of the reference in front of it, and how many errors are before. One
        more is for the end of the heard words, and one for that of the reference.
    """

    def __init__(self, reference: Cuttable[Any], heard: list[Hashable]) -> None:
        self.reference = reference
        self.heard = heard
        hint = int(EXPECTED_WER * len(reference.tokens))
        operations = Levenshtein.editops(reference.tokens, heard, score_hint=hint)
        errors, more = Counter[int](), Counter[int]()
        for operation in operations:
            errors[operation.dest_pos] += 1
            more[operation.dest_pos] += (operation.tag == "delete") - (operation.tag == "insert")
        words = range(len(heard))
        shifts = accumulate((more[at] for at in words), initial=0)
        self.places = [reference.place_before(at + shift) for at, shift in enumerate(shifts)]
        self.places.append(reference.last)
        self.errors = [*accumulate((errors[at] for at in words), initial=0), len(operations)]

    def candidates(self, at: int, around: int) -> list[int]:
        """Places for an end in front of a heard word: those that cut no knot first, then the nearest."""
        home = self.places[at]
        near = range(max(0, home - around), min(self.reference.last, home + around) + 1)
        return sorted(near, key=lambda place: (self.reference.is_inside(place), abs(place - home), place))

    def outside(self, at: int, step: int) -> int:
        """The heard word from which the path is in no knot, looked for in one direction."""
        while 0 < at <= len(self.heard) and self.reference.is_inside(self.places[at]):
            at += step
        return 0 if at <= 0 else min(at, len(self.heard) + 1)


@dataclass(frozen=True, slots=True)
class _End:
    """The end of an utterance: behind how many heard words, and where the reference may be cut for it."""

    at: int
    candidates: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to cut the reference up to a place; ``kept`` of the tokens of a knot that is cut there."""

    place: int
    errors: int = 0
    before: _Way | None = None
    kept: int = 0


def _together(path: _Path, starts: Sequence[int], around: int) -> list[list[int]]:
    """Numbers of the utterances that begin near a knot, in groups that are far from each other."""
    groups: list[list[int]] = []
    for number in range(1, len(starts) - 1):
        home = path.places[starts[number]]
        if not path.reference.has_knot(home - around, home + around):
            continue
        if groups and starts[number] - starts[groups[-1][-1]] <= _APART * around:
            groups[-1].append(number)
        else:
            groups.append([number])
    return groups


def _places(path: _Path, ends: Sequence[_End], margin: int) -> list[int]:
    """Places for these ends with fewer errors than the path has around them; empty if there are none."""
    first, last = path.outside(ends[0].at - margin, -1), path.outside(ends[-1].at + margin, 1)
    most = path.errors[last] - path.errors[first] - 1
    if most < 0:
        return []
    ways = [_Way(path.reference.in_front(path.places[first]))]
    at = first
    for end in [*ends, _End(last, [path.places[last]])]:
        heard = path.heard[at : end.at]
        ways = [way for place in end.candidates for way in _best(path.reference, ways, place, heard, most)]
        at = end.at
    return _taken(ways)


def _best(
    reference: Cuttable[Any], ways: Iterable[_Way], place: int, heard: Words, most: int
) -> Iterable[_Way]:
    """Go on up to a place: the ways with the fewest errors, if these are no more than so many.

    Where a knot is cut, one that kept more of it may turn out best though it has more errors by then, since
    what it kept cannot be lost any more: but only if that is more than it has errors more.
    """
    best: dict[int, _Way] = {}
    for way in ways:
        if way.place > place:
            continue
        kept, lost = reference.kept(way.place, way.kept, place)
        errors = way.errors + lost
        limit = min([most, *(each.errors + max(0, kept - each.kept) - 1 for each in best.values())])
        if errors > limit:
            continue
        piece = reference.piece(way.place, place)
        if abs(len(piece) - len(heard)) > limit - errors:
            continue
        errors += Levenshtein.distance(piece, heard, score_cutoff=limit - errors)
        if errors <= limit:
            best[kept] = _Way(place, errors, way, kept)
    return best.values()


def _taken(ways: Sequence[_Way]) -> list[int]:
    """The places between the ends of a way, if there is one."""
    places = []
    way = ways[0] if ways else None
    while way is not None:
        places.append(way.place)
        way = way.before
    return places[-2:0:-1]
