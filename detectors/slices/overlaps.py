"""What slices have in common with each value and with each other, where only values and pairs are counted.

Of a value all that is counted. What a pair (a, b) has in common with a value c of a third attribute is taken
to be

    n_abc ~ n_ac n_bc / n_c,    sum_c n_abc = n_ab

which is right if a and b are drawn apart where c is, and where c goes with a or with b. Speech without a
value of the third attribute counts as one more of its values.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detectors.slices.fit import Known
from detectors.slices.marginals import Where
from detectors.slices.sums import Floats, ValueSums

LEAST = 1e-100
"""A precision that is none, to divide by."""


class Overlaps:
    """What some slices of a cohort have in common, in precision.

    Parameters
    ----------
    known
        Over which values, and where those of each attribute are.
    sums
        Of the cohort.
    wheres, precision
        The slices, values or pairs of them, and the precision of each.
    """

    def __init__(self, known: Known, sums: ValueSums, wheres: Sequence[Where], precision: Floats) -> None:
        index = {pair: number for number, pair in enumerate(known.values)}
        self._first = np.array([index[where[0]] for where in wheres], dtype=np.int64)
        self._last = np.array([index[where[-1]] for where in wheres], dtype=np.int64)
        self._is_pair = np.array([len(where) == 2 for where in wheres], dtype=np.bool_)
        self._precision = precision
        self.with_values = sums.precisions[self._first]
        """Of shape slices by values."""
        self.with_values[self._is_pair] = self._of_pairs(known, sums)

    @property
    def rows(self) -> Floats:
        """B_x: with everything, and with each value."""
        return np.column_stack([self._precision, self.with_values])

    def with_each_other(self) -> Floats:
        """Of shape slices by slices."""
        rows, own = self.with_values, np.maximum(self._precision, LEAST)
        both = rows[:, self._first] * np.where(self._is_pair, rows[:, self._last] / own[:, None], 1.0)
        of_value = ~self._is_pair[:, None] & self._is_pair[None, :]
        both = np.where(of_value, both.T, both)
        return np.asarray((both + both.T) / 2.0, dtype=np.float64)

    def _of_pairs(self, known: Known, sums: ValueSums) -> Floats:
        values = self._first[self._is_pair], self._last[self._is_pair]
        own, every = self._precision[self._is_pair], sums.by_value
        first, second = (sums.precisions[each] for each in values)
        rows = np.zeros_like(first)
        for places in known.attributes().values():
            with_first, with_second = first[:, places], second[:, places]
            in_both = _product(with_first, with_second, every[places])
            without = _product(
                np.maximum(every[values[0]] - with_first.sum(axis=1), 0.0),
                np.maximum(every[values[1]] - with_second.sum(axis=1), 0.0),
                np.array(max(sums.precision - every[places].sum(), 0.0)),
            )
            whole = np.maximum(in_both.sum(axis=1) + without, LEAST)
            is_other = ~np.any([(places.start <= each) & (each < places.stop) for each in values], axis=0)
            rows[:, places] = (is_other * own / whole)[:, None] * in_both
        for each in values:
            rows[np.arange(len(own)), each] = own
        return rows


def _product(first: Floats, second: Floats, every: Floats) -> Floats:
    return np.where(every > 0.0, first * second / np.where(every > 0.0, every, 1.0), 0.0)
