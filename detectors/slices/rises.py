"""How far the rate of each combination of attribute values rose since an onset, and how well that is known.

Of a cohort c with the rate R_c before the onset, a cell (one combination of values) had and has the rates

    r0 = R_c + u + noise,    r1 = R_c + u + rise + noise

What is usual there, u, is normal with mean 0 and the covariance of two cells

    K = A^2 [same cohort] + sum_f (tau_f^2 + w^2 [same cohort]) [same value of f] + w^2 / 2 [same values]

and w^2 / 2 more for a cell with itself: values mean the same to all cohorts, and a little more to one than to
another (w). tau_f is estimated from what was before (`detectors.slices.fit`). Given r0, u has the mean m and
the covariance C (the best linear prediction, in which a cell's own past counts as far as it is long), so

    y = r1 - R_c - m ~ N(rise, V1 + C)

Whatever is to blame, a cohort may have risen everywhere besides, by points or by a factor, and by not quite
the same everywhere: A^2 (1 + (q - 1)(q' - 1)) for two cells of a cohort, with q = (R_c + m) / R_c, and
d^2 a_c^2 for those that share a value, with a_c the cohort's mean rise. Variances V of rates count sessions,
not words (`SliceCounts.variance`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from detectors.slices.divided import Splits
from detectors.slices.fit import Known, spreads
from detectors.slices.part import Usual
from detectors.slices.sums import Cell, Floats, Pair
from detectors.unit import Attributes

MOST_CELLS = 256
"""Cells that are looked at: those of whom it is asked first, those with the most words first."""
ANYWHERE = 0.1
"""A: by how much a cohort may have moved everywhere."""
BETWEEN_VALUES = 0.25
"""tau_f before anything is known, in parts of the rate; it counts as one value of the attribute."""
OF_COHORT = 0.1
"""w, in parts of the rate."""
UNEVEN = 0.25
"""d: what a rise everywhere differs by between slices, in parts of it, over all attributes together."""
USUAL_CELLS = 30.0
"""So many cells that differ as expected are believed in before any is seen."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A cell: whose, its counts, and what its cohort's rates spread by."""

    cohort: str
    split: Splits
    usual: Usual


@dataclass(frozen=True, slots=True)
class Rises:
    """y of the cells that were heard since the onset, whitened: with L L' its covariance, L^-1 y.

    Parameters
    ----------
    cohorts, attributes
        Of each cell.
    words
        Of each cell, before and since.
    root
        L.
    whitened
        L^-1 y.
    """

    cohorts: tuple[str, ...]
    attributes: tuple[frozenset[Pair], ...]
    words: Floats
    root: Floats
    whitened: Floats

    @classmethod
    def of(
        cls, splits: Mapping[str, Sequence[Splits]], usual: Mapping[str, Usual], focus: Sequence[str]
    ) -> Rises | None:
        """From every cohort's combinations and what its rates spread by; None if none can be compared.

        ``focus`` are the cohorts in question.
        """
        places = [
            _Place(name, split, usual[name])
            for name, own in splits.items()
            if any(split.before.words for split in own)
            for split in own
            if split.before.words or split.after.words
        ]
        places.sort(key=lambda place: (place.cohort not in focus, -_words(place.split)))
        places = places[:MOST_CELLS]
        heard = [place for place in places if place.split.after.words]
        if not heard:
            return None
        scale = fmean(usual[name].before for name in focus)
        mean, covariance = _there(places, _prior(places, scale))
        rise = np.array([place.split.after.rate - place.usual.before for place in heard]) - mean
        noise = np.array([_variance(place, since=True) for place in heard])
        covariance += np.diag(noise) + _anywhere(heard, mean, rise, noise)
        root = np.asarray(np.linalg.cholesky(covariance), dtype=np.float64)
        return cls(
            tuple(place.cohort for place in heard),
            tuple(frozenset(place.split.attributes) for place in heard),
            np.array([float(_words(place.split)) for place in heard]),
            root,
            _solved(root, rise),
        )

    def cells(self, where: Attributes, cohorts: Sequence[str] | None = None) -> Floats:
        """1 for the cells of a slice, of these cohorts or of all; 0 for all others."""
        wanted = set(where)
        return np.array(
            [
                float((cohorts is None or cohort in cohorts) and wanted <= attributes)
                for cohort, attributes in zip(self.cohorts, self.attributes, strict=True)
            ]
        )

    def information(
        self, candidates: Sequence[Attributes], cohorts: Sequence[str] | None
    ) -> tuple[Floats, Floats]:
        """X' S^-1 X and X' S^-1 y, for X of shape cells by slices: what each says of its own rise."""
        whitened = _solved(self.root, self._columns(candidates, cohorts))
        return whitened.T @ whitened, whitened.T @ self.whitened

    def words_in(self, candidates: Sequence[Attributes], cohorts: Sequence[str] | None) -> Floats:
        """Words of each slice, before and since, of these cohorts or of all."""
        return np.asarray(self.words @ self._columns(candidates, cohorts), dtype=np.float64)

    def shared(self, candidates: Sequence[Attributes]) -> Floats:
        """Words that lie in both of two slices."""
        columns = self._columns(candidates, None)
        return np.asarray((columns.T * self.words) @ columns, dtype=np.float64)

    def knows(self, where: Attributes) -> bool:
        """Whether what lies in so many values together is known: of combinations all that does."""
        return bool(where)

    def misfit(self, explained: float, /) -> float:
        """How many times as much cells differ as is expected, beside what a fit explains of y' S^-1 y.

        Drawn to 1, as by 30 cells that differ as expected.
        """
        left = float(self.whitened @ self.whitened) - explained
        return (USUAL_CELLS + left) / (USUAL_CELLS + len(self.whitened))

    def _columns(self, candidates: Sequence[Attributes], cohorts: Sequence[str] | None) -> Floats:
        return np.array([self.cells(where, cohorts) for where in candidates]).T


def _solved(matrix: Floats, right: Floats) -> Floats:
    return np.asarray(np.linalg.solve(matrix, right), dtype=np.float64)


def _words(split: Splits) -> int:
    return split.before.words + split.after.words


def _variance(place: _Place, *, since: bool) -> float:
    """V of a cell's rate."""
    counts, usual = place.split.after if since else place.split.before, place.usual
    rate = usual.smoothed(counts, since=since)
    return usual.dispersion * rate * (1.0 - rate) * counts.binomial_spread / counts.words**2


def _same(values: Iterable[object]) -> Floats:
    """1 where two cells have the same value."""
    numbers: dict[object, int] = {}
    ids = np.array([numbers.setdefault(value, len(numbers)) for value in values])
    return np.asarray(ids[:, None] == ids[None, :], dtype=np.float64)


def _alike(places: Sequence[_Place]) -> dict[str, Floats]:
    """Of each attribute where two cells have the same value."""
    names = sorted({name for place in places for name, _ in place.split.attributes})
    return {name: _same(dict(place.split.attributes).get(name) for place in places) for name in names}


def _prior(places: Sequence[_Place], scale: float) -> Floats:
    """K."""
    cells = [
        Cell(
            place.cohort,
            place.split.attributes,
            place.split.before.rate - place.usual.before,
            1.0 / _variance(place, since=False),
            0.0,
            place.split.before.words,
        )
        for place in places
        if place.split.before.words
    ]
    known, own = spreads(Known.of(cells)), _same(place.cohort for place in places)
    of_cohort, at_first = (OF_COHORT * scale) ** 2, (BETWEEN_VALUES * scale) ** 2
    combination = _same(place.split.attributes for place in places)
    covariance = ANYWHERE**2 * own + of_cohort * (combination + np.eye(len(places))) / 2.0
    for name, alike in _alike(places).items():
        between, values = known.get(name, (0.0, 1))
        covariance += ((values - 1) * between + at_first) / values * alike + of_cohort * alike * own
    return covariance


def _there(places: Sequence[_Place], prior: Floats) -> tuple[Floats, Floats]:
    """m and C of the cells that were heard since the onset."""
    before = [index for index, place in enumerate(places) if place.split.before.words]
    after = [index for index, place in enumerate(places) if place.split.after.words]
    past = np.array([places[index].split.before.rate - places[index].usual.before for index in before])
    noise = np.diag([_variance(places[index], since=False) for index in before])
    across = prior[np.ix_(before, after)]
    weights = _solved(prior[np.ix_(before, before)] + noise, across)
    return weights.T @ past, prior[np.ix_(after, after)] - across.T @ weights


def _anywhere(heard: Sequence[_Place], mean: Floats, rise: Floats, noise: Floats) -> Floats:
    """What cells may have risen by besides, whatever is to blame."""
    own = _same(place.cohort for place in heard)
    relative = mean / np.array([place.usual.before for place in heard])
    risen = np.maximum(own @ (rise / noise) / (own @ (1.0 / noise)), 0.0)
    covariance = ANYWHERE**2 * own * (1.0 + np.outer(relative, relative))
    alike = _alike(heard)
    for each in alike.values():
        covariance += UNEVEN**2 / len(alike) * each * own * np.outer(risen, risen)
    return covariance
