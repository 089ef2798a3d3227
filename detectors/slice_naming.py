"""Which slice a rise comes from: the one that stands out most, at the smallest description, or none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detectors.slice_contrast import LEAST_SESSIONS, Estimate, Sides, contrast, critical, pooled
from detectors.slice_table import SliceTable, Where, summed
from detectors.tally import ENOUGH_SPEAKERS

FALSE_NAMES = 0.02
"""The chance that a slice is named although the rise is the same in all of them, at most."""
OF_SINGLES, OF_OWN = 0.5, 0.7
"""Shares of that chance: single values before pairs, the cohort's own contrast before that of everybody."""
LEAST_SHARE = 0.25
"""Of the whole excess: what explains less is no answer to where it comes from."""
MOST_NAMED = 3
WITHIN = 0.01
"""The chance that a pair which stands out by itself is held to stand out within one of its values as well."""
PAIR_SHARE = 0.6
"""A pair takes the place of a single value if it explains so much of what that explains."""


@dataclass(frozen=True, slots=True)
class Excess:
    """Errors since the onset less those that the slice's own baseline predicts for the words spoken.

    ``errors`` = sum over cohorts of E1 - r0 N1, with r0 the cohort's rate in the slice before, or its rate
    everywhere where it had fewer than 5 sessions there; ``share`` of that of the slice and all else together,
    None where there is none.
    """

    errors: float
    share: float | None


@dataclass(frozen=True, slots=True)
class _Candidate:
    where: Where
    score: float


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
        self.looked_at = [where for where in sorted(table.wanted) if self._has_enough(table, where)]

    @property
    def too_little(self) -> list[Where]:
        """Slices that have had some speech since the onset, but too little to be compared."""
        known = set(self.looked_at)
        return [
            where
            for where in sorted(self.table.wanted)
            if where not in known and self._sides(self.table, where).after.sessions
        ]

    def named(self) -> list[Where]:
        """The slices that stand out, each beyond those before it; mostly one or none."""
        found: list[Where] = []
        table = self.table
        while len(found) < MOST_NAMED:
            best = self._best(table)
            if best is None or (self.excess(best).share or 0.0) < LEAST_SHARE:
                break
            found.append(best)
            table = table.without([best])
        return found

    def excess(self, where: Where, table: SliceTable | None = None) -> Excess:
        """What a slice explains."""
        table = table or self.table
        inside, outside = table.inside(where, self.focus), table.outside(where, self.focus)
        errors = sum(excess_errors(sides, table.whole[name]) for name, sides in inside.items())
        rest = sum(excess_errors(outside[name], table.whole[name]) for name in inside)
        absent = (name for name in self.focus if name not in inside)
        rest += sum(excess_errors(table.whole[name], table.whole[name]) for name in absent)
        whole = errors + rest
        return Excess(errors, errors / whole if whole > 0.0 else None)

    def _has_enough(self, table: SliceTable, where: Where) -> bool:
        inside = self._sides(table, where)
        if inside.after.sessions < LEAST_SESSIONS:
            return False
        outside = summed(table.outside(where, self.focus).values())
        enough = min(outside.before.sessions, outside.after.sessions) >= LEAST_SESSIONS
        return enough and self._speakers(table, where)

    def _speakers(self, table: SliceTable, where: Where) -> bool:
        wanted, heard, has_keys = set(where), set[str](), False
        for cohort in self.focus:
            for split in table.splits[cohort]:
                if split.after.sessions and wanted <= set(split.attributes):
                    heard.update(split.speakers)
                    has_keys = has_keys or bool(split.speakers)
        return len(heard) >= ENOUGH_SPEAKERS or not has_keys

    def _sides(self, table: SliceTable, where: Where) -> Sides:
        return summed(table.inside(where, self.focus).values())

    def _best(self, table: SliceTable) -> Where | None:
        looked_at = [where for where in self.looked_at if self._has_enough(table, where)]
        singles = [where for where in looked_at if len(where) == 1]
        pairs = [where for where in looked_at if len(where) == 2]
        single = _first(self._standing_out(table, singles, OF_SINGLES))
        standing = self._standing_out(table, pairs, 1.0 - OF_SINGLES)
        pair = _first(each for each in standing if self._adds(table, each.where))
        if single is None or pair is None:
            best = single or pair
            return best.where if best else None
        errors, of_pair = (self.excess(each.where, table).errors for each in (single, pair))
        is_better = pair.score > single.score and of_pair >= PAIR_SHARE * errors
        return (pair if is_better else single).where

    def _standing_out(self, table: SliceTable, wheres: Sequence[Where], part: float) -> list[_Candidate]:
        routes = [
            (cohorts, critical(FALSE_NAMES * part * share / len(wheres), _sessions_since(table, cohorts)))
            for cohorts, share in self._routes()
            if wheres
        ]
        found = []
        for where in wheres:
            scores = []
            for cohorts, asked in routes:
                estimate = pooled(table.inside(where, cohorts), table.outside(where, cohorts), table.usual)
                if estimate is not None and estimate.z > asked:
                    scores.append(estimate.z)
            score = max(scores, default=None)
            if score is not None and (self.excess(where, table).share or 0.0) >= LEAST_SHARE:
                found.append(_Candidate(where, score))
        return found

    def _routes(self) -> list[tuple[tuple[str, ...], float]]:
        """Whose contrasts are asked, each with its share of the chance: the cohort's own, and everybody's."""
        if self.cohort is None or len(self.everybody) == 1:
            return [(self.focus, 1.0)]
        return [(self.focus, OF_OWN), (self.everybody, 1.0 - OF_OWN)]

    def _adds(self, table: SliceTable, where: Where) -> bool:
        """Whether a pair stands out within each of its two values."""
        asked = critical(WITHIN, _sessions_since(table, self.focus))
        for value in where:
            parents = table.inside((value,), self.focus)
            inside = table.inside(where, self.focus)
            within = (
                contrast(part, parents[cohort].without(part), table.usual[cohort])
                for cohort, part in inside.items()
            )
            estimate = Estimate.together(each for each in within if each is not None)
            if estimate is None or estimate.z <= asked:
                return False
        return True


def excess_errors(inside: Sides, whole: Sides) -> float:
    """E1 - r0 N1 of a cohort's part of a slice."""
    has_own = inside.before.sessions >= LEAST_SESSIONS
    usual = inside.before.rate if has_own else whole.before.rate
    return inside.after.errors - usual * inside.after.words


def _sessions_since(table: SliceTable, cohorts: Iterable[str]) -> int:
    return sum(table.whole[cohort].after.sessions for cohort in cohorts)


def _first(found: Iterable[_Candidate]) -> _Candidate | None:
    return min(found, key=lambda each: (-each.score, each.where), default=None)
