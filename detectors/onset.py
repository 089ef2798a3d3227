"""When a rise began: the profile likelihood of its onset over the latest blocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate

MOST_STEPS = 128
SUPPORT = 2.0
"""An onset is plausible while its log likelihood ratio is at most this below the best one's, about 95 %."""


@dataclass(slots=True)
class OnsetTrail:
    """The latest observations of a series, coarser the older they are held.

    For an onset at step k, with d the deviations from the baseline and v their variances,

        l(k) = (sum_{i>=k} d_i / v_i)^2 / (2 sum_{i>=k} 1 / v_i)    where that sum is above 0

    is the Gaussian log likelihood ratio of a rise since k against none; the interval holds all k with l(k)
    at least max l - 2 (Hinkley, Inference about the change-point in a sequence of random variables,
    Biometrika 57, 1970).

    Examples
    --------
    >>> trail = OnsetTrail()
    >>> for hour in range(50):
    ...     trail.add(3600.0 * hour, 0.1 if hour >= 30 else 0.0, 0.01)
    >>> earliest, latest = trail.interval()
    >>> earliest <= 30 * 3600 <= latest, latest - earliest < 20 * 3600
    (True, True)
    """

    at_s: list[float] = field(default_factory=list)
    weighted: list[float] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def add(self, at_s: float, deviation: float, variance: float) -> None:
        """Add an observation that began at ``at_s``."""
        self.at_s.append(at_s)
        self.weighted.append(deviation / variance)
        self.weights.append(1.0 / variance)
        if len(self.at_s) > MOST_STEPS:
            self._halve()

    def clear(self) -> None:
        """Forget everything: what follows an alarm."""
        self.at_s, self.weighted, self.weights = [], [], []

    def interval(self) -> tuple[float, float]:
        """Earliest and latest plausible onset; both the latest observation's time when there is no rise."""
        sums = list(accumulate(reversed(self.weighted)))[::-1]
        weights = list(accumulate(reversed(self.weights)))[::-1]
        ratios = [max(s, 0.0) ** 2 / (2.0 * w) for s, w in zip(sums, weights, strict=True)]
        best = max(ratios, default=0.0)
        if best <= 0.0:
            last = self.at_s[-1] if self.at_s else 0.0
            return last, last
        plausible = [at for at, ratio in zip(self.at_s, ratios, strict=True) if ratio >= best - SUPPORT]
        return min(plausible), max(plausible)

    def _halve(self) -> None:
        self.at_s = self.at_s[::2]
        self.weighted = _pairs(self.weighted)
        self.weights = _pairs(self.weights)


def _pairs(values: list[float]) -> list[float]:
    return [sum(values[i : i + 2]) for i in range(0, len(values), 2)]
