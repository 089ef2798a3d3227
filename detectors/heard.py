"""What units said of a rate, summed: enough for its mean rise and how well that is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec


class Seen(msgspec.Struct, frozen=True):
    """One unit's rate less what its cohort had before, the variance of that and the baseline's precision."""

    deviation: float
    variance: float
    base: float


@dataclass(slots=True)
class Heard:
    """Sums over units: how many, sum 1/v, sum d/v; with the least precise of their baselines.

    Examples
    --------
    >>> heard = Heard()
    >>> for deviation in (0.1, 0.3):
    ...     heard.add(Seen(deviation, variance=0.02, base=1_000.0))
    >>> heard.units, heard.precision, round(heard.mean, 3)
    (2, 100.0, 0.2)
    """

    units: int = 0
    precision: float = 0.0
    weighted: float = 0.0
    base: float = float("inf")

    @property
    def mean(self) -> float:
        """Mean deviation; 0 of nothing."""
        return self.weighted / self.precision if self.units else 0.0

    def add(self, seen: Seen) -> None:
        """Add a unit."""
        self.units += 1
        self.precision += 1.0 / seen.variance
        self.weighted += seen.deviation / seen.variance
        if seen.base < self.base:
            self.base = seen.base

    def less(self, other: Heard) -> Heard:
        """Without what ``other`` holds, all of which was added here."""
        return Heard(
            self.units - other.units,
            self.precision - other.precision,
            self.weighted - other.weighted,
            self.base,
        )

    def copy(self) -> Heard:
        """The sums as they are now."""
        return Heard(self.units, self.precision, self.weighted, self.base)

    def scaled(self, factor: float) -> Heard:
        """As much less evidence for the same mean."""
        return Heard(self.units, factor * self.precision, factor * self.weighted, self.base)

    @classmethod
    def together(cls, parts: Iterable[Heard]) -> Heard:
        """The sum of several."""
        whole = cls()
        for part in parts:
            whole.units += part.units
            whole.precision += part.precision
            whole.weighted += part.weighted
            whole.base = min(whole.base, part.base)
        return whole
