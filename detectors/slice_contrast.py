"""Whether a slice rose by more than the same speakers' cohort did elsewhere.

With r0 and r1 the error rates of a slice before and since an onset, d = r1 - r0 is its rise. A slice s of a
cohort is held against all else of the same cohort at the same time, e:

    contrast = d_s - lambda max(d_e, 0) - min(d_e, 0),    lambda = min(max(1, r0_s / r0_e), 3)

so that a rise which hits all slices alike, by points or by a factor, names none. Over several cohorts, each
with its own baselines, contrasts are averaged with their inverse variances, so cohorts that rise differently
and work in different slices name none either. Variances count sessions, not words (`SliceCounts.variance`).

That the contrast is above 0 is tested at a level divided by the number of slices looked at (Bonferroni),
against Student's t with as many degrees of freedom as there are sessions since the onset in all slices
together, less one, since the spread is taken from all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist

from detectors.level import HIGHEST_LEVEL, LOWEST_LEVEL, PRIOR_INFLATION, PRIOR_UNITS
from detectors.slice_counts import SliceCounts

LARGEST_RATIO = 3.0
PRIOR_WORDS = 100.0
"""Weight of the cohort's rate in that of a slice, where a variance is taken from it."""
LEAST_SESSIONS = 5
"""On each side; with fewer a slice has too little data to be compared."""
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Sides:
    """Counts until an onset and since."""

    before: SliceCounts
    after: SliceCounts

    def without(self, part: Sides) -> Sides:
        """What is left without ``part``, which is in it."""
        return Sides(self.before.without(part.before), self.after.without(part.after))


@dataclass(frozen=True, slots=True)
class Usual:
    """What a cohort's rates spread by: phi of `SliceCounts.variance`, and its rates on both sides."""

    dispersion: float
    before: float
    after: float

    @classmethod
    def of(cls, cells: Iterable[Sides]) -> Usual:
        """From all combinations of a cohort: phi = (spreads + prior) / (binomial spreads + prior)."""
        spread = binomial = sessions = 0.0
        before, after = SliceCounts(), SliceCounts()
        for cell in cells:
            before.merge(cell.before)
            after.merge(cell.after)
            for side in (cell.before, cell.after):
                if side.sessions > 1:
                    rate = _kept(side.rate)
                    expected = rate * (1.0 - rate) * side.binomial_spread
                    spread += side.spread
                    binomial += expected * (side.sessions - 1.0) / side.sessions
                    sessions += side.sessions
        prior = PRIOR_UNITS * (binomial / sessions if binomial else 1.0)
        dispersion = (spread + PRIOR_INFLATION * prior) / (binomial + prior)
        return cls(dispersion, _kept(before.rate), _kept(after.rate))


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


def rise(sides: Sides, usual: Usual) -> Estimate:
    """d and its variance; infinite where a side is empty."""
    variance = 0.0
    for side, level in ((sides.before, usual.before), (sides.after, usual.after)):
        variance += side.variance(usual.dispersion, _smoothed(side, level))
    return Estimate(sides.after.rate - sides.before.rate, variance)


def contrast(inside: Sides, outside: Sides, usual: Usual) -> Estimate | None:
    """The slice's rise less that of all else, with its variance; None with too little to compare.

    A slice that did not exist before, as a new device, is held against what all else was before.
    """
    if inside.after.sessions < LEAST_SESSIONS or min(_sessions(outside)) < LEAST_SESSIONS:
        return None
    elsewhere = rise(outside, usual)
    if inside.before.sessions < LEAST_SESSIONS:
        level = _smoothed(inside.after, usual.after)
        there = inside.after.variance(usual.dispersion, level)
        here = outside.after.variance(usual.dispersion, _smoothed(outside.after, usual.after))
        return Estimate(inside.after.rate - outside.after.rate, there + here)
    own = rise(inside, usual)
    ratio = 1.0
    if elsewhere.value > 0.0:
        ratio = min(max(1.0, inside.before.rate / _kept(outside.before.rate)), LARGEST_RATIO)
    return Estimate(own.value - ratio * elsewhere.value, own.variance + ratio * ratio * elsewhere.variance)


def pooled(
    inside: Mapping[str, Sides], outside: Mapping[str, Sides], usual: Mapping[str, Usual]
) -> Estimate | None:
    """The contrast of all cohorts together; None where none has enough to compare."""
    found = (contrast(sides, outside[cohort], usual[cohort]) for cohort, sides in inside.items())
    return Estimate.together(each for each in found if each is not None)


def critical(level: float, sessions: int) -> float:
    """How many standard errors a contrast must have at a one-sided level, with so many sessions.

    Student's t by its expansion in 1 / degrees of freedom (Abramowitz and Stegun, 26.7.5), good to a percent
    from four degrees on at the levels asked for here.

    Examples
    --------
    >>> round(critical(0.001, 1_000_000), 2), round(critical(0.001, 31), 2)
    (3.09, 3.39)
    """
    z = -_NORMAL.inv_cdf(level)
    degrees = max(sessions - 1.0, 1.0)
    terms = (
        (z**3 + z) / 4.0,
        (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / 96.0,
        (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / 384.0,
    )
    return z + sum(term / degrees**order for order, term in enumerate(terms, 1))


def _sessions(sides: Sides) -> tuple[int, int]:
    return sides.before.sessions, sides.after.sessions


def _smoothed(counts: SliceCounts, level: float) -> float:
    return _kept((counts.errors + PRIOR_WORDS * level) / (counts.words + PRIOR_WORDS))


def _kept(rate: float) -> float:
    return min(max(rate, LOWEST_LEVEL), HIGHEST_LEVEL)
