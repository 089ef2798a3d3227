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

from detectors.unit import Attributes

Pair = tuple[str, str]
"""An attribute and a value of it."""
ROUNDS = 6


@dataclass(frozen=True, slots=True)
class Cell:
    """A combination of values of a cohort.

    Parameters
    ----------
    deviation
        y, as a ratio.
    precision
        Its inverse variance by units.
    speakers
        Its inverse variance by speakers; 0 where they are not known.
    words
        For the cohort's mix.
    """

    cohort: str
    attributes: Attributes
    deviation: float
    precision: float
    speakers: float
    words: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What a value adds to a cohort's rate, with its variance, and its share of the cohort's words."""

    beyond: float
    variance: float
    share: float


def fit(cells: Sequence[Cell], cohort: str) -> dict[Pair, Effect]:
    """The effects of all values for one cohort; each attribute's are centred on the cohort's own mix.

    Parameters
    ----------
    cells
        Of this cohort and of others.

    Examples
    --------
    >>> cells = [
    ...     Cell(cohort, (("site", site),), beyond, 10_000.0, 0.0, 500)
    ...     for cohort in ("en-GB", "en-IN")
    ...     for site, beyond in (("ward-2", -0.04), ("ward-7", 0.04))
    ... ]
    >>> effects = fit(cells, "en-IN")
    >>> [round(effects["site", ward].beyond, 3) for ward in ("ward-2", "ward-7")]
    [-0.039, 0.039]
    """
    everywhere = _Factor.of_cohorts(cells)
    names = sorted({name for cell in cells for name, _ in cell.attributes})
    shared = {name: _Factor.of_attribute(name, enumerate(cells)) for name in names}
    own_cells = [(index, cell) for index, cell in enumerate(cells) if cell.cohort == cohort]
    own = {name: _Factor.of_attribute(name, own_cells) for name in names}
    left = [cell.deviation for cell in cells]
    for _ in range(ROUNDS):
        for factor in (everywhere, *shared.values(), *own.values()):
            factor.refit(cells, left)
    whole = sum(cell.words for _, cell in own_cells)
    found: dict[Pair, Effect] = {}
    for name in names:
        found.update(_effects(name, shared[name], own[name], cells, whole))
    return found


def spreads(cells: Sequence[Cell]) -> dict[str, tuple[float, int]]:
    """Of each attribute tau^2 of the effects that all cohorts share, and from how many values it is taken."""
    everywhere = _Factor.of_cohorts(cells)
    names = sorted({name for cell in cells for name, _ in cell.attributes})
    shared = {name: _Factor.of_attribute(name, enumerate(cells)) for name in names}
    left = [cell.deviation for cell in cells]
    for _ in range(ROUNDS):
        for factor in (everywhere, *shared.values()):
            factor.refit(cells, left)
    return {name: (factor.between, len(factor.members)) for name, factor in shared.items()}


@dataclass(slots=True)
class _Factor:
    """Effects that share a variance: ``members`` are the cells of each value, ``between`` is tau^2."""

    members: dict[str, list[int]] = field(default_factory=dict)
    is_fixed: bool = False
    between: float = 0.0
    effects: dict[str, float] = field(default_factory=dict)
    variances: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of_cohorts(cls, cells: Sequence[Cell]) -> _Factor:
        factor = cls(is_fixed=True)
        for index, cell in enumerate(cells):
            factor.members.setdefault(cell.cohort, []).append(index)
        return factor

    @classmethod
    def of_attribute(cls, name: str, cells: Iterable[tuple[int, Cell]]) -> _Factor:
        factor = cls()
        for index, cell in cells:
            for each, value in cell.attributes:
                if each == name:
                    factor.members.setdefault(value, []).append(index)
        return factor

    def refit(self, cells: Sequence[Cell], left: list[float]) -> None:
        """Fit the effects to what the others leave, and take them out of it."""
        means, errors = {}, {}
        for value, members in self.members.items():
            precision = sum([cells[index].precision for index in members])
            speakers = sum([cells[index].speakers for index in members])
            gathered = sum([left[index] * cells[index].precision for index in members])
            means[value] = self.effects.get(value, 0.0) + gathered / precision
            errors[value] = 1.0 / precision + (1.0 / speakers if speakers else 0.0)
        if not self.is_fixed:
            self.between = _between(means, errors)
        for value, members in self.members.items():
            kept = 1.0 if self.is_fixed else self.between / (self.between + errors[value])
            step = kept * means[value] - self.effects.get(value, 0.0)
            self.effects[value], self.variances[value] = kept * means[value], kept * errors[value]
            for index in members:
                left[index] -= step


def _between(means: Mapping[str, float], errors: Mapping[str, float]) -> float:
    """tau^2: what means vary by beyond their squared errors."""
    if len(means) < 2:
        return 0.0
    weights = {value: 1.0 / error for value, error in errors.items()}
    whole = sum(weights.values())
    centre = sum([weight * means[value] for value, weight in weights.items()]) / whole
    spread = sum([weight * (means[value] - centre) ** 2 for value, weight in weights.items()])
    chance = len(means) - 1.0
    return max(0.0, (spread - chance) / (whole - sum([weight**2 for weight in weights.values()]) / whole))


def _effects(
    name: str, shared: _Factor, own: _Factor, cells: Sequence[Cell], whole: int
) -> dict[Pair, Effect]:
    words = {value: sum(cells[index].words for index in members) for value, members in own.members.items()}
    beyond = {value: effect + own.effects.get(value, 0.0) for value, effect in shared.effects.items()}
    centre = sum(beyond[value] * each for value, each in words.items()) / whole
    return {
        (name, value): Effect(
            beyond[value] - centre,
            shared.variances[value] + own.variances.get(value, own.between),
            words.get(value, 0) / whole,
        )
        for value in beyond
    }
