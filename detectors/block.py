"""The cohort against the rest at the same time: blocks of units.

A block collects a cohort's own units and the units of all other learned cohorts in the same bracket of time.
Every unit is compared with what its cohort and its speaker were before, r = x - E[x] (see
`detectors.voices`), so traffic that moves between cohorts and standing gaps leave the mean of a block at 0,
and a change that hits everybody cancels:

    O = sum_own A_u r / OA      R = sum_rest A_u r / RA      D = O - R
    vO = s_c V_c / OA           vR = s_r (sum_j share_j V_j) / RA           vD = vO + vR
    s = max(1, p (1 - p) / (b (1 - b))),  p = b + max(0, fading mean of past residuals)

A block closes with at least one own unit and as many effective words of the rest as of its own, or 10.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from detectors.level import Level
from detectors.tally import Tally
from detectors.unit import Unit
from detectors.voices import Expectation

ENOUGH_REST_WORDS = 10.0
FADING = 1.0 / 20.0
LONGEST_CREDIT_DAYS = 7.0
SECONDS_A_DAY = 86_400.0


@dataclass(slots=True)
class ResidualSums:
    """Sums over units of learned cohorts: A_u, A_u r, A_u V, A_u b and the raw counts."""

    weight: float = 0.0
    residuals: float = 0.0
    spreads: float = 0.0
    levels: float = 0.0
    tally: Tally = field(default_factory=Tally)

    def add(self, unit: Unit, level: float, expected: Expectation) -> None:
        """Add a unit of a cohort at this level, with what was expected of it."""
        weight = unit.effective_words
        self.weight += weight
        self.residuals += weight * (unit.error_rate - expected.rate)
        self.spreads += weight * expected.spread
        self.levels += weight * level
        self.tally.merge(unit.tally)

    def since(self, start: ResidualSums) -> ResidualSums:
        """What was added after ``start`` was copied."""
        tally = self.tally.copy()
        tally.remove(start.tally)
        return ResidualSums(
            self.weight - start.weight,
            self.residuals - start.residuals,
            self.spreads - start.spreads,
            self.levels - start.levels,
            tally,
        )

    def copy(self) -> ResidualSums:
        """The sums as they are now."""
        return self.since(ResidualSums())


@dataclass(frozen=True, slots=True)
class Block:
    """A cohort and the rest in one bracket of time; rates as ratios, times in seconds and days."""

    started_s: float
    ended_s: float
    elapsed_days: float
    own: float
    own_variance: float
    rest: float
    rest_variance: float
    tally: Tally
    rest_tally: Tally
    has_rest: bool = True

    @property
    def differential(self) -> float:
        """D = O - R."""
        return self.own - self.rest

    @property
    def differential_variance(self) -> float:
        """vD = vO + vR."""
        return self.own_variance + self.rest_variance


@dataclass(slots=True)
class BlockBuilder:
    """Collects the units of one cohort and of the rest until a block is full.

    Parameters
    ----------
    opened_s
        The stream's time when the cohort was learned: time before it earns no credit.
    joins_rest
        Whether the cohort's units are part of the running sums of everybody. A cohort in alarm is not: pooled
        with the others it would hide a second one.
    """

    opened_s: float
    joins_rest: bool = True
    rest_start: ResidualSums = field(default_factory=ResidualSums)
    own: ResidualSums = field(default_factory=ResidualSums)
    started_s: float = float("inf")
    own_drift: float = 0.0
    rest_drift: float = 0.0

    def add_own(self, unit: Unit, level: float, expected: Expectation) -> None:
        """Add a unit of the cohort itself."""
        self.own.add(unit, level, expected)
        self.started_s = min(self.started_s, unit.started_s)

    def close(self, everybody: ResidualSums, level: Level, now_s: float, *, has_rest: bool) -> Block | None:
        """The block, if it is full.

        Parameters
        ----------
        everybody
            Running sums of all cohorts that join the rest: this one's own part is taken out here.
        level
            The cohort's level.
        now_s
            The stream's time.
        has_rest
            Whether any other cohort is learned; without one the block has the cohort's side alone.
        """
        own = self.own
        if own.weight <= 0.0:
            return None
        rest = everybody.since(self.rest_start)
        if self.joins_rest:
            rest = rest.since(own)
        if has_rest and rest.weight < min(own.weight, ENOUGH_REST_WORDS):
            return None
        own_rate = own.residuals / own.weight
        own_variance = _inflation(level.level, self.own_drift) * own.spreads / own.weight / own.weight
        self.own_drift += FADING * (own_rate - self.own_drift)
        rest_rate = rest_variance = 0.0
        if has_rest:
            rest_rate = rest.residuals / rest.weight
            inflation = _inflation(rest.levels / rest.weight, self.rest_drift)
            rest_variance = inflation * rest.spreads / rest.weight / rest.weight
            self.rest_drift += FADING * (rest_rate - self.rest_drift)
        block = Block(
            started_s=self.started_s,
            ended_s=now_s,
            elapsed_days=credit_days(self.opened_s, now_s),
            own=own_rate,
            own_variance=own_variance,
            rest=rest_rate,
            rest_variance=rest_variance,
            tally=own.tally,
            rest_tally=rest.tally,
            has_rest=has_rest,
        )
        self._reopen(everybody, now_s)
        return block

    def _reopen(self, everybody: ResidualSums, now_s: float) -> None:
        self.opened_s = now_s
        self.rest_start = everybody.copy()
        self.own = ResidualSums()
        self.started_s = float("inf")


def credit_days(since_s: float, now_s: float) -> float:
    """dt: days since ``since_s``, at most 7, so that an idle cohort collects no credit for false alarms."""
    return min(max(now_s - since_s, 0.0) / SECONDS_A_DAY, LONGEST_CREDIT_DAYS)


def _inflation(level: float, drift: float) -> float:
    """s: the variance follows the level, from the past only."""
    moved = min(level + max(0.0, drift), 0.5)
    return max(1.0, moved * (1.0 - moved) / (level * (1.0 - level)))
