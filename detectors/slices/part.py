"""A cohort's part of a slice: by how much its error rate rose there, and how well that is known.

With r1 the error rate of a cohort in a slice since an onset and b its rate there before, d = r1 - b is its
rise. b is what it was, r0, drawn towards what is to be expected as far as little is known of it (empirical
Bayes): with the prior mean B and variance tau^2,

    b = B + w (r0 - B),    w = tau^2 / (tau^2 + var r0),    var b = w var r0

Over several cohorts, each with its own baselines, rises are averaged with their inverse variances. Variances
count sessions, not words (`SliceCounts.variance`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from detectors.level import HIGHEST_LEVEL, LOWEST_LEVEL, PRIOR_INFLATION, PRIOR_UNITS
from detectors.slices.counts import SliceCounts

PRIOR_WORDS = 100.0
"""Weight of the cohort's rate in that of a slice, where a variance is taken from it."""
LEAST_SESSIONS = 5
"""Since the onset, in a slice, and outside of it on each side; with fewer it cannot be compared."""
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Sides:
    """Counts until an onset and since."""

    before: SliceCounts
    after: SliceCounts

    def without(self, part: Sides) -> Sides:
        """What is left without ``part``, which is in it."""
        return Sides(self.before.without(part.before), self.after.without(part.after))


def summed(parts: Iterable[Sides]) -> Sides:
    """The sum of several."""
    whole = Sides(SliceCounts(), SliceCounts())
    for part in parts:
        whole.before.merge(part.before)
        whole.after.merge(part.after)
    return whole


@dataclass(frozen=True, slots=True)
class Usual:
    """What a cohort's rates spread by: phi of `SliceCounts.variance`, and its rates on both sides."""

    dispersion: float
    before: float
    after: float

    @classmethod
    def of(cls, cells: Sequence[Sides], whole: Sides | None = None) -> Usual:
        """From what a cohort is divided into: phi = (spreads + prior) / (binomial spreads + prior).

        ``whole`` is all of its speech, where ``cells`` may not be.
        """
        spread = binomial = sessions = 0.0
        every = whole or summed(cells)
        for cell in cells:
            for side in (cell.before, cell.after):
                if side.sessions > 1:
                    rate = _kept(side.rate)
                    expected = rate * (1.0 - rate) * side.binomial_spread
                    spread += side.spread
                    binomial += expected * (side.sessions - 1.0) / side.sessions
                    sessions += side.sessions
        prior = PRIOR_UNITS * (binomial / sessions if binomial else 1.0)
        dispersion = (spread + PRIOR_INFLATION * prior) / (binomial + prior)
        return cls(dispersion, _kept(every.before.rate), _kept(every.after.rate))

    def smoothed(self, counts: SliceCounts, *, since: bool) -> float:
        """A slice's rate until the onset, or since, drawn to the cohort's: what its variance is taken at."""
        level = self.after if since else self.before
        return _kept((counts.errors + PRIOR_WORDS * level) / (counts.words + PRIOR_WORDS))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its variance."""

    value: float
    variance: float

    @property
    def z(self) -> float:
        """Value in standard errors."""
        return self.value / math.sqrt(self.variance)

    @classmethod
    def together(cls, parts: Iterable[Estimate]) -> Estimate | None:
        """The mean with inverse variances as weights; None of nothing."""
        precision = weighted = 0.0
        for part in parts:
            precision += 1.0 / part.variance
            weighted += part.value / part.variance
        return cls(weighted / precision, 1.0 / precision) if precision else None


@dataclass(frozen=True, slots=True)
class Prior:
    """B and tau^2: what a cohort's rate in a slice is expected to be, whatever it was itself."""

    rate: float
    variance: float


@dataclass(frozen=True, slots=True)
class Part:
    """A cohort's part of a slice: its counts, b, and d, of infinite variance without speech since."""

    sides: Sides
    baseline: Estimate
    rise: Estimate

    @classmethod
    def of(cls, sides: Sides, prior: Prior, usual: Usual) -> Part:
        """From counts and what is expected of them."""
        before, after = sides.before, sides.after
        baseline = Estimate(prior.rate, prior.variance)
        if before.words and prior.variance:
            own = before.variance(usual.dispersion, usual.smoothed(before, since=False))
            weight = prior.variance / (prior.variance + own)
            baseline = Estimate(prior.rate + weight * (before.rate - prior.rate), weight * own)
        variance = after.variance(usual.dispersion, usual.smoothed(after, since=True)) + baseline.variance
        return cls(sides, baseline, Estimate(after.rate - baseline.value, variance))

    @property
    def excess_errors(self) -> float:
        """E1 - b N1: errors since the onset beyond those that the baseline predicts for the words spoken."""
        return self.sides.after.errors - self.baseline.value * self.sides.after.words


def student(level: float, degrees: float) -> float:
    """How many standard errors a rise beyond others' must have at a one-sided level: Student's t.

    By its expansion in 1 / degrees of freedom (Abramowitz and Stegun, 26.7.5), good to a percent from some
    four of them on at the levels asked for here.

    Examples
    --------
    >>> round(student(0.001, 1e6), 2), round(student(0.001, 30.0), 2)
    (3.09, 3.39)
    """
    z = -_NORMAL.inv_cdf(level)
    terms = (
        (z**3 + z) / 4.0,
        (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / 96.0,
        (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / 384.0,
    )
    return z + sum(term / degrees**order for order, term in enumerate(terms, 1))


def _kept(rate: float) -> float:
    return min(max(rate, LOWEST_LEVEL), HIGHEST_LEVEL)
