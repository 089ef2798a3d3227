"""What hits everybody for some hours and goes again: a night, a busy morning.

It is no lasting rise, and shifts of the same hours share it. So each bracket of six hours has an effect of
its own with the variance V, which is learned from the means z of the brackets before, with their variances
s:

    V = mean of ((z - z')^2 - s - s') / 2 over the latest pairs of neighbours,
        less the standard error that it would have with V = 0

A change that stays is one difference, what comes and goes every day is several. Within a bracket the effect
is estimated by a Kalman filter: with P its variance, at first V, each shift that is off by e with the
variance S moves it by P / (S + P) times what is left of e, and P by the factor S / (S + P). So whatever the
volume, six hours tell no more of a lasting rise than a precision of 1/V.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

BRACKET_S = 6 * 3600.0
MOST_PAIRS = 12
"""Three days of them."""
FEWEST_PAIRS = 3


@dataclass(slots=True)
class Hours:
    """The effect of the present bracket, and how much brackets differ.

    Parameters
    ----------
    number
        The present bracket's, counted from the epoch.
    weighted, precision
        Sums of e/S and 1/S in it.
    estimate, variance
        Its effect and P.
    latest
        Mean of the bracket before and that mean's variance; None where there is none.
    pairs
        Of the latest neighbours ((z - z')^2 - s - s') / 2 and (s + s') / 2.

    Examples
    --------
    >>> hours = Hours()
    >>> for bracket in range(12):
    ...     is_new = hours.enter(bracket * BRACKET_S)
    ...     hours.take(0.04 if bracket % 4 == 0 else 0.0, 1e-5)
    >>> is_new, round(hours.between() ** 0.5, 3)
    (True, 0.02)
    """

    number: int = 0
    weighted: float = 0.0
    precision: float = 0.0
    estimate: float = 0.0
    variance: float = 0.0
    latest: tuple[float, float] | None = None
    pairs: deque[tuple[float, float]] = field(default_factory=deque)

    def enter(self, now_s: float, *, learn: bool = True) -> bool:
        """Go on to this time; whether another bracket has begun. ``learn=False`` keeps V as it is."""
        number = int(now_s // BRACKET_S)
        if number == self.number:
            return False
        if self.precision > 0.0 and learn:
            mean, variance = self.weighted / self.precision, 1.0 / self.precision
            if self.latest is not None:
                before, its_variance = self.latest
                both = variance + its_variance
                self.pairs.append((((mean - before) ** 2 - both) / 2.0, both / 2.0))
                if len(self.pairs) > MOST_PAIRS:
                    self.pairs.popleft()
            self.latest = mean, variance
        self.number, self.weighted, self.precision = number, 0.0, 0.0
        self.estimate, self.variance = 0.0, self.between()
        return True

    def forget_since(self, at_s: float) -> None:
        """Leave out of V what came since: it is explained otherwise."""
        for _ in range(min(self.number - int(at_s // BRACKET_S), len(self.pairs))):
            self.pairs.pop()
        self.latest, self.weighted, self.precision = None, 0.0, 0.0

    def between(self) -> float:
        """V, 0 where nothing speaks for it."""
        if len(self.pairs) < FEWEST_PAIRS:
            return 0.0
        excess = [pair[0] for pair in self.pairs]
        error = math.sqrt(2.0 * math.fsum([noise * noise for _, noise in self.pairs])) / len(self.pairs)
        return max(0.0, math.fsum(excess) / len(excess) - error)

    def take(self, off: float, variance: float) -> None:
        """Take a shift that is off by e with the variance S."""
        self.weighted += off / variance
        self.precision += 1.0 / variance
        gain = self.gain(variance)
        self.estimate += gain * (off - self.estimate)
        self.variance *= 1.0 - gain

    def gain(self, variance: float) -> float:
        """P / (S + P)."""
        return self.variance / (variance + self.variance)
