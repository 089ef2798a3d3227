"""What is usual in slices: a cohort's and everybody's effects of attribute values on the error rate.

With y the rate of a cohort c in a cell (a combination of values) less the cohort's rate everywhere,

    y = a_c + sum_f u_f,k + sum_f w_f,k + noise

with u_f,k of mean 0 and variance tau_f^2 over the values k of attribute f, the same for all cohorts, and
w_f,k likewise of one cohort alone: what it finds harder than others do. Each is shrunk by what the values'
means m vary beyond chance,

    u = m tau^2 / (tau^2 + s^2),    var u = s^2 tau^2 / (tau^2 + s^2),    s^2 = 1 / W + 1 / P

with W the precision of m by units and P that by speakers, since a site has only so many; tau^2 by the method
of moments. All are fitted in turns, which solves the mixed model's equations (Gauss-Seidel).

References: Henderson, Best linear unbiased estimation and prediction under a selection model (Biometrics 31,
1975); DerSimonian and Laird, Meta-analysis in clinical trials (Controlled Clinical Trials 7, 1986).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detectors.slices.sums import Cell, Floats, Pair, ValueSums, values_in

ROUNDS = 6


@dataclass(frozen=True, slots=True)
class Effect:
    """What a value adds to a cohort's rate, with its variance, and its share of the cohort's words."""

    beyond: float
    variance: float
    share: float


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of cohorts, each by sums over ``values``; those of an attribute follow each other."""

    values: Sequence[Pair]
    sums: Mapping[str, ValueSums]

    @classmethod
    def of(cls, cells: Iterable[Cell]) -> Known:
        """From whole combinations."""
        by_cohort: dict[str, list[Cell]] = {}
        for cell in cells:
            by_cohort.setdefault(cell.cohort, []).append(cell)
        values = values_in(cell.attributes for own in by_cohort.values() for cell in own)
        return cls(values, {name: ValueSums.of_cells(own, values) for name, own in by_cohort.items()})

    def attributes(self) -> dict[str, slice]:
        """Where the values of each attribute are."""
        names = [name for name, _ in self.values]
        return {name: slice(names.index(name), names.index(name) + names.count(name)) for name in names}


def fit(known: Known, cohort: str) -> dict[Pair, Effect]:
    """The effects of all values for one cohort; each attribute's are centred on the cohort's own mix.

    Parameters
    ----------
    known
        Of this cohort and of others.

    Examples
    --------
    >>> cells = [
    ...     Cell(cohort, (("site", site),), beyond, 10_000.0, 0.0, 500)
    ...     for cohort in ("en-GB", "en-IN")
    ...     for site, beyond in (("ward-2", -0.04), ("ward-7", 0.04))
    ... ]
    >>> effects = fit(Known.of(cells), "en-IN")
    >>> [round(effects["site", ward].beyond, 3) for ward in ("ward-2", "ward-7")]
    [-0.039, 0.039]
    """
    solved = _Solution(known)
    shared, own = solved.factors(known.sums), solved.factors([cohort])
    solved.solve([*shared.values(), *own.values()])
    found: dict[Pair, Effect] = {}
    words, whole = known.sums[cohort].words, known.sums[cohort].all_words
    for name, places in known.attributes().items():
        beyond = solved.effects[cohort][places]
        centre = float(beyond @ words[places]) / whole
        variances = shared[name].variances + own[name].variances
        for number, pair in enumerate(known.values[places]):
            if shared[name].is_heard[number]:
                variance = float(variances[number])
                share = float(words[places][number]) / whole
                found[pair] = Effect(float(beyond[number]) - centre, variance, share)
    return found


def spreads(known: Known) -> dict[str, tuple[float, int]]:
    """Of each attribute tau^2 of the effects that all cohorts share, and from how many values it is taken."""
    solved = _Solution(known)
    shared = solved.factors(known.sums)
    solved.solve(list(shared.values()))
    return {
        name: (factor.between, int(factor.is_heard.sum()))
        for name, factor in shared.items()
        if factor.is_heard.any()
    }


class _Solution:
    """Each cohort's mean a_c, and the effects of values on it, as far as they are fitted."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.means = dict.fromkeys(known.sums, 0.0)
        self.effects = {name: np.zeros(len(known.values)) for name in known.sums}

    def factors(self, cohorts: Iterable[str]) -> dict[str, _Factor]:
        """One for each attribute, of effects that these cohorts share."""
        names, sums = list(cohorts), self.known.sums
        return {
            name: _Factor(
                names,
                places,
                _together(sums[each].by_value[places] for each in names),
                _together(sums[each].speakers[places] for each in names),
            )
            for name, places in self.known.attributes().items()
        }

    def solve(self, factors: Sequence[_Factor]) -> None:
        """Fit all in turns to what the others leave."""
        for _ in range(ROUNDS):
            for name, sums in self.known.sums.items():
                left = sums.deviation - float(sums.by_value @ self.effects[name])
                self.means[name] = left / sums.precision
            for factor in factors:
                factor.refit(self)

    def left(self, cohort: str, places: slice) -> Floats:
        """What the fit leaves of the deviations of these values."""
        sums = self.known.sums[cohort]
        fitted = sums.by_value[places] * self.means[cohort] + sums.precisions[places] @ self.effects[cohort]
        return np.asarray(sums.deviations[places] - fitted, dtype=np.float64)


@dataclass(slots=True)
class _Factor:
    """Effects of an attribute's values that some cohorts share, and their variance ``between``, tau^2."""

    cohorts: Sequence[str]
    places: slice
    precision: Floats
    speakers: Floats
    between: float = 0.0
    is_heard: NDArray[np.bool_] = field(init=False)
    errors: Floats = field(init=False)
    effects: Floats = field(init=False)
    variances: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.is_heard = self.precision > 0.0
        by_units = 1.0 / np.where(self.is_heard, self.precision, 1.0)
        by_speakers = np.where(
            self.speakers > 0.0, 1.0 / np.where(self.speakers > 0.0, self.speakers, 1.0), 0.0
        )
        self.errors = by_units + by_speakers
        self.effects, self.variances = np.zeros_like(self.errors), np.zeros_like(self.errors)

    def refit(self, solved: _Solution) -> None:
        """Fit the effects to what the others leave."""
        heard = self.is_heard
        gathered = _together(solved.left(cohort, self.places) for cohort in self.cohorts)
        means = self.effects + gathered / np.where(heard, self.precision, 1.0)
        self.between = _between(means[heard], self.errors[heard])
        kept = np.where(heard, self.between / (self.between + self.errors), 0.0)
        step = kept * means - self.effects
        self.effects = kept * means
        self.variances = np.where(heard, kept * self.errors, self.between)
        for cohort in self.cohorts:
            solved.effects[cohort][self.places] += step


def _together(parts: Iterable[Floats]) -> Floats:
    return np.asarray(sum(parts), dtype=np.float64)


def _between(means: Floats, errors: Floats) -> float:
    """tau^2: what means vary by beyond their squared errors."""
    if len(means) < 2:
        return 0.0
    weights = 1.0 / errors
    whole = weights.sum()
    centre = (weights @ means) / whole
    spread, chance = weights @ (means - centre) ** 2, len(means) - 1.0
    return float(max(0.0, (spread - chance) / (whole - (weights @ weights) / whole)))
