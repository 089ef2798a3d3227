"""Rates of utterances: loops (the engine runs away) and empty hypotheses, per cohort.

Both are outside of what the capped word errors say: a loop counts as all words wrong and no more, and an
engine that returns nothing shows up as deletions. Each is a series of 0/1 over utterances, watched by the
same evidence as the cohort's own level.
"""

from __future__ import annotations

from dataclasses import dataclass

from detectors.block import credit_days
from detectors.event import Change
from detectors.evidence import RECOVERY_GRID, RECOVERY_WEIGHTS, Baseline, Effect, EvidenceProcess
from detectors.question import Question
from detectors.tally import Tally

UNITS_TO_LEARN = 40
CORRELATION = 0.3
"""Between the utterances of one unit: loops and silences come in bursts."""
LOWEST_RATE = 0.005


@dataclass(slots=True)
class RateWatch:
    """Whether a rate of utterances rose above what the cohort had before.

    Parameters
    ----------
    smallest_change
        Delta, as a ratio of utterances.
    rate
        r, tolerated false alarms per day.
    """

    smallest_change: float
    rate: float
    units: int = 0
    weight: float = 0.0
    events: float = 0.0
    squares: float = 0.0
    question: Question | None = None
    alarm: Effect | None = None
    recovery: EvidenceProcess | None = None
    opened_s: float | None = None

    @property
    def level(self) -> float:
        """The rate learned from the first 40 units, at least 0.5 %."""
        return max(self.events / self.weight if self.weight else 0.0, LOWEST_RATE)

    @property
    def spread(self) -> float:
        """Variance of a unit's rate times its effective utterances, at least the binomial one."""
        level = self.level
        return max(self.squares / max(self.units - 1, 1), level * (1.0 - level))

    @property
    def evidence(self) -> float:
        """M; 1 as long as the alarm lasts."""
        if self.alarm is not None:
            return 1.0
        return self.question.rise.evidence if self.question is not None else 0.0

    def set_rate(self, rate: float) -> None:
        """Set r anew."""
        self.rate = rate
        for process in (self.question.rise if self.question else None, self.recovery):
            if process is not None:
                process.rate = rate

    def update(
        self, count: int, tally: Tally, started_s: float, now_s: float
    ) -> tuple[Change, Effect] | None:
        """Take a unit with ``count`` such utterances; return what it made certain, with the effect."""
        opened_s, self.opened_s = self.opened_s, now_s
        elapsed_days = 0.0 if opened_s is None else credit_days(opened_s, now_s)
        weight = tally.utterances / (1.0 + (tally.utterances - 1) * CORRELATION)
        x = count / tally.utterances
        if self.question is None:
            self._learn(x, weight)
            return None
        variance = self.spread / weight
        deviation, precision = x - self.question.baseline.mean, self.question.baseline.precision
        if self.recovery is not None and self.alarm is not None:
            self.recovery.update(self.smallest_change / 2.0 - deviation, variance, elapsed_days, precision)
            if self.recovery.evidence < 1.0:
                return None
            alarm, self.alarm, self.recovery = self.alarm, None, None
            return Change.RECOVERED, alarm
        self.question.update(x, variance, elapsed_days, started_s, tally, learn=True)
        if self.question.rise.evidence < 1.0:
            return None
        self.alarm = self.question.rise.effect(precision)
        self.question.reset()
        half = self.smallest_change / 2.0
        self.recovery = EvidenceProcess(half, self.rate, RECOVERY_GRID, RECOVERY_WEIGHTS)
        return Change.DEGRADED, self.alarm

    def _learn(self, x: float, weight: float) -> None:
        before = self.events / self.weight if self.weight else x
        self.units += 1
        self.weight += weight
        self.events += x * weight
        self.squares += weight * (x - before) * (x - self.events / self.weight)
        if self.units >= UNITS_TO_LEARN:
            process = EvidenceProcess(self.smallest_change, self.rate)
            self.question = Question(Baseline(self.level, self.weight / self.spread), process)
