"""Numbers with their uncertainty: exact Poisson and binomial intervals, quantiles, cells of tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

LEVEL = 0.95


@dataclass(frozen=True)
class Rate:
    """A count over an exposure, with its exact (Garwood) interval."""

    count: int
    exposure: float

    @property
    def value(self) -> float:
        """The rate."""
        return self.count / self.exposure if self.exposure else float("nan")

    @property
    def lower(self) -> float:
        """Lower end of the 95 % interval."""
        if not self.count:
            return 0.0
        return float(stats.chi2.ppf((1 - LEVEL) / 2, 2 * self.count)) / 2 / self.exposure

    @property
    def upper(self) -> float:
        """Upper end of the 95 % interval."""
        return float(stats.chi2.ppf((1 + LEVEL) / 2, 2 * self.count + 2)) / 2 / self.exposure

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.lower:.2f}-{self.upper:.2f})"


@dataclass(frozen=True)
class Share:
    """How many of how many, with its exact (Clopper-Pearson) interval."""

    count: int
    of: int

    @property
    def value(self) -> float:
        """The share."""
        return self.count / self.of if self.of else float("nan")

    @property
    def lower(self) -> float:
        """Lower end of the 95 % interval."""
        if not self.count:
            return 0.0
        return float(stats.beta.ppf((1 - LEVEL) / 2, self.count, self.of - self.count + 1))

    @property
    def upper(self) -> float:
        """Upper end of the 95 % interval."""
        if self.count == self.of:
            return 1.0
        return float(stats.beta.ppf((1 + LEVEL) / 2, self.count + 1, self.of - self.count))

    def __str__(self) -> str:
        return f"{100 * self.value:.1f} % ({self.count}/{self.of})"


def quantile(values: Sequence[float], share: float) -> float | None:
    """The quantile, or None of nothing."""
    return float(np.quantile(np.asarray(values, dtype=np.float64), share)) if values else None


def delay_quantile(found: Sequence[float], missed: int, share: float) -> float | None:
    """Quantile of the delays where a missed change is an endless delay; None where that is the answer."""
    everything = sorted(found) + [float("inf")] * missed
    if not everything:
        return None
    value = everything[min(int(share * len(everything)), len(everything) - 1)]
    return None if value == float("inf") else value


def cell(value: float | None, digits: int = 0) -> str:
    """A number as a cell of a table."""
    return "-" if value is None else f"{value:.{digits}f}"
