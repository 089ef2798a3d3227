"""Which explanations of a rise are likely: nothing but a rise everywhere, one slice, a pair, several slices.

With S the covariance of rises y while no slice is to blame (`detectors.slices.rises`) and x_1 .. x_k the
cells of the slices that are, y ~ N(X delta, S) with deltas above 0 and of a half-normal prior of variance
t^2, an explanation is likelier than none by

    Q = X' S^-1 X + I / t^2,    d = Q^-1 X' S^-1 y
    B = exp(d' Q d / 2) |t^2 Q|^-1/2 prod_i 2 Phi(d_i / sqrt((Q^-1)_ii))

the product being exact for one slice. Chances are prior x B, summed to 1, so that a site and what it shares
with a device are told apart only by what fits better, and several slices with the same trouble do not hide
each other. A slice may have risen for the cohort in question alone or for all cohorts alike; both blame it.
Of descriptions of the same speech the likeliest has the chance of all. What a slice shares with each other
value, a pair with a third one, may have risen by not quite the same: else whichever is allowed to would fit
better by what cells differ by themselves.

Reference: Kass and Raftery, Bayes factors (JASA 90, 1995).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from detectors.slices.sums import Floats
from detectors.unit import Attributes

SAME_SHARE = 0.95
"""Two descriptions that share so much of their speech describe the same slice."""
MOSTLY = 0.5
"""Values that make up so much of another, and lie in it, are no explanation besides it."""
MOST = 0.6
"""A pair that makes up so much of one of its values is no explanation besides it."""
RISE = 0.15
"""t: what slices rise by, as a ratio."""
NONE, ONE, PAIR, SEVERAL = 0.3, 0.4, 0.2, 0.1
"""Prior chances of each kind of explanation, shared evenly among those of a kind."""
MOST_TOGETHER = 3
"""So many values of one attribute may be to blame together,"""
TRIED_TOGETHER = 8
"""of those that stand out most."""
UNEVEN = 0.3
"""What rises of a slice's parts differ by, in parts of its own: one that rose more is no better answer."""
NEW_WEIGHT = 4.0
"""How much likelier a value is to blame that nobody had before."""
_LEAST_RISE = 0.001
_LEAST = 1e-300
_PHI = NormalDist().cdf


class RisesOfSlices(Protocol):
    """How far slices rose, and how well that is known (`detectors.slices.rises`, `.slice_rises_apart`)."""

    def information(
        self, candidates: Sequence[Attributes], cohorts: Sequence[str] | None
    ) -> tuple[Floats, Floats]:
        """X' S^-1 X and X' S^-1 y of these slices, of these cohorts or of all."""

    def words_in(self, candidates: Sequence[Attributes], cohorts: Sequence[str] | None) -> Floats:
        """Words of each slice, of these cohorts or of all."""

    def shared(self, candidates: Sequence[Attributes]) -> Floats:
        """Words that lie in both of two slices."""

    def knows(self, where: Attributes) -> bool:
        """Whether what lies in so many values together is known."""

    def misfit(self, explained: float, /) -> float:
        """How many times as much rises differ as is expected, beside what a fit explains of y' S^-1 y."""


@dataclass(frozen=True, slots=True)
class Beyond:
    """A slice's rise beyond all else's in standard errors, their size, and whether all cohorts' is meant."""

    z: float
    error: float
    is_everybodys: bool


@dataclass(frozen=True, slots=True)
class Likelihoods:
    """What is likely.

    Parameters
    ----------
    chance
        Of each slice, that it is to blame, alone or with others.
    cautious
        The same where cells differ by as much more than is expected of them as they do (`Rises.misfit`).
    beyond
        Of each slice its rise by the likeliest explanation with it.
    tests
        How many slices were looked at, for some cohorts and for all.
    """

    chance: dict[Attributes, float]
    cautious: dict[Attributes, float]
    beyond: dict[Attributes, Beyond]
    tests: int


@dataclass(frozen=True, slots=True)
class _Explanation:
    slices: tuple[Attributes, ...]
    beyond: tuple[Beyond, ...]
    log_chance: float
    fit: float


def weigh(
    rises: RisesOfSlices,
    candidates: Sequence[Attributes],
    cohorts: Sequence[str] | None,
    new: Collection[Attributes],
) -> Likelihoods:
    """How likely it is of each slice that it is to blame.

    Parameters
    ----------
    candidates
        Single values and pairs.
    cohorts
        Those in question; None for everybody.
    new
        Values that nobody had before the onset.
    """
    kinds = [None] if cohorts is None else [cohorts, None]
    shared = rises.shared(candidates)
    of_kinds = [_OneKind(rises, candidates, kind, new, shared) for kind in kinds]
    found = _explanations(of_kinds)
    beyond = {where: own for each in found for where, own in zip(each.slices, each.beyond, strict=True)}
    chance = cautious = _chances(candidates, shared, found)
    misfit = rises.misfit(found[-1].fit)
    if misfit > 1.0:
        for each in of_kinds:
            each.widen(misfit)
        cautious = _chances(candidates, shared, _explanations(of_kinds))
    return Likelihoods(chance, cautious, beyond, len(kinds) * len(candidates))


def _explanations(of_kinds: Sequence[_OneKind]) -> list[_Explanation]:
    """All of them, the likeliest last."""
    found = [_Explanation((), (), math.log(NONE), 0.0)]
    for each in of_kinds:
        found += each.explanations(math.log(1.0 / len(of_kinds)))
    return sorted(found, key=lambda each: each.log_chance)


def _chances(
    candidates: Sequence[Attributes], shared: Floats, found: Sequence[_Explanation]
) -> dict[Attributes, float]:
    weights = [math.exp(each.log_chance - found[-1].log_chance) for each in found]
    whole = sum(weights)
    chance = dict.fromkeys(candidates, 0.0)
    for each, weight in zip(found, weights, strict=True):
        for where in each.slices:
            chance[where] += weight / whole
    return _of_same_speech(candidates, shared, chance)


def _of_same_speech(
    candidates: Sequence[Attributes], shared: Floats, chance: dict[Attributes, float]
) -> dict[Attributes, float]:
    most = np.maximum(np.diag(shared)[:, None], np.diag(shared)[None, :])
    together = dict(chance)
    for index, where in enumerate(candidates):
        is_same = (shared[index] >= SAME_SHARE * most[index]).tolist()
        same = [each for each, flag in zip(candidates, is_same, strict=True) if flag]
        if where == min(same, key=lambda each: (-chance[each], len(each), each)):
            together[where] = sum(chance[each] for each in same)
    return together


class _OneKind:
    """Slices that rose for some cohorts alone, or for all."""

    def __init__(
        self,
        rises: RisesOfSlices,
        candidates: Sequence[Attributes],
        cohorts: Sequence[str] | None,
        new: Collection[Attributes],
        shared: Floats,
    ) -> None:
        self.own_words = rises.words_in(candidates, cohorts)
        self.all_words = float(rises.words_in([()], cohorts)[0])
        self.candidates, self.is_everybodys = candidates, cohorts is None
        indices = [index for index in range(len(candidates)) if self.own_words[index] > 0.0]
        self.singles = [index for index in indices if len(candidates[index]) == 1]
        self.pairs = [index for index in indices if len(candidates[index]) == 2 and not self._is_most(index)]
        # within[i, j]: nearly all of j lies in i.
        self.words = np.diag(shared)
        self.within = shared >= SAME_SHARE * self.words[None, :]
        self.weights = {index: NEW_WEIGHT if candidates[index] in new else 1.0 for index in self.singles}
        self.inside = {
            whole: [each for each in indices if self._is_part(each, whole)] for whole in self.singles
        }
        parts = list(candidates)
        for pair in self.pairs:
            thirds = self._thirds(pair, rises, cohorts)
            self.inside[pair] = list(range(len(parts), len(parts) + len(thirds)))
            parts += thirds
        self.known, self.score = rises.information(parts, cohorts)

    def widen(self, scale: float) -> None:
        """Take all variances as so many times as large."""
        self.known, self.score = self.known / scale, self.score / scale

    def explanations(self, log_prior: float) -> list[_Explanation]:
        whole = sum(self.weights.values())
        found = [
            self._uneven(index, log_prior + math.log(ONE * weight / whole))
            for index, weight in self.weights.items()
        ]
        found += [self._uneven(index, log_prior + math.log(PAIR / len(self.pairs))) for index in self.pairs]
        for share, together in self._several():
            if together:
                found += self._weighed(np.array(together), log_prior + math.log(share / len(together)))
        return found

    def _uneven(self, index: int, log_prior: float) -> _Explanation:
        """One slice, whose parts may have risen by not quite the same."""
        where = self.candidates[index]
        parts = [index, *self.inside[index]]
        known, score = self.known[np.ix_(parts, parts)], self.score[parts]
        rise = max(score[0] / (known[0, 0] + 1.0 / RISE**2), _LEAST_RISE)
        prior = np.array([RISE**2, *[(UNEVEN * rise) ** 2] * (len(parts) - 1)])
        precision = known + np.diag(1.0 / prior)
        variance = np.linalg.inv(precision)
        delta = variance @ score
        fit = float(delta @ score)
        log_b = (fit - np.linalg.slogdet(precision)[1] - np.log(prior).sum()) / 2.0
        above = _log_above(delta[0] / math.sqrt(variance[0, 0]))
        beyond = self._beyond(rise * math.sqrt(known[0, 0] + 1.0 / RISE**2), rise)
        return _Explanation((where,), (beyond,), log_prior + float(log_b) + above, fit)

    def _is_most(self, pair: int) -> bool:
        """Whether a pair has most of what one of its values has: it is told as that value."""
        wanted = self.candidates[pair]
        values = [each for each in self.singles if self.candidates[each][0] in wanted]
        return any(self.own_words[pair] >= MOST * self.own_words[each] for each in values)

    def _thirds(self, pair: int, rises: RisesOfSlices, cohorts: Sequence[str] | None) -> list[Attributes]:
        """What a pair shares with each value of other attributes, where that is not nearly all of it."""
        where = self.candidates[pair]
        names = {name for name, _ in where}
        others = [value for each in self.singles for value in self.candidates[each] if value[0] not in names]
        thirds = [
            third for third in (tuple(sorted((*where, value))) for value in others) if rises.knows(third)
        ]
        words = rises.words_in(thirds, cohorts) if thirds else ()
        most = SAME_SHARE * self.own_words[pair]
        return [third for third, own in zip(thirds, words, strict=True) if 0.0 < own < most]

    def _several(self) -> Iterator[tuple[float, list[tuple[int, ...]]]]:
        """Values of one attribute together, by how many they are, each with its share of the prior chance."""
        z = self.score / np.sqrt(np.maximum(np.diag(self.known), _LEAST))
        names: dict[str, list[int]] = {}
        for index in sorted(self.singles, key=lambda each: -z[each]):
            names.setdefault(self.candidates[index][0][0], []).append(index)
        for size in range(2, MOST_TOGETHER + 1):
            tried = (combinations(indices[:TRIED_TOGETHER], size) for indices in names.values())
            together = [
                each
                for several in tried
                for each in several
                if not (self._is_one(each) or self._is_all(each))
            ]
            yield SEVERAL / (MOST_TOGETHER - 1), together

    def _is_part(self, index: int, whole: int) -> bool:
        return bool(self.within[whole, index] and not self.within[index, whole])

    def _is_one(self, together: Sequence[int]) -> bool:
        """Whether all of these lie in one other value: the devices of a ward are told as the ward."""
        parts = list(together)
        others = [each for each in self.singles if each not in parts]
        most = self.words[parts].sum() / MOSTLY
        return any(self.within[each, parts].all() and self.words[each] <= most for each in others)

    def _is_all(self, together: Sequence[int]) -> bool:
        """Whether nearly nothing is left besides these: both engine versions are everywhere."""
        return bool(self.own_words[list(together)].sum() >= SAME_SHARE * self.all_words)

    def _weighed(self, together: NDArray[np.int64], log_prior: float) -> Iterator[_Explanation]:
        size = together.shape[1]
        precision = self.known[together[:, :, None], together[:, None, :]] + np.eye(size) / RISE**2
        score = self.score[together]
        variance = np.linalg.inv(precision)
        delta = np.einsum("nij,nj->ni", variance, score)
        fits = np.einsum("ni,ni->n", delta, score)
        log_bs = (fits - np.linalg.slogdet(RISE**2 * precision)[1]) / 2.0
        z = delta / np.sqrt(np.diagonal(variance, axis1=1, axis2=2))
        for indices, log_b, rises, errors, fit in zip(together, log_bs, delta, z, fits, strict=True):
            yield _Explanation(
                tuple(self.candidates[index] for index in indices),
                tuple(self._beyond(own, rise) for own, rise in zip(errors, rises, strict=True)),
                log_prior + float(log_b) + sum(_log_above(each) for each in errors),
                float(fit),
            )

    def _beyond(self, z: float, rise: float) -> Beyond:
        return Beyond(float(z), float(rise / z) if z else 0.0, self.is_everybodys)


def _log_above(z: float) -> float:
    """log 2 Phi(z)."""
    return math.log(max(2.0 * _PHI(z), _LEAST))
