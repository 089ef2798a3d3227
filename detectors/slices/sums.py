"""What the fit of effects asks of a cohort's counts: precisions by value, and by value together with value.

The normal equations of effects that add up (`detectors.slices.fit`) hold no more than sums over all that has
a value, and over all that has two. So these are enough, be they gathered from whole combinations or counted
apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.slices.counts import SliceCounts
from detectors.slices.marginals import EVERYTHING, Where
from detectors.unit import Attributes

Floats = NDArray[np.float64]
Pair = tuple[str, str]
"""An attribute and a value of it."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A combination of values of a cohort.

    Parameters
    ----------
    deviation
        Its rate less the cohort's, as a ratio.
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
class ValueSums:
    """Sums of one cohort over the values of one list; everywhere with the index of a value in it.

    Parameters
    ----------
    precision, deviation
        Of everything: sum of precisions, and of precisions times deviations.
    precisions
        Of shape values by values: the sum over what has both.
    deviations
        Of each value, sum of precisions times deviations.
    speakers, words
        Of each value; ``all_words`` of everything.
    """

    precision: float
    deviation: float
    precisions: Floats
    deviations: Floats
    speakers: Floats
    words: Floats
    all_words: float

    @property
    def by_value(self) -> Floats:
        """Precision of each value."""
        return np.asarray(np.diag(self.precisions), dtype=np.float64)

    @classmethod
    def of_cells(cls, cells: Sequence[Cell], values: Sequence[Pair]) -> ValueSums:
        """From whole combinations."""
        index = {pair: number for number, pair in enumerate(values)}
        has = np.zeros((len(cells), len(values)))
        for row, cell in enumerate(cells):
            for pair in cell.attributes:
                has[row, index[pair]] = 1.0
        precision = np.array([cell.precision for cell in cells])
        deviation = precision * np.array([cell.deviation for cell in cells])
        words = np.array([float(cell.words) for cell in cells])
        return cls(
            float(precision.sum()),
            float(deviation.sum()),
            (has.T * precision) @ has,
            has.T @ deviation,
            has.T @ np.array([cell.speakers for cell in cells]),
            has.T @ words,
            float(words.sum()),
        )

    @classmethod
    def of_slices(
        cls,
        slices: Mapping[Where, SliceCounts],
        values: Sequence[Pair],
        a_word: float,
        speakers_a_word: float = 0.0,
        rate: float | None = None,
    ) -> ValueSums:
        """From counts of everything, of values and of pairs.

        Of pairs that are not counted so much is expected as if their values were drawn apart.

        Parameters
        ----------
        a_word, speakers_a_word
            Precision of a word, by units and by speakers.
        rate
            What deviations are taken from; the rate of everything where it is None.
        """
        whole, count = slices[EVERYTHING], len(values)
        level = whole.rate if rate is None else rate
        index = {pair: number for number, pair in enumerate(values)}
        words, errors, both = np.zeros(count), np.zeros(count), np.zeros((count, count))
        kinds = set[tuple[str, str]]()
        for where, counts in slices.items():
            places = [index[pair] for pair in where]
            if len(places) == 1:
                words[places], errors[places] = counts.words, counts.errors
            elif places:
                both[tuple(places)] = both[tuple(places[::-1])] = counts.words
                kinds.add((where[0][0], where[1][0]))
        names = np.array([name for name, _ in values])
        for first, second in _others(sorted(set(names.tolist())), kinds):
            rows, columns = names == first, names == second
            expected = np.outer(words[rows], words[columns]) / max(whole.words, 1)
            both[np.ix_(rows, columns)], both[np.ix_(columns, rows)] = expected, expected.T
        both[np.diag_indices(count)] = words
        return cls(
            a_word * whole.words,
            a_word * (whole.errors - level * whole.words),
            a_word * both,
            a_word * (errors - level * words),
            speakers_a_word * words,
            words,
            float(whole.words),
        )


def values_in(places: Iterable[Attributes]) -> list[Pair]:
    """All values of these, in order: those of an attribute follow each other."""
    return sorted({pair for place in places for pair in place})


def _others(names: Sequence[str], kinds: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pairs of attributes that are not of these kinds."""
    return [
        (first, second)
        for number, first in enumerate(names)
        for second in names[number + 1 :]
        if (first, second) not in kinds
    ]
