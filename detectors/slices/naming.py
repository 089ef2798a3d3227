"""Which slices a rise comes from, mostly one or none: likely to be to blame, and risen beyond all else.

A slice is named if it is to blame with a chance of 80 % (`detectors.slices.explanations`), explains enough,
rose at least twice as much as all else, surely so where all else surely rose as well, and stands out from it
by more than the largest of so many does by chance: its own rise is tested at a level divided by the number of
slices looked at (Bonferroni), against Student's t with the variance and the degrees of freedom that its own
sessions and all others' give it together (`detectors.slices.scatter`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detectors.slices.explanations import SAME_SHARE, Likelihoods, RisesOfSlices, weigh
from detectors.slices.marginals import Where
from detectors.slices.part import LEAST_SESSIONS, Estimate, student
from detectors.slices.rises import Rises
from detectors.slices.rises_apart import RisesApart
from detectors.slices.scatter import Scatter
from detectors.slices.table import SliceTable
from detectors.tally import ENOUGH_SPEAKERS

CERTAIN, LIKELY = 0.8, 0.5
"""Chance that a slice is to blame from which on it is named, or called likely."""
FALSE_NAMES = 0.02
"""The chance that a slice is named although the rise is the same in all of them, at most."""
LEAST_RISE_ERRORS = 2.0
"""Standard errors by which a slice must have risen itself, whatever all else did."""
LEAST_RATIO = 2.0
"""How much more than all else at least it must have risen: real engines' rises everywhere differ so much."""
SURELY_RISEN, SURELY_MORE = 3.0, 2.33
"""Standard errors: what else rose by so many surely did; a slice must then have so many beyond that ratio."""
LEAST_SHARE, LIKELY_SHARE = 0.25, 0.5
"""Of the whole excess: what explains less is no answer to where it comes from."""


@dataclass(frozen=True, slots=True)
class Excess:
    """Errors since the onset less those that the slice's own baseline predicts for the words spoken.

    ``errors`` is the sum of `Part.excess_errors` over cohorts, ``share`` its part of the same of the slice
    and all else together; None where that is not above 0.
    """

    errors: float
    share: float | None


class Naming:
    """Names slices of a table.

    Parameters
    ----------
    table
        All slices.
    cohort
        Whose rise is to be explained; None for everybody's.
    """

    def __init__(self, table: SliceTable, cohort: str | None) -> None:
        self.table, self.cohort = table, cohort
        self.everybody = tuple(table.splits)
        self.focus = self.everybody if cohort is None else (cohort,)
        self.looked_at = [where for where in sorted(table.wanted) if self._is_candidate(table, where)]
        rises = self._rises() if self.looked_at else None
        self._known = None
        self._scatter = Scatter.of(table, self.focus)
        if rises is not None:
            new = [where for where in self.looked_at if self._is_new(where)]
            self._known = weigh(rises, self.looked_at, None if cohort is None else self.focus, new)
        self.chance = dict.fromkeys(self.looked_at, 0.0) if self._known is None else self._known.chance

    @property
    def too_little(self) -> list[Where]:
        """Slices that have had some speech since the onset, but too little to be compared."""
        known = set(self.looked_at)
        return [
            where
            for where in sorted(self.table.wanted)
            if where not in known and self.table.sides(where, self.focus).after.sessions
        ]

    def named(self) -> list[Where]:
        """The slices that are to blame, the likeliest first; mostly one or none."""
        found = [where for where in self.looked_at if self._stands_out(where)]
        if not self._explain(found, LEAST_SHARE):
            return []
        return sorted(found, key=self._order)

    def likely(self) -> Where | None:
        """Where none is named, the slice that is more likely to blame than not, and explains most."""
        best = max(self.looked_at, key=lambda where: self.chance[where], default=None)
        if best is None or self.chance[best] < LIKELY or not self._can_tell(best):
            return None
        return best if self._explain([best], LIKELY_SHARE) else None

    def excess(self, where: Where) -> Excess:
        """What a slice explains."""
        table = self.table
        here = table.cohorts_in(where, self.focus)
        errors = sum(table.part(where, cohort).excess_errors for cohort in here)
        rest = sum(table.rest(where, cohort).excess_errors for cohort in here)
        rest += sum(table.part((), cohort).excess_errors for cohort in self.focus if cohort not in here)
        whole = errors + rest
        return Excess(errors, errors / whole if whole > 0.0 else None)

    def _rises(self) -> RisesOfSlices | None:
        splits, usual = self.table.splits, self.table.usual
        if any(own.is_apart for own in splits.values()):
            return RisesApart.of(splits, usual, self.focus)
        return Rises.of({name: own.parts for name, own in splits.items()}, usual, self.focus)

    def _has_enough(self, table: SliceTable, where: Where) -> bool:
        """Whether a slice has enough speech of those in question, and all else of everybody."""
        if table.sides(where, self.focus).after.sessions < LEAST_SESSIONS:
            return False
        return _has_rest(table, where, self.everybody) and self._has_speakers(table, where)

    def _has_speakers(self, table: SliceTable, where: Where) -> bool:
        heard = table.speakers(where, self.focus)
        return len(heard) >= ENOUGH_SPEAKERS or not heard

    def _is_candidate(self, table: SliceTable, where: Where) -> bool:
        return self._has_enough(table, where) and not (len(where) == 2 and self._is_one(table, where))

    def _is_one(self, table: SliceTable, where: Where) -> bool:
        """Whether a pair is nearly the same speech since the onset as one of its values, which says as much.

        Such as a site under the engine version that is everywhere by then.
        """
        words = table.sides(where, self.focus).after.words
        values = (table.sides((value,), self.focus).after.words for value in where)
        return any(words >= SAME_SHARE * value for value in values)

    def _stands_out(self, where: Where) -> bool:
        known = self._known
        if known is None or not (_is_certain(known, where) and self._can_tell(where)):
            return False
        beyond, risen = known.beyond[where], self.table.rise(where, self.focus)
        scatter = self._scatter.since(where, self.everybody if beyond.is_everybodys else self.focus)
        degrees = min(scatter.degrees, self.table.sides((), self.focus).after.sessions - 1.0)
        asked = student(FALSE_NAMES / known.tests, max(degrees, 1.0)) * math.sqrt(scatter.ratio)
        return beyond.z > asked and risen is not None and risen.z > LEAST_RISE_ERRORS

    def _can_tell(self, where: Where) -> bool:
        """Whether those in question have enough speech elsewhere too, unless all cohorts' rise is meant."""
        known = self._known
        is_everybodys = known is not None and where in known.beyond and known.beyond[where].is_everybodys
        return is_everybodys or _has_rest(self.table, where, self.focus)

    def _is_new(self, where: Where) -> bool:
        return len(where) == 1 and not self.table.sides(where, self.everybody).before.words

    def _order(self, where: Where) -> tuple[float, float, Where]:
        return -round(self.chance[where], 2), -self.excess(where).errors, where

    def _explain(self, found: Sequence[Where], share: float) -> bool:
        """Whether slices rose by much more than all else, and explain so much of what surely is excess."""
        errors = sum(self.excess(where).errors for where in found)
        left = self.table.without(found)
        elsewhere, sure = self._elsewhere(found), 0.0
        risen = [self.table.rise(where, self.focus) for where in found]
        if elsewhere and any(each and not _is_much_more(each, elsewhere) for each in risen):
            return False
        for cohort in self.focus:
            part = left.part((), cohort)
            if part.sides.after.words:
                least = part.rise.value - LEAST_RISE_ERRORS * part.rise.variance**0.5
                sure += max(0.0, least) * part.sides.after.words
        return errors > 0.0 and errors >= share * (errors + sure)

    def _elsewhere(self, found: Sequence[Where]) -> Estimate | None:
        """The rise of what lies in none of these slices, nor in any other that is likely to blame."""
        likely = [where for where in self.looked_at if self.chance[where] >= LIKELY]
        return self.table.without([*found, *likely]).rise((), self.focus)


def _is_certain(known: Likelihoods, where: Where) -> bool:
    """Whether it is to blame; of a pair it must be likely as well however much cells differ by themselves."""
    return known.chance[where] >= CERTAIN and (len(where) == 1 or known.cautious[where] >= CERTAIN)


def _is_much_more(rise: Estimate, elsewhere: Estimate) -> bool:
    """Whether a rise is twice that of all else; surely so, where all else surely rose as well."""
    more = rise.value - LEAST_RATIO * elsewhere.value
    error = math.sqrt(rise.variance + LEAST_RATIO**2 * elsewhere.variance)
    return more >= (SURELY_MORE * error if elsewhere.z > SURELY_RISEN else 0.0)


def _has_rest(table: SliceTable, where: Where, cohorts: Iterable[str]) -> bool:
    """Whether those of these cohorts that are in a slice have enough speech outside of it."""
    here = table.cohorts_in(where, cohorts)
    rest = table.sides((), here).without(table.sides(where, here))
    return min(rest.before.sessions, rest.after.sessions) >= LEAST_SESSIONS
