"""Which slices a rise comes from, mostly one or none: likely to be to blame, and risen beyond all else.

A slice is named if it is to blame with a chance of 80 % (`detectors.slices.explanations`), explains enough,
rose at least twice as much as all else, and stands out from that by more than the largest of so many does by
chance: its own rise is tested at a level divided by the number of slices looked at (Bonferroni), against
Student's t with as many degrees of freedom as there are sessions since the onset in all slices together, less
one, since the spread is taken from all of them. Where its own sessions spread more, it is tested by that as
well, alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detectors.slices.counts import LEAST_SESSIONS_OF_OWN_SPREAD
from detectors.slices.explanations import SAME_SHARE, Beyond, RisesOfSlices, weigh
from detectors.slices.marginals import Where
from detectors.slices.part import LEAST_SESSIONS, critical
from detectors.slices.rises import Rises
from detectors.slices.rises_apart import RisesApart
from detectors.slices.table import SliceTable
from detectors.tally import ENOUGH_SPEAKERS

CERTAIN, LIKELY = 0.8, 0.5
"""Chance that a slice is to blame from which on it is named, or called likely."""
FALSE_NAMES = 0.02
"""The chance that a slice is named although the rise is the same in all of them, at most."""
FALSE_BY_OWN_SPREAD = 0.001
"""The same for one slice by what its own sessions spread by, where that is more than all slices' do."""
LEAST_RISE_ERRORS = 2.0
"""Standard errors by which a slice must have risen itself, whatever all else did."""
LEAST_RATIO = 2.0
"""How much more than all else at least it must have risen: real engines' rises everywhere differ so much."""
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
        if best is None or self.chance[best] < LIKELY or not self._explain([best], LIKELY_SHARE):
            return None
        return best

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
        if known is None or known.chance[where] < CERTAIN:
            return False
        beyond, risen = known.beyond[where], self.table.rise(where, self.focus)
        sessions = [self.table.sides(each, self.focus).after.sessions for each in ((), where)]
        asked = critical(FALSE_NAMES / known.tests, sessions[0]) * beyond.error
        more = self._overdispersion(where, beyond)
        if more > 1.0:
            asked = max(asked, critical(FALSE_BY_OWN_SPREAD, sessions[1]) * beyond.error * math.sqrt(more))
        is_beyond = beyond.z * beyond.error > asked
        return is_beyond and risen is not None and risen.z > LEAST_RISE_ERRORS

    def _overdispersion(self, where: Where, beyond: Beyond) -> float:
        """How many times as much a slice's own sessions vary as those of all slices do."""
        own = pooled = 0.0
        for cohort in self.table.cohorts_in(where, self.everybody if beyond.is_everybodys else self.focus):
            counts, usual = self.table.part(where, cohort).sides.after, self.table.usual[cohort]
            if counts.sessions >= LEAST_SESSIONS_OF_OWN_SPREAD:
                rate = usual.smoothed(counts, since=True)
                own += counts.spread * counts.sessions / (counts.sessions - 1.0)
                pooled += usual.dispersion * rate * (1.0 - rate) * counts.binomial_spread
        return own / pooled if pooled else 1.0

    def _is_new(self, where: Where) -> bool:
        return len(where) == 1 and not self.table.sides(where, self.everybody).before.words

    def _order(self, where: Where) -> tuple[float, float, Where]:
        return -round(self.chance[where], 2), -self.excess(where).errors, where

    def _explain(self, found: Sequence[Where], share: float) -> bool:
        """Whether slices rose by much more than all else, and explain so much of what surely is excess."""
        errors = sum(self.excess(where).errors for where in found)
        left = self.table.without(found)
        elsewhere, sure = left.rise((), self.focus), 0.0
        risen = [self.table.rise(where, self.focus) for where in found]
        least = LEAST_RATIO * elsewhere.value if elsewhere else 0.0
        if any(each and each.value < least for each in risen):
            return False
        for cohort in self.focus:
            part = left.part((), cohort)
            if part.sides.after.words:
                least = part.rise.value - LEAST_RISE_ERRORS * part.rise.variance**0.5
                sure += max(0.0, least) * part.sides.after.words
        return errors > 0.0 and errors >= share * (errors + sure)


def _has_rest(table: SliceTable, where: Where, cohorts: Iterable[str]) -> bool:
    """Whether those of these cohorts that are in a slice have enough speech outside of it."""
    here = table.cohorts_in(where, cohorts)
    rest = table.sides((), here).without(table.sides(where, here))
    return min(rest.before.sessions, rest.after.sessions) >= LEAST_SESSIONS
