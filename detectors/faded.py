"""A precision-weighted, exponentially fading mean, for showing where the differential stands now."""

from __future__ import annotations

import math
from typing import Any

from river import stats


class FadedMean(stats.base.Statistic[float]):
    """Mean of observations of unequal variance, the newest weighing most: two ``river.stats.EWMean``.

    Parameters
    ----------
    fading_factor
        Weight of the newest observation, between 0 and 1.

    Examples
    --------
    >>> mean = FadedMean(fading_factor=0.5)
    >>> mean.update(0.0, variance=1.0)
    >>> mean.update(3.0, variance=2.0)
    >>> mean.get()
    1.0
    """

    def __init__(self, fading_factor: float = 0.05) -> None:
        self.fading_factor = fading_factor
        self.observations = 0
        self._precision = stats.EWMean(fading_factor)
        self._weighted = stats.EWMean(fading_factor)

    def update(self, x: float, variance: float) -> None:
        """Take an observation with its variance."""
        self.observations += 1
        self._precision.update(1.0 / variance)
        self._weighted.update(x / variance)

    def get(self) -> float | None:
        """The mean, or None before any observation."""
        return self._weighted.get() / self._precision.get() if self.observations else None

    @property
    def standard_error(self) -> float | None:
        """Standard error of the mean; the weights' effective number is (2 - a) / a at most."""
        if not self.observations:
            return None
        effective = min(float(self.observations), (2.0 - self.fading_factor) / self.fading_factor)
        return 1.0 / math.sqrt(effective * self._precision.get())

    def to_state(self) -> list[Any]:
        """JSON-ready state, for `detectors.state`."""
        return [self.fading_factor, self.observations, self._precision.get(), self._weighted.get()]

    @classmethod
    def from_state(cls, state: list[Any]) -> FadedMean:
        """The statistic whose state `to_state` gave."""
        statistic = cls(state[0])
        statistic.observations = state[1]
        if statistic.observations:
            # The first value that an EWMean sees becomes its mean, so this sets it exactly.
            statistic._precision.update(state[2])
            statistic._weighted.update(state[3])
        return statistic
