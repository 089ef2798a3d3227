"""Betting on an excess: evidence on how much worse one group is than another at the same time, at any time.

A block is what was heard of both in one stretch of time: error rates x_1..x_j of the group's units and
z_1..z_k of the others', each in [0, 1]. Against "the excess is at most m" a gambler stakes on every block

    K <- K prod_i (1 + f (x_i - c - m)) prod_l (1 - (f j / k) (z_l - c))

and against "it is at least m" the same with -f. The fraction f and the others' usual level c come from
earlier blocks alone; f is Kelly's for the excess met so far, (e - m) / (v + (e - m)^2), as long as that
favours the bet, and so small that no unit can take more than three quarters.

[T] Let the units of a block be independent given all before it and given j and k, of means whose averages are
mu for the group and nu for the others. A product of factors that are at least 0 has at most the mean
exp(f j (mu - c - m) - f j (nu - c)) = exp(f j (mu - nu - m)), since 1 + y <= exp(y). So where mu - nu <= m in
every block, K is a nonnegative supermartingale that begins at 1, and by Ville's inequality it ever reaches
1/alpha with a probability of at most alpha, however often somebody looks. Any distributions, any c, any rule
for f from the past are allowed; the others' units need not be alike. What c cannot spoil it can slow down.

Where the excess is the same in all blocks, the m that no gambler has refuted with 1/alpha are a confidence
sequence: both ends hold at all times at once with a probability of at least 1 - 2 alpha.

References: Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting (JRSS B 86,
2024); Shafer and Vovk, Game-Theoretic Foundations for Probability and Finance (2019); Ville (1939); Chugg et
al., Auditing fairness by betting (2305.17570).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

STEPS = 100
"""The grid of excesses m: -1 to 1 in so many steps to 1, one for every WER point."""
LARGEST_STAKE = 0.75
"""Share of a factor that one unit can take."""
LARGEST_EVIDENCE, SMALLEST_EVIDENCE = 1e12, 1e-300
"""Beyond the one it says nothing more, and would overflow; below the other there is none."""
MEMORY = 1.0 / 100.0
"""Weight of the newest value in a running mean that has seen 100."""
LOWEST_LEVEL = 0.01
PRIOR_UNITS = 10.0
PRIOR_LEVEL, PRIOR_VARIANCE = 0.15, 0.02
"""The others' level and the variance of a unit's error rate, worth ten units, before anything is heard."""


@dataclass(slots=True)
class Running:
    """A mean that begins at a prior, then follows what comes: of all values while they are few.

    Examples
    --------
    >>> mean = Running(0.0)
    >>> for _ in range(10):
    ...     mean.add(1.0)
    >>> round(mean.value, 6)
    0.5
    """

    value: float
    weight: float = PRIOR_UNITS

    def add(self, value: float) -> None:
        """Take a value."""
        self.weight += 1.0
        share = 1.0 / self.weight
        self.value += (share if share > MEMORY else MEMORY) * (value - self.value)


@dataclass(slots=True)
class Capital:
    """What a gambler has who began with 1, and had at most: the evidence against what he bets against."""

    now: float = 1.0
    highest: float = 1.0

    def multiply(self, factor: float) -> None:
        """Take the outcome of a block."""
        self.now = min(self.now * factor, LARGEST_EVIDENCE)
        if self.now > self.highest:
            self.highest = self.now


@dataclass(slots=True)
class ExcessBets:
    """Bets on how much higher a group's mean is than the others', for a claimed excess and for all others.

    Parameters
    ----------
    claimed
        The claimed excess d, a ratio in (0, 1]: the first guess of whoever bets on an excess.
    alpha
        Probability, for each end, that it is ever wrong.
    above, below
        Evidence that the excess is above 0, and that it is below the claimed one.
    rises, falls
        The capital against "at most m", and against "at least m", for every m on the grid that is neither an
        end nor refuted yet, in order of m.

    Examples
    --------
    >>> bets = ExcessBets(claimed=0.2, alpha=0.05)
    >>> for _ in range(40):
    ...     bets.update([0.35, 0.25], [0.10, 0.12, 0.08, 0.10])
    >>> bets.above.highest > 20, bets.below.highest > 20
    (True, False)
    >>> bets.lower < 0.2 < bets.upper, round(bets.excess.value, 2)
    (True, 0.2)
    """

    claimed: float
    alpha: float
    above: Capital = field(default_factory=Capital)
    below: Capital = field(default_factory=Capital)
    rises: list[float] = field(default_factory=lambda: [1.0] * (2 * STEPS - 1))
    falls: list[float] = field(default_factory=lambda: [1.0] * (2 * STEPS - 1))
    excess: Running = field(default_factory=lambda: Running(0.0, 0.0))
    level: Running = field(default_factory=lambda: Running(PRIOR_LEVEL))
    spread: Running = field(default_factory=lambda: Running(PRIOR_VARIANCE))
    rest_spread: Running = field(default_factory=lambda: Running(PRIOR_VARIANCE))

    @property
    def threshold(self) -> float:
        """The evidence at which something is refuted, 1 / alpha."""
        return 1.0 / self.alpha

    @property
    def lower(self) -> float:
        """Lower end of the confidence sequence: the largest m on the grid of which "at most m" is refuted."""
        return 1.0 - (len(self.rises) + 1) / STEPS

    @property
    def upper(self) -> float:
        """Upper end of the confidence sequence; at most the claimed excess once that is refuted."""
        upper = (len(self.falls) + 1) / STEPS - 1.0
        return min(upper, self.claimed) if self.below.highest >= self.threshold else upper

    def update(self, own: Sequence[float], rest: Sequence[float]) -> None:
        """Take a block: at least one error rate in [0, 1] of each side."""
        bet = self._bet(own, rest)
        self.above.multiply(bet.rise(0.0))
        self.below.multiply(bet.fall(self.claimed))
        first = STEPS - len(self.rises)
        self.rises = [capital * bet.rise((first + place) / STEPS) for place, capital in enumerate(self.rises)]
        self.falls = [
            capital * bet.fall((place + 1 - STEPS) / STEPS) for place, capital in enumerate(self.falls)
        ]
        # Who has refuted "at most m" has refuted "at most" anything smaller.
        refuted = [place for place, capital in enumerate(self.rises) if capital >= self.threshold]
        del self.rises[: refuted[-1] + 1 if refuted else 0]
        refuted = [place for place, capital in enumerate(self.falls) if capital >= self.threshold]
        del self.falls[refuted[0] if refuted else len(self.falls) :]
        self._learn(own, rest)

    def units_to_go(self, rest_per_unit: float) -> tuple[float | None, float | None]:
        """About how many units of the group it takes to show an excess, and to show less than claimed.

        If all goes on as it did, with so many other units to each of the group; None where it would not.
        """
        e, level = self.excess.value, min(max(self.level.value, LOWEST_LEVEL), 1.0 - LOWEST_LEVEL)
        v = self.spread.value + self.rest_spread.value / rest_per_unit
        rise = LARGEST_STAKE * min(1.0 / level, rest_per_unit / (1.0 - level))
        fall = LARGEST_STAKE * min(1.0 / max(1.0 - level - self.claimed, LOWEST_LEVEL), rest_per_unit / level)
        return (
            _units(e, v, rise, self.threshold / max(self.above.now, SMALLEST_EVIDENCE)),
            _units(self.claimed - e, v, fall, self.threshold / max(self.below.now, SMALLEST_EVIDENCE)),
        )

    def _bet(self, own: Sequence[float], rest: Sequence[float]) -> _Bet:
        """What is staked on a block, from earlier blocks alone."""
        # Whoever bets on an excess begins with the claimed one, whoever bets on less with none.
        heard = min(self.excess.weight, 1.0 / MEMORY)
        mean = self.excess.value * heard / (heard + PRIOR_UNITS)
        hoped = self.claimed * PRIOR_UNITS / (heard + PRIOR_UNITS)
        level = min(max(self.level.value, LOWEST_LEVEL), 1.0 - LOWEST_LEVEL)
        return _Bet(
            tuple(own),
            tuple(rest),
            level,
            rise_to=mean + hoped,
            fall_to=mean,
            variance=self.spread.value + self.rest_spread.value * len(own) / len(rest),
        )

    def _learn(self, own: Sequence[float], rest: Sequence[float]) -> None:
        mean = sum(rest) / len(rest)
        for x in own:
            usual = mean + (self.excess.value if self.excess.weight else 0.0)
            self.spread.add((x - usual) ** 2)
            self.excess.add(x - mean)
        for z in rest:
            self.rest_spread.add((z - self.level.value) ** 2)
            self.level.add(z)


@dataclass(frozen=True, slots=True)
class _Bet:
    """A block, and how it is bet upon: what an m gains or loses by it."""

    own: tuple[float, ...]
    rest: tuple[float, ...]
    level: float
    rise_to: float
    fall_to: float
    variance: float

    def rise(self, m: float) -> float:
        """The factor of whoever bets against "at most m"."""
        gap = self.rise_to - m
        if gap <= 0.0:
            return 1.0
        share, c = len(self.own) / len(self.rest), self.level + m
        stake = min(gap / (self.variance + gap * gap), LARGEST_STAKE / (share * (1.0 - self.level)))
        if c > 0.0:
            stake = min(stake, LARGEST_STAKE / c)
        return self._factor(stake, c, share)

    def fall(self, m: float) -> float:
        """The factor of whoever bets against "at least m"."""
        gap = m - self.fall_to
        if gap <= 0.0:
            return 1.0
        share, c = len(self.own) / len(self.rest), self.level + m
        stake = min(gap / (self.variance + gap * gap), LARGEST_STAKE / (share * self.level))
        if c < 1.0:
            stake = min(stake, LARGEST_STAKE / (1.0 - c))
        return self._factor(-stake, c, share)

    def _factor(self, stake: float, c: float, share: float) -> float:
        factor = 1.0
        for x in self.own:
            factor *= 1.0 + stake * (x - c)
        for z in self.rest:
            factor *= 1.0 - stake * share * (z - self.level)
        return factor


def _units(gap: float, variance: float, largest: float, missing: float) -> float | None:
    """How many bets of this mean and variance win a capital that is so many times as large."""
    if missing <= 1.0:
        return 0.0
    if gap <= 0.0:
        return None
    stake = min(gap / (variance + gap * gap), largest)
    growth = stake * gap - stake * stake * (variance + gap * gap) / 2.0
    return math.log(missing) / growth if growth > 0.0 else None
