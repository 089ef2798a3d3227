"""Whether everybody got worse, where most cohorts are too small for a level of their own.

Every shift of a small cohort is compared with its forecast (`detectors.everybody.small_cohort`), and all of
them are put to one question: did they rise together? A few moments at which that may have begun are kept
(`detectors.everybody.since`), each with its own evidence

    M_k <- e_k M_k, the newest with its share of the budget first: M_k <- e_k (M_k + r dt)      M = sum_k M_k

which says that everybody got worse when M >= 1 and the likeliest moment's rise rests on many cohorts. It
names none. Every shift opens a moment. When there are too many, of the two that are nearest to each other,
by their ages' ratio, the less likely one leaves its evidence to the other.

[T] E[e_k | past] <= 1 for every moment, so M_t + (alarms so far) - r t is a supermartingale, whichever are
kept, and no more than r t alarms are expected up to t. Conditions: as of `detectors.evidence`, with the
variances that were learned.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from detectors.block import Residual, ResidualSums, credit_days
from detectors.event import Change
from detectors.everybody.hours import Hours
from detectors.everybody.likeness import Likeness
from detectors.everybody.since import ENOUGH_COHORTS, LEAST_LEFT, Since
from detectors.everybody.small_cohort import Forecast, SmallCohort
from detectors.evidence import Effect, EvidenceProcess
from detectors.heard import Heard, Seen
from detectors.unit import Unit

MOST_MOMENTS = 8
MOST_ELSEWHERE = 0.5
"""Up to this share of speech may be of cohorts that have a level: those are asked elsewhere."""
AFRESH = 4.0
PLAUSIBLE = 2.0
"""A moment is plausible while its log likelihood ratio is at most this below the best one's."""


@dataclass(slots=True)
class Crowd:
    """All small cohorts together.

    Parameters
    ----------
    smallest_change
        Delta, as a ratio.
    false_alarms_per_day
        r, the share of the tolerated false alarms.
    offset
        What the rise of an alarm that lasts adds to every shift.
    risen, afresh
        The moment at which that began, and what shifts tell of the error of the offset since it was set.
    """

    smallest_change: float
    false_alarms_per_day: float
    cohorts: dict[str, SmallCohort] = field(default_factory=dict)
    likeness: Likeness = field(default_factory=Likeness)
    hours: Hours = field(default_factory=Hours)
    heard: ResidualSums = field(default_factory=ResidualSums)
    elsewhere: float = 0.0
    moments: list[Since] = field(default_factory=list)
    offset: float = 0.0
    alarm: Effect | None = None
    risen: Since | None = None
    afresh: Heard = field(default_factory=Heard)
    onset_interval: tuple[float, float] = (0.0, 0.0)
    opened_s: float | None = None

    @property
    def evidence(self) -> float:
        """M; 1 as long as the alarm lasts."""
        return 1.0 if self.alarm is not None else self._evidence()

    def hear(self, unit: Unit) -> None:
        """Take note of a shift of a cohort that is asked elsewhere."""
        self.elsewhere += unit.effective_words

    def update(self, unit: Unit, now_s: float) -> Change | None:
        """Take a shift of a small cohort; return what it made certain: a rise of everybody, or its end."""
        cohort = self.cohorts.setdefault(unit.cohort, SmallCohort())
        rate, words = unit.error_rate - self.offset, unit.effective_words
        level = cohort.level(self._level(rate))
        forecast = cohort.forecast(unit, self.likeness.variances(), level)
        found = None
        off = rate - forecast.rate if forecast is not None else 0.0
        spread = words * forecast.variance if forecast is not None else 0.0
        opened_s, self.opened_s = self.opened_s, now_s
        if forecast is not None and len(self.cohorts) >= ENOUGH_COHORTS:
            if self.hours.enter(now_s, learn=self.alarm is None):
                for moment in self.moments:
                    moment.absorbed = 0.0
            self._open(unit.started_s, 0.0 if opened_s is None else credit_days(opened_s, now_s))
            self._weigh(unit, cohort, forecast, off)
            self.hours.take(off, forecast.variance)
            found = self._finding()
        self.heard.add(unit, Residual(words, words * off, words * spread, words * rate))
        if not any(moment.process.is_suspicious for moment in self.moments):
            cohort.compare(unit, rate, self.likeness, level)
        # A finding moves the offset, and what was heard with it.
        forgotten = cohort.learn(unit, unit.error_rate - self.offset)
        for moment in self._counting():
            moment.count(unit.cohort, unit.key, words)
            if forgotten is not None:
                moment.forget(unit.cohort, forgotten)
        return found

    def leave(self, cohort: str) -> None:
        """Forget a cohort: it has a level of its own now, or begins anew."""
        if self.cohorts.pop(cohort, None) is not None:
            for moment in self._counting():
                moment.forget(cohort)

    def forget(self) -> None:
        """Begin anew with every cohort: what comes from now on is not compared with what was."""
        self.cohorts = {}
        self.end_alarm()

    def calm(self) -> None:
        """Forget the evidence."""
        self.moments = []

    def end_alarm(self) -> None:
        """Take what is as the new normal, and watch for a rise again."""
        for cohort in self.cohorts.values():
            cohort.move(self.offset)
        self.alarm, self.risen, self.offset = None, None, 0.0
        self.calm()

    def _counting(self) -> list[Since]:
        return self.moments if self.risen is None else [*self.moments, self.risen]

    def _level(self, unknown: float) -> float:
        heard = self.heard
        return heard.levels / heard.weight if heard.weight else unknown

    def _evidence(self) -> float:
        return math.fsum([moment.process.evidence for moment in self.moments])

    def _open(self, at_s: float, elapsed_days: float) -> None:
        """Suppose a change just now; what the budget allows since the last shift is for this moment."""
        delta, rate = self.smallest_change, self.false_alarms_per_day
        if self.alarm is None:
            process = EvidenceProcess(delta, rate, margin_errors=0.0)
        else:
            process = EvidenceProcess.of_recovery(delta, rate)
        if self.moments:
            latest = self.moments[-1].process
            process.mean_y, process.mean_y_squared = latest.mean_y, latest.mean_y_squared
        process.credit(elapsed_days)
        self.moments.append(Since(at_s, self.heard.copy(), self.elsewhere, process))
        if len(self.moments) > MOST_MOMENTS:
            self._join()

    def _join(self) -> None:
        now = self.heard.tally.units + 1
        ages = [now - moment.start.tally.units for moment in self.moments]
        at = min(range(len(ages) - 1), key=lambda k: ages[k] / ages[k + 1])
        older, newer = self.moments[at : at + 2]
        kept, other = (older, newer) if older.process.evidence >= newer.process.evidence else (newer, older)
        for component, left in zip(kept.process.components, other.process.components, strict=True):
            component.evidence += left.evidence
        self.moments[at : at + 2] = [kept]

    def _weigh(self, unit: Unit, cohort: SmallCohort, forecast: Forecast, off: float) -> None:
        totals = {key: speaker.words for key, speaker in cohort.speakers.items()}
        sign, beyond = 1.0, 0.0
        if self.alarm is not None:  # asked is whether less than half of Delta is left of the rise
            sign, beyond = -1.0, max(0.0, self.offset - self.smallest_change / 2.0)
            self._estimate_afresh(unit, forecast, off, totals)
        gain = self.hours.gain(forecast.variance)
        for moment in self.moments:
            left = moment.left(unit.cohort, forecast, totals)
            if left < LEAST_LEFT:
                continue
            moment.absorbed += gain * left
            deviation = sign * (off - self.hours.estimate) / left - beyond
            variance = (forecast.variance + self.hours.variance) / left**2
            moment.process.update(deviation, variance, 0.0, math.inf, unit.started_s)
            moment.see(unit.cohort, unit.session or unit.key, deviation, variance)

    def _finding(self) -> Change | None:
        if self._evidence() < 1.0:
            return None
        moment = max(self.moments, key=lambda each: each.likelihood)
        if self.alarm is not None:
            self._shift(moment, -self.offset)
            self.alarm = self.risen = None
            return Change.RECOVERED
        small, others = self.heard.weight - moment.start.weight, self.elsewhere - moment.elsewhere
        is_most = others <= MOST_ELSEWHERE * (small + others)
        if not (is_most and moment.is_everybodys(self.smallest_change)):
            return None
        effect = moment.process.effect(math.inf)
        self.alarm = replace(effect, since=self.heard.since(moment.start).tally)
        least = moment.likelihood - PLAUSIBLE
        onsets = [each.at_s for each in self.moments if each.likelihood >= least]
        self.onset_interval = min(onsets), max(onsets)
        self.hours.forget_since(moment.at_s)
        self.risen, self.afresh = moment, Heard()
        self._shift(moment, moment.heard.mean)
        return Change.DEGRADED

    def _estimate_afresh(self, unit: Unit, forecast: Forecast, off: float, totals: dict[str, float]) -> None:
        """Correct the rise whenever four times as much was heard as before: that of the alarm is selected."""
        risen, afresh = self.risen, self.afresh
        assert risen is not None
        left = risen.left(unit.cohort, forecast, totals)
        if left >= LEAST_LEFT:
            afresh.add(Seen(off / left, forecast.variance / left**2, math.inf))
        is_falling = any(moment.process.is_suspicious for moment in self.moments)
        if afresh.precision >= AFRESH * risen.heard.precision and not is_falling:
            self._shift(risen, afresh.mean)
            risen.heard, self.afresh = afresh, Heard()

    def _shift(self, moment: Since, by: float) -> None:
        """Take what was heard since a moment as if this had not been added to it."""
        for name, heard in moment.words.items():
            self.cohorts[name].take_off(by, heard)
        self.offset += by
        self.calm()
