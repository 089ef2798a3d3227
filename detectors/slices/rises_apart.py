"""How far slices rose where their combinations are too many to be counted: from values and pairs alone.

The model is that of `detectors.slices.rises` with effects of values in place of a covariance of cells: of a
cohort c, before the onset and since,

    r0 = R_c + a + sum_f (s_f,k + o_c,f,k) + noise,    a ~ A^2,  s ~ tau_f^2,  o ~ w^2
    r1 = the same + g + q h + sum_f z_c,f,k + noise,   g, h ~ A^2,  z ~ d^2 a_c^2 / number of attributes

with s the same for all cohorts, and q = m / R_c the part by which values are usually above the rate. Let B
hold the precisions of values, alone and together, on both sides, b what they say of the rates, and L the
covariance of all effects but s. Of slices x, with B_x what they have in common with the values,

    x' S^-1 x = x'x - B_x K B_x',    x' S^-1 y = b_x - B_x K b,    K = (1 + L B)^-1 L

for each cohort (Woodbury); from their sums s is taken in the same way. So nothing grows with the number of
combinations. A pair has an own effect besides, of variance w^2, as a cell has. Words count alike everywhere
in a cohort; what the rate of a slice scatters more than the cohort's comes on top.

References: Woodbury, Inverting modified matrices (Princeton, 1950); Henderson, Kempthorne, Searle and von
Krosigk, The estimation of environmental and genetic trends from records subject to culling (Biometrics 15,
1959).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

import numpy as np

from detectors.slices.counts import SliceCounts
from detectors.slices.divided import Divided
from detectors.slices.explanations import RISE
from detectors.slices.fit import Known, fit, spreads
from detectors.slices.marginals import EVERYTHING, Where
from detectors.slices.overlaps import LEAST, Overlaps
from detectors.slices.part import Usual
from detectors.slices.rises import ANYWHERE, BETWEEN_VALUES, OF_COHORT, UNEVEN
from detectors.slices.sums import Floats, ValueSums, values_in

MOST_COHORTS = 24
"""That are looked at: those in question, then those with the most words."""
LEAST_BELOW = 1.0 / (2.0 * RISE**2)
"""Half of the precision that rises have before anything is known: so far below 0 does no harm."""


@dataclass(frozen=True, slots=True)
class _Side:
    """A cohort until the onset, or since: counts by slice, and what they come to by value."""

    counts: Mapping[Where, SliceCounts]
    a_word: float
    sums: ValueSums
    _found: dict[tuple[Where, ...], Overlaps] = field(default_factory=dict)

    @classmethod
    def of(cls, counts: Mapping[Where, SliceCounts], known: Known, usual: Usual, *, since: bool) -> _Side:
        whole, level = counts[EVERYTHING], usual.after if since else usual.before
        scatter = usual.dispersion * level * (1.0 - level)
        a_word = whole.words / (scatter * whole.binomial_spread) if whole.words else 0.0
        return cls(counts, a_word, ValueSums.of_slices(counts, known.values, a_word, rate=usual.before))

    def words(self, wheres: Sequence[Where]) -> Floats:
        """Of each slice."""
        counts = [self.counts.get(where) for where in wheres]
        return np.array([0.0 if each is None else float(each.words) for each in counts])

    def deviations(self, wheres: Sequence[Where], rate: float) -> Floats:
        """b_x."""
        counts = [self.counts.get(where) for where in wheres]
        return self.a_word * np.array(
            [0.0 if each is None else each.errors - rate * each.words for each in counts]
        )

    def overlaps(self, known: Known, wheres: Sequence[Where]) -> Overlaps:
        """What slices have in common; of the last list that was asked for it is remembered."""
        key = tuple(wheres)
        if key not in self._found:
            self._found.clear()
            self._found[key] = Overlaps(known, self.sums, wheres, self.a_word * self.words(wheres))
        return self._found[key]


class _OfCohort:
    """One cohort: K, and what it says of the effects that all share, s.

    ``told`` is K b, ``across`` K B T with T the values of both sides.
    """

    def __init__(self, before: _Side, after: _Side, usual: Usual, covariance: Floats) -> None:
        self.before, self.after, self.usual = before, after, usual
        both, said = _gathered(before.sums, after.sums)
        self.kept = np.linalg.solve(np.eye(len(said)) + covariance @ both, covariance)
        count = len(before.sums.words)
        values = np.zeros((len(said), count))
        values[1 : 1 + count] = values[2 + count :] = np.eye(count)
        shared = both @ values
        self.told, self.across = self.kept @ said, self.kept @ shared
        self.precision = values.T @ shared - shared.T @ self.across
        self.deviation = values.T @ said - shared.T @ self.told


@dataclass(slots=True)
class _Said:
    """What cohorts say of the rise of slices: information and score, and in common with s."""

    known: Floats
    score: Floats
    shared: Floats


class RisesApart:
    """What values and pairs say of the rises of slices; see `detectors.slices.explanations.RisesOfSlices`."""

    def __init__(self, known: Known, cohorts: Mapping[str, _OfCohort], shared: Floats, scale: float) -> None:
        self._known, self._cohorts = known, cohorts
        self._of_pair = (OF_COHORT * scale) ** 2
        precision = sum(each.precision for each in cohorts.values())
        self._shared = np.linalg.inv(precision + np.diag(1.0 / shared))
        self._told = self._shared @ sum(each.deviation for each in cohorts.values())

    @classmethod
    def of(
        cls, divided: Mapping[str, Divided], usual: Mapping[str, Usual], focus: Sequence[str]
    ) -> RisesApart | None:
        """From every cohort's slices and what its rates spread by; None if none can be compared.

        ``focus`` are the cohorts in question.
        """
        slices = {
            name: {each.attributes: each for each in divided[name].apart().parts}
            for name in _looked_at(divided, focus)
        }
        if not any(own[EVERYTHING].after.words for own in slices.values()):
            return None
        values = values_in(where for own in slices.values() for where in own)
        without = Known(values, {})
        sides = {
            name: [
                _Side.of(
                    {where: each.before for where, each in own.items()}, without, usual[name], since=False
                ),
                _Side.of(
                    {where: each.after for where, each in own.items()}, without, usual[name], since=True
                ),
            ]
            for name, own in slices.items()
        }
        known = Known(values, {name: before.sums for name, (before, _) in sides.items()})
        scale = fmean(usual[name].before for name in focus)
        cohorts = {
            name: _OfCohort(
                before, after, usual[name], _covariance(known, name, after.sums, usual[name], scale)
            )
            for name, (before, after) in sides.items()
        }
        return cls(known, cohorts, _of_all(known, scale), scale)

    def information(
        self, candidates: Sequence[Where], cohorts: Sequence[str] | None
    ) -> tuple[Floats, Floats]:
        """X' S^-1 X and X' S^-1 y of these slices, of these cohorts or of all."""
        count = len(candidates)
        known, score = np.zeros((count, count)), np.zeros(count)
        across, more = np.zeros((count, len(self._known.values))), _More(count)
        for each in self._chosen(cohorts):
            overlaps = each.after.overlaps(self._known, candidates)
            rows = overlaps.rows
            since = slice(rows.shape[1], None)
            known += overlaps.with_each_other() - rows @ each.kept[since, since] @ rows.T
            score += each.after.deviations(candidates, each.usual.before) - rows @ each.told[since]
            across += overlaps.with_values - rows @ each.across[since]
            more.add(rows[:, 0], *self._usually(each, candidates), _scatter(each, candidates))
        known -= across @ self._shared @ across.T
        score -= across @ self._told
        own = np.maximum(np.diag(known), 0.0)
        kept = 1.0 / (1.0 + own * more.variance)
        return _positive(known * np.sqrt(np.outer(kept, kept))), kept * (score - own * more.mean)

    def knows(self, where: Where) -> bool:
        """Whether a slice is counted: values and pairs are."""
        return len(where) <= 2

    def misfit(self, _explained: float, /) -> float:
        """1: combinations, which could differ by more than is expected, are not counted."""
        return 1.0

    def words_in(self, candidates: Sequence[Where], cohorts: Sequence[str] | None) -> Floats:
        """Words of each slice, of these cohorts or of all."""
        sides = (side for each in self._chosen(cohorts) for side in (each.before, each.after))
        return np.asarray(sum(side.words(candidates) for side in sides), dtype=np.float64)

    def shared(self, candidates: Sequence[Where]) -> Floats:
        """Words that lie in both of two slices."""
        both = np.zeros((len(candidates), len(candidates)))
        for each in self._cohorts.values():
            for side in (each.before, each.after):
                if side.a_word:
                    both += side.overlaps(self._known, candidates).with_each_other() / side.a_word
        return both

    def _chosen(self, cohorts: Sequence[str] | None) -> list[_OfCohort]:
        return [each for name, each in self._cohorts.items() if cohorts is None or name in cohorts]

    def _usually(self, own: _OfCohort, candidates: Sequence[Where]) -> tuple[Floats, Floats]:
        """What a pair has beyond its values, and the variance of that; 0 of a value."""
        side, is_pair = own.before, np.array([len(where) == 2 for where in candidates])
        overlaps = side.overlaps(self._known, candidates)
        rows = overlaps.rows
        until = slice(rows.shape[1])
        left = side.deviations(candidates, own.usual.before) - rows @ own.told[until]
        left -= (overlaps.with_values - rows @ own.across[until]) @ self._told
        variance = np.where(is_pair, 1.0 / (1.0 / self._of_pair + rows[:, 0]), 0.0)
        return variance * left, variance


class _More:
    """What rates of slices differ by besides, over cohorts by their precision: the mean, and its variance."""

    def __init__(self, count: int) -> None:
        self._precision, self._mean, self._variance = np.zeros(count), np.zeros(count), np.zeros(count)

    def add(self, precision: Floats, mean: Floats, variance: Floats, scatter: Floats) -> None:
        """Add a cohort: what its slices usually have, and how much more they scatter than it does."""
        self._precision += precision
        self._mean += precision * mean
        self._variance += precision**2 * variance + precision * np.maximum(scatter - 1.0, 0.0)

    @property
    def mean(self) -> Floats:
        """Of each slice."""
        return np.asarray(self._mean / np.maximum(self._precision, LEAST), dtype=np.float64)

    @property
    def variance(self) -> Floats:
        """Of each slice."""
        return np.asarray(self._variance / np.maximum(self._precision, LEAST) ** 2, dtype=np.float64)


def _looked_at(divided: Mapping[str, Divided], focus: Sequence[str]) -> list[str]:
    words = {name: own.whole for name, own in divided.items()}
    known = [name for name, sides in words.items() if sides.before.words]
    known.sort(
        key=lambda name: (name not in focus, -words[name].before.words - words[name].after.words, name)
    )
    return known[: max(MOST_COHORTS, len(focus))]


def _gathered(before: ValueSums, after: ValueSums) -> tuple[Floats, Floats]:
    """B and b: everything and every value before the onset, then the same since."""
    size = len(before.words) + 1
    both, said = np.zeros((2 * size, 2 * size)), np.zeros(2 * size)
    for start, sums in ((0, before), (size, after)):
        block = both[start : start + size, start : start + size]
        block[0, 0], block[1:, 1:] = sums.precision, sums.precisions
        block[0, 1:] = block[1:, 0] = sums.by_value
        said[start], said[start + 1 : start + size] = sums.deviation, sums.deviations
    return both, said


def _covariance(known: Known, cohort: str, after: ValueSums, usual: Usual, scale: float) -> Floats:
    """L."""
    usually = fit(known, cohort)
    mean = np.array([usually[pair].beyond if pair in usually else 0.0 for pair in known.values])
    risen = 0.0
    if after.precision:
        risen = max((after.deviation - float(after.by_value @ mean)) / after.precision, 0.0)
    standing = np.diag([ANYWHERE**2, *[(OF_COHORT * scale) ** 2] * len(mean)])
    relative = np.concatenate([[0.0], mean / usual.before])
    since = ANYWHERE**2 * np.outer(relative, relative)
    uneven = UNEVEN**2 / max(len(known.attributes()), 1) * risen**2
    since += np.diag([ANYWHERE**2, *[uneven] * len(mean)])
    return np.block([[standing, standing], [standing, standing + since]])


def _of_all(known: Known, scale: float) -> Floats:
    """tau^2 of each value, to which what is held before anything is known counts as one value."""
    found, at_first = spreads(known), (BETWEEN_VALUES * scale) ** 2
    variances = np.full(len(known.values), at_first)
    for name, places in known.attributes().items():
        between, values = found.get(name, (0.0, 1))
        variances[places] = ((values - 1) * between + at_first) / values
    return variances


def _scatter(own: _OfCohort, candidates: Sequence[Where]) -> Floats:
    """How many times as much the rates of slices scatter since the onset as the cohort's does."""
    level = own.usual.after
    rates = [
        own.usual.smoothed(own.after.counts.get(where, SliceCounts()), since=True) for where in candidates
    ]
    return np.array([rate * (1.0 - rate) / (level * (1.0 - level)) for rate in rates])


def _positive(known: Floats) -> Floats:
    """Without what is far below 0 by what is estimated of overlaps."""
    try:
        np.linalg.cholesky(known + LEAST_BELOW * np.eye(len(known)))
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(known)
        return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T, dtype=np.float64)
    return known
