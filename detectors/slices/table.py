"""All slices at once: counts of every value and every pair of values, by cohort, around an onset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from detectors.slices.counts import SliceCounts
from detectors.slices.divided import Divided, Splits
from detectors.slices.marginals import Where
from detectors.slices.part import Estimate, Part, Prior, Sides, Usual, summed

PRIOR_ERRORS = 20.0
BETWEEN_SLICES = 0.25
"""Standard deviation of a slice's rate around what is expected of it, in parts of the cohort's rate."""


@dataclass(slots=True)
class SliceTable:
    """Sums over combinations of values, or what was counted of each slice.

    Parameters
    ----------
    splits
        Every cohort's combinations, or slices.
    wanted
        Which slices are summed.
    whole, usual
        Of each cohort all of it, and what its rates spread by.
    slices
        Of each slice its part of each cohort that has any.
    """

    splits: Mapping[str, Divided]
    wanted: frozenset[Where]
    whole: dict[str, Sides] = field(default_factory=dict)
    usual: dict[str, Usual] = field(default_factory=dict)
    slices: dict[Where, dict[str, Sides]] = field(default_factory=dict)
    _parts: dict[tuple[Where, str], Part] = field(default_factory=dict)
    _rests: dict[tuple[Where, str], Part] = field(default_factory=dict)

    @classmethod
    def of(cls, splits: Mapping[str, Divided], wanted: Iterable[Where]) -> SliceTable:
        """The table of these slices."""
        table = cls(splits, frozenset(wanted))
        for cohort, own in splits.items():
            table.whole[cohort] = own.whole
            table.usual[cohort] = Usual.of(own.finest(), own.whole)
            for where, split in own.slices():
                if where in table.wanted:
                    _add(table.slices.setdefault(where, {}), cohort, split)
        return table

    def without(self, named: Iterable[Where]) -> SliceTable:
        """The table of what lies in none of these slices.

        Of cohorts whose slices are counted apart only everything is known then. Of slices that overlap there
        only the first is taken out: what several have in common is not known.
        """
        gone = _disjoint(named) if any(own.is_apart for own in self.splits.values()) else list(named)
        sets = [set(where) for where in gone]
        left = {
            cohort: Divided(
                (self._left(cohort, own, gone),)
                if own.is_apart
                else tuple(
                    split for split in own.parts if not any(where <= set(split.attributes) for where in sets)
                ),
                is_apart=own.is_apart,
            )
            for cohort, own in self.splits.items()
        }
        table = SliceTable.of(left, self.wanted)
        for cohort, own in self.splits.items():
            if own.is_apart:
                table.usual[cohort] = replace(table.usual[cohort], dispersion=self.usual[cohort].dispersion)
        return table

    def _left(self, cohort: str, own: Divided, gone: Iterable[Where]) -> Splits:
        whole = own.whole
        for where in gone:
            part = self.slices.get(where, {}).get(cohort)
            whole = whole if part is None else whole.without(part)
        return Splits((), whole.before, whole.after, (), float("-inf"))

    def speakers(self, where: Where, cohorts: Iterable[str]) -> set[str]:
        """Some of those who spoke in a slice since the onset, up to three of each part of it."""
        wanted, heard = set(where), set[str]()
        for cohort in cohorts:
            own = self.splits[cohort]
            for split in own.parts:
                values = split.attributes
                is_in = values == where if own.is_apart else wanted <= set(values)
                if is_in and split.after.sessions:
                    heard.update(split.speakers)
        return heard

    def prior(self, where: Where, cohort: str) -> Prior:
        """What a cohort's rate in a slice is expected to be: its rate everywhere, times what is usual there.

        What is usual there is the errors of all cohorts in the slice over those that their rates everywhere
        predict (indirect standardisation), before the onset. Of a slice that nobody had before, such as a new
        device, as much is expected as of everything else.
        """
        everywhere = self.usual[cohort].before
        errors = expected = 0.0
        for name, sides in self.slices.get(where, {}).items():
            errors += sides.before.errors
            expected += self.usual[name].before * sides.before.words
        if where and not expected:
            return Prior(everywhere, 0.0)
        ratio = (errors + PRIOR_ERRORS) / (expected + PRIOR_ERRORS)
        return Prior(everywhere * ratio, (BETWEEN_SLICES * everywhere) ** 2)

    def part(self, where: Where, cohort: str) -> Part:
        """A cohort's part of a slice; of everything where that is empty."""
        part = self._parts.get((where, cohort))
        if part is None:
            sides = self.slices[where][cohort] if where else self.whole[cohort]
            part = Part.of(sides, self.prior(where, cohort), self.usual[cohort])
            self._parts[where, cohort] = part
        return part

    def rest(self, where: Where, cohort: str) -> Part:
        """What a cohort has outside of a slice."""
        part = self._rests.get((where, cohort))
        if part is None:
            sides = self.whole[cohort].without(self.slices[where][cohort])
            part = Part.of(sides, self.prior((), cohort), self.usual[cohort])
            self._rests[where, cohort] = part
        return part

    def cohorts_in(self, where: Where, cohorts: Iterable[str]) -> list[str]:
        """Those of these cohorts that have a part in a slice."""
        known = self.slices.get(where, {}) if where else self.whole
        return [cohort for cohort in cohorts if cohort in known]

    def rise(self, where: Where, cohorts: Iterable[str]) -> Estimate | None:
        """The mean rise of these cohorts in a slice; None where nothing was said there since the onset."""
        parts = (self.part(where, cohort) for cohort in self.cohorts_in(where, cohorts))
        return Estimate.together(part.rise for part in parts if part.sides.after.words)

    def sides(self, where: Where, cohorts: Iterable[str]) -> Sides:
        """The counts of these cohorts together in a slice."""
        known = self.slices.get(where, {}) if where else self.whole
        return summed(known[cohort] for cohort in cohorts if cohort in known)


def _disjoint(named: Iterable[Where]) -> list[Where]:
    """Those that have no speech in common with the ones before: other values of an attribute."""
    found: list[Where] = []
    for where in named:
        values = dict(where)
        if all(any(values.get(name, value) != value for name, value in each) for each in found):
            found.append(where)
    return found


def _add(parts: dict[str, Sides], cohort: str, split: Splits) -> None:
    part = parts.get(cohort)
    if part is None:
        part = parts[cohort] = Sides(SliceCounts(), SliceCounts())
    part.before.merge(split.before)
    part.after.merge(split.after)
