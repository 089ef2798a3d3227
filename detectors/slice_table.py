"""All slices at once: counts of every value and every pair of values, by cohort, around an onset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from detectors.slice_contrast import Sides, Usual
from detectors.slice_counts import SliceCounts
from detectors.slices import Splits
from detectors.unit import Attributes

Where = Attributes
"""What describes a slice: one attribute with its value, or two."""


@dataclass(slots=True)
class SliceTable:
    """Sums over combinations of values.

    Parameters
    ----------
    splits
        Every cohort's combinations.
    wanted
        Which slices are summed.
    whole, usual
        Of each cohort all of it, and what its rates spread by.
    slices
        Of each slice its part of each cohort that has any.
    """

    splits: Mapping[str, Sequence[Splits]]
    wanted: frozenset[Where]
    whole: dict[str, Sides] = field(default_factory=dict)
    usual: dict[str, Usual] = field(default_factory=dict)
    slices: dict[Where, dict[str, Sides]] = field(default_factory=dict)

    @classmethod
    def of(cls, splits: Mapping[str, Sequence[Splits]], wanted: Iterable[Where]) -> SliceTable:
        """The table of these slices."""
        table = cls(splits, frozenset(wanted))
        for cohort, own in splits.items():
            table.whole[cohort] = _together(own)
            table.usual[cohort] = Usual.of(Sides(each.before, each.after) for each in own)
            for split in own:
                for where in descriptions(split.attributes):
                    if where in table.wanted:
                        _add(table.slices.setdefault(where, {}), cohort, split)
        return table

    def without(self, named: Iterable[Where]) -> SliceTable:
        """The table of what lies in none of these slices."""
        gone = [set(where) for where in named]
        left = {
            cohort: [split for split in own if not any(where <= set(split.attributes) for where in gone)]
            for cohort, own in self.splits.items()
        }
        return SliceTable.of(left, self.wanted)

    def inside(self, where: Where, cohorts: Iterable[str]) -> dict[str, Sides]:
        """A slice's part of these cohorts."""
        found = self.slices.get(where, {})
        return {cohort: found[cohort] for cohort in cohorts if cohort in found}

    def outside(self, where: Where, cohorts: Iterable[str]) -> dict[str, Sides]:
        """All else of those of these cohorts that have a part in the slice."""
        inside = self.inside(where, cohorts)
        return {cohort: self.whole[cohort].without(part) for cohort, part in inside.items()}


def descriptions(attributes: Attributes) -> Iterator[Where]:
    """The slices that a combination of values is part of: each value, each pair.

    Examples
    --------
    >>> list(descriptions((("device", "cart"), ("site", "ward-7"))))
    [(('device', 'cart'),), (('site', 'ward-7'),), (('device', 'cart'), ('site', 'ward-7'))]
    """
    for pair in attributes:
        yield (pair,)
    yield from combinations(attributes, 2)


def summed(parts: Iterable[Sides]) -> Sides:
    """The sum of several."""
    whole = Sides(SliceCounts(), SliceCounts())
    for part in parts:
        whole.before.merge(part.before)
        whole.after.merge(part.after)
    return whole


def _together(splits: Iterable[Splits]) -> Sides:
    return summed(Sides(split.before, split.after) for split in splits)


def _add(parts: dict[str, Sides], cohort: str, split: Splits) -> None:
    part = parts.get(cohort)
    if part is None:
        part = parts[cohort] = Sides(SliceCounts(), SliceCounts())
    part.before.merge(split.before)
    part.after.merge(split.after)
