"""Which slice a rise comes from: the one that stands out most, at the smallest description, or none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detectors.slice_contrast import LEAST_SESSIONS, Estimate, contrast, critical
from detectors.slice_table import SliceTable, Where
from detectors.tally import ENOUGH_SPEAKERS

FALSE_NAMES = 0.02
"""The chance that a slice is named although the rise is the same in all of them, at most."""
LIKELY = 0.1
"""The same for a slice that is only called likely, where none is named."""
OF_SINGLES, OF_OWN = 0.8, 0.5
"""Shares of that chance: single values before pairs, the cohort's own contrast before that of everybody."""
LEAST_RISE_ERRORS = 2.0
"""Standard errors by which a slice must have risen itself, whatever all else did."""
LEAST_SHARE, LIKELY_SHARE = 0.25, 0.5
"""Of the whole excess: what explains less is no answer to where it comes from."""
MOST_NAMED = 3
WITHIN = 0.002
"""The chance that some pair with a value is held to stand out within that value, which is the cause."""
OUTDONE = 3.0
"""By so much in chi-squared a pair must fit better than one of its values for that not to be named either."""
PAIR_SHARE = 0.4
"""A pair takes the place of a single value if it explains so much of what that explains."""


@dataclass(frozen=True, slots=True)
class Excess:
    """Errors since the onset less those that the slice's own baseline predicts for the words spoken.

    ``errors`` is the sum of `Part.excess_errors` over cohorts, ``share`` its part of the same of the slice
    and all else together; None where that is not above 0.
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
        self.looked_at = [where for where in sorted(table.wanted) if self._is_candidate(table, where)]

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
        """The slices that stand out, each beyond those before it; mostly one or none."""
        found: list[Where] = []
        table = self.table
        while len(found) < MOST_NAMED:
            best = self._best(table, FALSE_NAMES)
            if best is None or (self.excess(best).share or 0.0) < LEAST_SHARE:
                break
            found.append(best)
            table = table.without([best])
        return found

    def likely(self) -> Where | None:
        """Where none is named, the slice that explains most of the excess and may well be the cause."""
        best = self._best(self.table, LIKELY)
        return best if best is not None and (self.excess(best).share or 0.0) >= LIKELY_SHARE else None

    def excess(self, where: Where, table: SliceTable | None = None) -> Excess:
        """What a slice explains."""
        table = table or self.table
        here = table.cohorts_in(where, self.focus)
        errors = sum(table.part(where, cohort).excess_errors for cohort in here)
        rest = sum(table.rest(where, cohort).excess_errors for cohort in here)
        rest += sum(table.part((), cohort).excess_errors for cohort in self.focus if cohort not in here)
        whole = errors + rest
        return Excess(errors, errors / whole if whole > 0.0 else None)

    def _has_enough(self, table: SliceTable, where: Where) -> bool:
        """Whether a slice has enough speech of those in question, and all else of everybody."""
        if table.sides(where, self.focus).after.sessions < LEAST_SESSIONS:
            return False
        return _has_rest(table, where, self.everybody) and self._has_speakers(table, where)

    def _has_speakers(self, table: SliceTable, where: Where) -> bool:
        wanted, heard, has_keys = set(where), set[str](), False
        for cohort in self.focus:
            for split in table.splits[cohort]:
                if split.after.sessions and wanted <= set(split.attributes):
                    heard.update(split.speakers)
                    has_keys = has_keys or bool(split.speakers)
        return len(heard) >= ENOUGH_SPEAKERS or not has_keys

    def _is_candidate(self, table: SliceTable, where: Where) -> bool:
        return self._has_enough(table, where) and not (len(where) == 2 and self._is_one(table, where))

    def _is_one(self, table: SliceTable, where: Where) -> bool:
        """Whether a pair is the same speech as one of its values."""
        pair = table.sides(where, self.focus)
        values = (table.sides((value,), self.focus) for value in where)
        return any(
            (pair.before.words, pair.after.words) == (value.before.words, value.after.words)
            for value in values
        )

    def _best(self, table: SliceTable, chance: float) -> Where | None:
        looked_at = [where for where in self.looked_at if self._is_candidate(table, where)]
        singles = [where for where in looked_at if len(where) == 1]
        pairs = [where for where in looked_at if len(where) == 2]
        single = _first(self._standing_out(table, singles, chance * OF_SINGLES))
        standing = self._standing_out(table, pairs, chance * (1.0 - OF_SINGLES))
        pair = _first(each for each in standing if self._adds(table, each.where, pairs))
        if single is not None and pair is None and _outdone(single, standing):
            return None
        if single is None or pair is None:
            best = single or pair
            return best.where if best else None
        errors, of_pair = (self.excess(each.where, table).errors for each in (single, pair))
        is_better = pair.score > single.score and of_pair >= PAIR_SHARE * errors
        return (pair if is_better else single).where

    def _standing_out(self, table: SliceTable, wheres: Sequence[Where], chance: float) -> list[_Candidate]:
        routes = [
            (cohorts, critical(chance * share / len(wheres), _sessions_since(table, cohorts)))
            for cohorts, share in self._routes()
            if wheres
        ]
        found = []
        for where in wheres:
            risen = table.rise(where, self.focus)
            if risen is None or risen.z <= LEAST_RISE_ERRORS:
                continue
            contrasts = [
                (table.contrast(where, cohorts), asked)
                for cohorts, asked in routes
                if _has_rest(table, where, cohorts)
            ]
            scores = [each.z for each, asked in contrasts if each is not None and each.z > asked]
            if scores and (self.excess(where, table).share or 0.0) >= LEAST_SHARE:
                found.append(_Candidate(where, max(scores)))
        return found

    def _routes(self) -> list[tuple[tuple[str, ...], float]]:
        """Whose contrasts are asked, each with its share of the chance: the cohort's own, and everybody's."""
        if self.cohort is None or len(self.everybody) == 1:
            return [(self.focus, 1.0)]
        return [(self.focus, OF_OWN), (self.everybody, 1.0 - OF_OWN)]

    def _adds(self, table: SliceTable, where: Where, pairs: Sequence[Where]) -> bool:
        """Whether a pair stands out within each of its two values."""
        sessions = _sessions_since(table, self.focus)
        for value in where:
            asked = critical(WITHIN / sum(value in pair for pair in pairs), sessions)
            found = (
                contrast(table.part(where, cohort), table.between((value,), where, cohort))
                for cohort in table.cohorts_in(where, self.focus)
            )
            estimate = Estimate.together(each for each in found if each is not None)
            if estimate is None or estimate.z <= asked:
                return False
        return True


def _outdone(single: _Candidate, pairs: Iterable[_Candidate]) -> bool:
    """Whether a pair with this value fits much better, though it is not certain that it is only the pair."""
    value = single.where[0]
    return any(value in pair.where and pair.score**2 > single.score**2 + OUTDONE for pair in pairs)


def _has_rest(table: SliceTable, where: Where, cohorts: Iterable[str]) -> bool:
    """Whether those of these cohorts that are in a slice have enough speech outside of it."""
    here = table.cohorts_in(where, cohorts)
    rest = table.sides((), here).without(table.sides(where, here))
    return min(rest.before.sessions, rest.after.sessions) >= LEAST_SESSIONS


def _sessions_since(table: SliceTable, cohorts: Iterable[str]) -> int:
    return table.sides((), cohorts).after.sessions


def _first(found: Iterable[_Candidate]) -> _Candidate | None:
    return min(found, key=lambda each: (-each.score, each.where), default=None)
