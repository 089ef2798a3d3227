"""The cohort against the rest at the same time: blocks of units.

A block collects a cohort's own units and the units of all other learned cohorts in the same bracket of time.
Every unit is compared with what its cohort and its speaker were before, r = x - E[x] (see
`detectors.voices`), so traffic that moves between cohorts and standing gaps leave the mean of a block at 0,
and a change that hits everybody cancels:

    O = sum_own A_u r / OA      R = sum_rest A_u r / RA      D = O - R
    vO = s_c V_c / OA           vR = s_r (sum_j share_j V_j) / RA           vD = vO + vR
    s = max(1, p (1 - p) / (b (1 - b))),  p = b + max(0, fading mean of past residuals)

The variances follow the levels because D must hold while everybody rises. Whoever asks whether O or R itself
stays, asks by vO / s_c and vR / s_r: while it stays s is 1.

Whether the cohort's own level stays is asked of each of its units by itself, r with the variance V / A_u:
together they would be one observation whose evidence is cut off at its largest (`detectors.evidence`).

A block closes with at least one own unit and as many effective words of the rest as of its own, or 10. While
the cohort is idle it closes with 3,000 of the rest and speaks of the rest alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import msgspec

from detectors.level import Level, inflation
from detectors.tally import ENOUGH_SPEAKERS, Tally
from detectors.unit import Unit
from detectors.voices import Expectation

ENOUGH_REST_WORDS = 10.0
IDLE_REST_WORDS = 3_000.0
"""So many close a block of an idle cohort, which still has a say in whether everybody got worse."""
FADING = 1.0 / 20.0
LONGEST_CREDIT_DAYS = 7.0
MOST_UNITS = 64
"""So many units of a block are kept apart while it waits for the rest; what comes then joins the last one."""
SECONDS_A_DAY = 86_400.0


class Residual(msgspec.Struct, frozen=True):
    """What a unit adds to the sums: A_u, A_u r, A_u V and A_u b."""

    weight: float
    residual: float
    spread: float
    level: float

    @classmethod
    def of(cls, unit: Unit, level: float, expected: Expectation) -> Residual:
        """Of a unit of a cohort at this level, with what was expected of it."""
        weight = unit.effective_words
        residual = weight * (unit.error_rate - expected.rate)
        return cls(weight, residual, weight * expected.spread, weight * level)


@dataclass(frozen=True, slots=True)
class Judged:
    """A unit that counts as evidence about its cohort: its session, A_u, A_u r and A_u V."""

    session: str
    weight: float
    residual: float
    spread: float

    @property
    def mean(self) -> float:
        """r."""
        return self.residual / self.weight

    @property
    def variance(self) -> float:
        """V / A_u, the variance of r while the cohort's level stays."""
        return self.spread / self.weight / self.weight

    def plus(self, more: Residual) -> Judged:
        """With a unit more."""
        return Judged(
            self.session,
            self.weight + more.weight,
            self.residual + more.residual,
            self.spread + more.spread,
        )


@dataclass(slots=True)
class ResidualSums:
    """Sums over units of learned cohorts: A_u, A_u r, A_u V, A_u b and the raw counts.

    ``latest`` holds the last three distinct speakers, each with the number of its latest unit, so that of
    any stretch up to now as many speakers are known as an alert asks for.
    """

    weight: float = 0.0
    residuals: float = 0.0
    spreads: float = 0.0
    levels: float = 0.0
    tally: Tally = field(default_factory=Tally)
    latest: dict[str, int] = field(default_factory=dict)

    def add(self, unit: Unit, residual: Residual) -> None:
        """Add a unit of a cohort, with what it adds."""
        self.weight += residual.weight
        self.residuals += residual.residual
        self.spreads += residual.spread
        self.levels += residual.level
        self.tally.merge(unit.tally)
        speaker, latest = unit.speaker, self.latest
        if speaker is not None:
            latest.pop(speaker, None)
            latest[speaker] = self.tally.units
            if len(latest) > ENOUGH_SPEAKERS:
                del latest[next(iter(latest))]

    def since(self, start: ResidualSums) -> ResidualSums:
        """What was added after ``start`` was copied."""
        before = start.tally.units
        return self._less(start, {who: at for who, at in self.latest.items() if at > before})

    def without(self, part: ResidualSums) -> ResidualSums:
        """What was added less ``part``, all of which was added here too."""
        return self._less(part, {who: at for who, at in self.latest.items() if who not in part.latest})

    def mean(self) -> tuple[float, float]:
        """Mean residual and its variance while the level stays."""
        return self.residuals / self.weight, self.spreads / self.weight / self.weight

    def copy(self) -> ResidualSums:
        """The sums as they are now."""
        tally = self.tally.copy()
        tally.speakers = list(self.latest)
        return ResidualSums(self.weight, self.residuals, self.spreads, self.levels, tally, self.latest.copy())

    def _less(self, other: ResidualSums, latest: dict[str, int]) -> ResidualSums:
        tally = self.tally.without(other.tally)
        tally.speakers = list(latest)
        return ResidualSums(
            self.weight - other.weight,
            self.residuals - other.residuals,
            self.spreads - other.spreads,
            self.levels - other.levels,
            tally,
            latest,
        )


class Block(msgspec.Struct, frozen=True):
    """A cohort and the rest in one bracket of time; rates as ratios, times in seconds and days.

    ``has_own`` says whether any of the cohort's units may be judged, ``has_rest`` whether there are others;
    ``units`` are those that may. The variances vO and vR have ``own_inflation`` and
    ``rest_inflation`` in them, which are s_c and s_r. ``doubt`` is the variance of what is expected of the
    cohort, as far as it is not known what is usual in slices that its traffic moved to.
    """

    started_s: float
    ended_s: float
    elapsed_days: float
    own: float
    own_variance: float
    rest: float
    rest_variance: float
    tally: Tally
    rest_tally: Tally
    has_own: bool = True
    has_rest: bool = True
    units: tuple[Judged, ...] = ()
    own_inflation: float = 1.0
    rest_inflation: float = 1.0
    doubt: float = 0.0

    @property
    def differential(self) -> float:
        """D = O - R."""
        return self.own - self.rest

    @property
    def differential_variance(self) -> float:
        """vD = vO + vR."""
        return self.own_variance + self.rest_variance

    @property
    def still_own_variance(self) -> float:
        """vO / s_c, the variance of O while the cohort's level stays."""
        return self.own_variance / self.own_inflation

    @property
    def still_rest_variance(self) -> float:
        """vR / s_r, the variance of R while the rest's level stays."""
        return self.rest_variance / self.rest_inflation


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
    own, judged
        The cohort's units of this block, and those of them that count as evidence about the cohort.
    units
        The latter one by one. A unit without a session is one of its own.
    """

    opened_s: float
    joins_rest: bool = True
    rest_start: ResidualSums = field(default_factory=ResidualSums)
    own: ResidualSums = field(default_factory=ResidualSums)
    judged: ResidualSums = field(default_factory=ResidualSums)
    units: list[Judged] = field(default_factory=list)
    started_s: float = float("inf")
    own_drift: float = 0.0
    rest_drift: float = 0.0

    def add_own(self, unit: Unit, residual: Residual, *, is_judged: bool) -> None:
        """Add a unit of the cohort itself, with what it adds."""
        self.own.add(unit, residual)
        if is_judged:
            self.judged.add(unit, residual)
            self._keep(unit, residual)
        if unit.started_s < self.started_s:
            self.started_s = unit.started_s

    def copy(self) -> BlockBuilder:
        """The block as it stands, to see what it would be with more."""
        return replace(self, own=self.own.copy(), judged=self.judged.copy(), units=self.units.copy())

    def may_close(self, everybody: ResidualSums) -> bool:
        """Whether `close` could find a block: there are own units, or many of the rest."""
        return self.own.weight > 0.0 or everybody.weight - self.rest_start.weight >= IDLE_REST_WORDS

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
        own, judged = self.own, self.judged
        enough = min(own.weight, ENOUGH_REST_WORDS) if own.weight > 0.0 else IDLE_REST_WORDS
        rest_weight = everybody.weight - self.rest_start.weight
        if self.joins_rest:
            rest_weight -= own.weight
        if rest_weight < enough and (has_rest or own.weight <= 0.0):
            return None
        rest = everybody.since(self.rest_start)
        if self.joins_rest:
            rest = rest.without(own)
        own_rate = own_variance = rest_rate = rest_variance = 0.0
        own_inflation = rest_inflation = 1.0
        if judged.weight > 0.0:
            own_rate, own_variance = judged.mean()
            own_inflation = inflation(level.level, self.own_drift)
            self.own_drift += FADING * (own_rate - self.own_drift)
        if has_rest:
            rest_rate, rest_variance = rest.mean()
            rest_inflation = inflation(rest.levels / rest.weight, self.rest_drift)
            self.rest_drift += FADING * (rest_rate - self.rest_drift)
        block = Block(
            started_s=min(self.started_s, now_s),
            ended_s=now_s,
            elapsed_days=credit_days(self.opened_s, now_s),
            own=own_rate,
            own_variance=own_inflation * own_variance,
            rest=rest_rate,
            rest_variance=rest_inflation * rest_variance,
            tally=judged.tally,
            rest_tally=rest.tally,
            has_own=judged.weight > 0.0,
            has_rest=has_rest,
            units=tuple(self.units),
            own_inflation=own_inflation,
            rest_inflation=rest_inflation,
            doubt=level.slices.variance,
        )
        self._reopen(everybody, now_s)
        return block

    def _keep(self, unit: Unit, residual: Residual) -> None:
        units = self.units
        if len(units) >= MOST_UNITS:
            units[-1] = units[-1].plus(residual)
        else:
            session = unit.session or f"{unit.key} {unit.started_s:.0f}"
            units.append(Judged(session, residual.weight, residual.residual, residual.spread))

    def _reopen(self, everybody: ResidualSums, now_s: float) -> None:
        self.opened_s = now_s
        self.rest_start = everybody.copy()
        self.own, self.judged, self.units = ResidualSums(), ResidualSums(), []
        self.started_s = float("inf")


def credit_days(since_s: float, now_s: float) -> float:
    """dt: days since ``since_s``, at most 7, so that an idle cohort collects no credit for false alarms."""
    if now_s <= since_s:
        return 0.0
    days = (now_s - since_s) / SECONDS_A_DAY
    return days if days < LONGEST_CREDIT_DAYS else LONGEST_CREDIT_DAYS
