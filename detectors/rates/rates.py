"""Rates of utterances: loops (the engine runs away) and empty hypotheses, per cohort.

Both are outside of what the capped word errors say: a loop counts as all words wrong and no more, and an
engine that returns nothing shows up as deletions. Each is a series of 0/1 over utterances, watched by the
same evidence as the cohort's own level.

An outage of the engine hits everybody, so a cohort is named only if its rate rose more than the others' did.
Since the evidence was last calm, with o and r the mean rises of the cohort and of the rest,

    o - r - h(1 / (s (1/W_o + 1/W_r))) > 0,    s = max(1, p (1 - p) / (b (1 - b))),    p = b + max(0, r)

where h is `detectors.evidence.half_width`: looking after every unit is allowed. [T] The evidence alone keeps
the budget, whatever the comparison says. [S] is that the comparison errs as seldom as h promises, since the
moment from which it counts is chosen by the evidence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from detectors.block import credit_days
from detectors.event import Change
from detectors.evidence import Baseline, Effect, EvidenceProcess, half_width
from detectors.heard import Heard, Seen
from detectors.question import Question
from detectors.rates.rate_alarm import RateAlarm
from detectors.tally import Tally

UNITS_TO_LEARN = 40
CORRELATION = 0.3
"""Between the utterances of one unit: loops and silences come in bursts."""
LOWEST_RATE = 0.005


@dataclass(slots=True)
class RateWatch:
    """Whether a rate of utterances rose above what the cohort had before, and more than the others' did.

    Parameters
    ----------
    smallest_change
        Delta, as a ratio of utterances.
    rate
        r, tolerated false alarms per day.
    own, rest_from
        Since the evidence was last calm: what the cohort's units said, and where the sums of all stood.
    """

    smallest_change: float
    rate: float
    units: int = 0
    weight: float = 0.0
    events: float = 0.0
    squares: float = 0.0
    question: Question | None = None
    alarm: RateAlarm | None = None
    opened_s: float | None = None
    own: Heard = field(default_factory=Heard)
    rest_from: Heard = field(default_factory=Heard)

    @property
    def level(self) -> float:
        """The rate learned from the first 40 units, at least 0.5 %."""
        rate = self.events / self.weight if self.weight else 0.0
        return rate if rate > LOWEST_RATE else LOWEST_RATE

    @property
    def spread(self) -> float:
        """Variance of a unit's rate times its effective utterances, at least the binomial one."""
        level, seen = self.level, self.squares / (self.units - 1 if self.units > 1 else 1)
        binomial = level * (1.0 - level)
        return seen if seen > binomial else binomial

    @property
    def evidence(self) -> float:
        """M; 1 as long as the alarm lasts."""
        if self.alarm is not None:
            return 1.0
        return self.question.rise.evidence if self.question is not None else 0.0

    def set_rate(self, rate: float) -> None:
        """Set r anew."""
        self.rate = rate
        if self.question is not None:
            self.question.rise.rate = rate
        if self.alarm is not None:
            self.alarm.recovery.rate = rate

    def see(self, count: int, tally: Tally, *, learn: bool) -> Seen | None:
        """What a unit with ``count`` such utterances says; None while there is nothing to compare it with.

        ``learn=False`` keeps what is normal as it is, for example while everybody is in alarm.
        """
        utterances = tally.utterances
        weight = utterances / (1.0 + (utterances - 1) * CORRELATION)
        x = count / utterances
        if self.question is None:
            if learn:
                self._learn(x, weight)
            return None
        baseline = self.question.baseline
        return Seen(x - baseline.mean, self.spread / weight, baseline.precision)

    def update(
        self,
        seen: Seen,
        tally: Tally,
        started_s: float,
        now_s: float,
        everybody: Heard,
        *,
        alone: Callable[[], bool],
    ) -> tuple[Change, Effect] | None:
        """Take a unit; return what it made certain, with the effect.

        Parameters
        ----------
        seen
            What `see` made of it.
        everybody
            Running sums of all cohorts outside alarms, this unit among them.
        alone
            Says whether the cohort may be named though nothing was heard of others meanwhile: not while all
            of them are in alarm, which makes its rise everybody's. Asked only when the evidence suffices.
        """
        assert self.question is not None
        elapsed_days = self.pass_time(now_s)
        if self.alarm is not None:
            if not self.alarm.is_over(seen, elapsed_days):
                return None
            effect = self.alarm.effect
            self.calm(everybody)
            return Change.RECOVERED, effect
        self.own.add(seen)
        x = seen.deviation + self.question.baseline.mean
        self.question.update(x, seen.variance, elapsed_days, started_s, tally, learn=True)
        rise = self.question.rise
        if rise.likeliest.cusum <= 0.0:
            self._compare_from(everybody)
        if rise.evidence < 1.0 or not self._rose_more(everybody, alone=alone):
            return None
        effect = rise.effect(seen.base)
        self.alarm = RateAlarm.of(effect, self.smallest_change, self.rate)
        self.question.reset()
        return Change.DEGRADED, effect

    def pass_time(self, now_s: float) -> float:
        """dt: days since the last unit, as far as they earn credit."""
        opened_s, self.opened_s = self.opened_s, now_s
        return 0.0 if opened_s is None else credit_days(opened_s, now_s)

    def calm(self, everybody: Heard) -> None:
        """Watch for a rise from now on, without what was found before."""
        self.alarm = None
        if self.question is not None:
            self.question.reset()
        self._compare_from(everybody)

    def _compare_from(self, everybody: Heard) -> None:
        self.own, self.rest_from = Heard(), everybody.copy()

    def _rose_more(self, everybody: Heard, *, alone: Callable[[], bool]) -> bool:
        rest = everybody.less(self.rest_from).less(self.own)
        if not rest.units:
            return alone()
        level = self.level
        moved = min(level + max(0.0, rest.mean), 0.5)
        inflation = max(1.0, moved * (1.0 - moved) / (level * (1.0 - level)))
        precision = 1.0 / (inflation * (1.0 / self.own.precision + 1.0 / rest.precision))
        half = half_width(precision, min(self.own.base, rest.base), self.smallest_change)
        return self.own.mean - rest.mean > half

    def _learn(self, x: float, weight: float) -> None:
        before = self.events / self.weight if self.weight else x
        self.units += 1
        self.weight += weight
        self.events += x * weight
        self.squares += weight * (x - before) * (x - self.events / self.weight)
        if self.units >= UNITS_TO_LEARN:
            process = EvidenceProcess(self.smallest_change, self.rate)
            self.question = Question(Baseline(self.level, self.weight / self.spread), process)
