"""A cohort's counts until an onset and since, by whole combination of values or by value and pair apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from detectors.slices.counts import SliceCounts
from detectors.slices.marginals import EVERYTHING, Where, descriptions, kind
from detectors.slices.part import Sides, summed
from detectors.tally import ENOUGH_SPEAKERS
from detectors.unit import Attributes


class Splits(msgspec.Struct, frozen=True):
    """A combination's counts, or a slice's, until an onset and since.

    ``speakers`` are some that were heard since the onset, up to three; ``first_s`` is when it was seen first.
    """

    attributes: Attributes
    before: SliceCounts
    after: SliceCounts
    speakers: tuple[str, ...]
    first_s: float

    @property
    def sides(self) -> Sides:
        """The counts."""
        return Sides(self.before, self.after)


@dataclass(frozen=True, slots=True)
class Divided:
    """All of a cohort's counts.

    Parameters
    ----------
    parts
        Of every combination, which together are all of the speech; or, where ``is_apart``, of everything, of
        every value and of every pair of values.
    """

    parts: tuple[Splits, ...]
    is_apart: bool = False

    @property
    def whole(self) -> Sides:
        """Everything."""
        if not self.is_apart:
            return summed(each.sides for each in self.parts)
        every = (each.sides for each in self.parts if each.attributes == EVERYTHING)
        return next(every, Sides(SliceCounts(), SliceCounts()))

    def slices(self) -> Iterator[tuple[Where, Splits]]:
        """Every value and pair with its counts, or with those of one combination that is part of it."""
        for each in self.parts:
            if not self.is_apart:
                for where in descriptions(each.attributes):
                    yield where, each
            elif each.attributes:
                yield each.attributes, each

    def apart(self) -> Divided:
        """The same by value and pair."""
        if self.is_apart:
            return self
        sums: dict[Where, list[Splits]] = {EVERYTHING: list(self.parts)}
        for where, split in self.slices():
            sums.setdefault(where, []).append(split)
        return Divided(tuple(_together(where, parts) for where, parts in sums.items()), is_apart=True)

    def finest(self) -> list[Sides]:
        """The counts by what divides the speech most: combinations, or pairs or values of some attributes."""
        if not self.is_apart:
            return [each.sides for each in self.parts]
        kinds = Counter(kind(each.attributes) for each in self.parts)
        most = max(kinds, key=lambda each: (kinds[each], each), default=())
        return [each.sides for each in self.parts if kind(each.attributes) == most]


def _together(where: Where, parts: list[Splits]) -> Splits:
    whole = summed(each.sides for each in parts)
    speakers = list(dict.fromkeys(name for each in parts for name in each.speakers))[:ENOUGH_SPEAKERS]
    first_s = min((each.first_s for each in parts), default=float("inf"))
    return Splits(where, whole.before, whole.after, tuple(speakers), first_s)
