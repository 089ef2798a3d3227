"""The detector of the global signal: whether everybody got worse."""

from __future__ import annotations

from dataclasses import dataclass, field

from detectors.block import Block
from detectors.event import Change
from detectors.everybody.crowd import Crowd
from detectors.evidence import (
    Baseline,
    Effect,
    EvidenceProcess,
    mirrored,
)
from detectors.onset import OnsetTrail
from detectors.question import Question
from detectors.unit import Unit

COHORTS_TO_LEAVE_ONE_OUT = 3
CROWD_SHARE = 1.0 / 3.0
"""Of the false alarms that global alarms may use, for what cohorts without a level tell together."""


@dataclass(slots=True)
class EverybodyDetector:
    """Evidence that the rise is not one cohort's own.

    Cohorts that have a level tell it by their blocks, those that are too small for one tell it together
    (`detectors.everybody.crowd`); either raises the alarm, and ends what it raised.

    With three cohorts and more: for every cohort c a process on the rest without c; all must agree, so a
    single bad cohort cannot raise it, since the process that leaves that cohort out sees nothing. With one
    or two cohorts: the own levels, all of them. The minimum lets every process use the whole share of the
    budget. The mirrored processes find that everybody improved, which is no alarm: the caller then moves
    the levels, which the residuals are taken from.

    Parameters
    ----------
    smallest_change
        Delta, as a ratio.
    false_alarms_per_day
        r, the share of the tolerated false alarms that these processes may use.
    crowd
        The small cohorts, with a share of their own.
    """

    smallest_change: float
    false_alarms_per_day: float
    crowd: Crowd
    rests: dict[str, Question] = field(default_factory=dict)
    owns: dict[str, Question] = field(default_factory=dict)
    trails: dict[str, OnsetTrail] = field(default_factory=dict)
    recoveries: dict[str, EvidenceProcess] = field(default_factory=dict)
    alarm: Effect | None = None
    onset_interval: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def start(cls, smallest_change: float, false_alarms_per_day: float) -> EverybodyDetector:
        """A detector that shares the false alarms that global alarms may use."""
        crowds = CROWD_SHARE * false_alarms_per_day
        return cls(smallest_change, false_alarms_per_day - crowds, Crowd(smallest_change, crowds))

    @property
    def evidence(self) -> float:
        """The larger of the crowd's M and the smallest M of the processes that must agree; 1 in alarm."""
        return 1.0 if self.alarm is not None else max(self._voters_evidence, self.crowd.evidence)

    @property
    def in_alarm(self) -> bool:
        """Whether an alarm was raised and no recovery was seen since."""
        return self.alarm is not None

    def is_suspected_of(self, cohort: str) -> bool:
        """Whether what hits this cohort may hit everybody: they are in alarm, or the rest is likely to rise.

        The rest is without the cohort, so its own rise does not count. With fewer than three cohorts the rest
        is not watched for a rise.
        """
        rest = self.rests.get(cohort)
        return self.in_alarm or (rest is not None and rest.rise.is_suspicious)

    def watch(self, cohort: str, own_variance: float, rest_variance: float, *, rest_mean: float) -> None:
        """Let a learned cohort take part from now on, with its own and the rest's baseline."""
        self.rests[cohort] = self._question(rest_mean, 1.0 / rest_variance)
        self.owns[cohort] = self._question(0.0, 1.0 / own_variance)
        self.trails[cohort] = OnsetTrail()

    def leave(self, cohort: str) -> None:
        """Forget a cohort until it is learned again."""
        self.crowd.leave(cohort)
        for book in (self.rests, self.owns, self.trails, self.recoveries):
            book.pop(cohort, None)

    def update(self, cohort: str, block: Block, *, learn: bool = True) -> tuple[Change, Effect] | None:
        """Take a cohort's block; return what it made certain, with the effect.

        ``learn=False`` keeps this cohort's own baseline as it is, for example while it is in alarm.
        """
        voters = self._voters
        leaves_one_out = voters is self.rests
        if not (block.has_rest if leaves_one_out else block.has_own):
            return None
        x, variance = block.own, block.still_own_variance
        if leaves_one_out:
            x, variance = block.rest, block.still_rest_variance
        if self.alarm is not None:
            return self._watch_for_recovery(cohort, block, x, variance)
        tally = block.rest_tally.plus(block.tally)
        doubt = 0.0 if leaves_one_out else block.doubt
        voters[cohort].update(
            x, variance, block.elapsed_days, block.started_s, tally, learn=learn, doubt=doubt
        )
        self.trails[cohort].add(block.started_s, x - voters[cohort].baseline.mean, variance)
        # Only the process that was just updated can be the last one to agree.
        question = voters[cohort]
        if question.rise.evidence >= 1.0 and self._voters_evidence >= 1.0:
            self._raise_alarm()
            assert self.alarm is not None
            return Change.DEGRADED, self.alarm
        if question.fall_evidence >= 1.0 and min(each.fall_evidence for each in voters.values()) >= 1.0:
            return Change.IMPROVED, self._take_improvement()
        return None

    def take(self, unit: Unit, now_s: float, *, has_level: bool) -> tuple[Change, Effect] | None:
        """Take a unit as part of the crowd; return what it made certain, with the effect.

        ``has_level`` says whether its cohort has a level to be judged by: then the crowd need not tell.
        """
        crowd, alarm = self.crowd, self.alarm
        if has_level and (crowd.alarm is None or unit.cohort not in crowd.cohorts):
            crowd.leave(unit.cohort)
            crowd.hear(unit)
            return None
        if alarm is not None and crowd.alarm is None:
            return None
        change = crowd.update(unit, now_s)
        if change is Change.DEGRADED:
            assert crowd.alarm is not None
            self.alarm, self.onset_interval = crowd.alarm, crowd.onset_interval
            self._forget()
            return change, crowd.alarm
        if change is Change.RECOVERED:
            assert alarm is not None
            self.end_alarm()
            return change, alarm
        return None

    def end_alarm(self) -> None:
        """Watch for a rise again."""
        self.crowd.end_alarm()
        self.alarm = None
        self.recoveries = {}

    @property
    def _voters_evidence(self) -> float:
        return min((question.rise.evidence for question in self._voters.values()), default=0.0)

    @property
    def _voters(self) -> dict[str, Question]:
        return self.rests if len(self.rests) >= COHORTS_TO_LEAVE_ONE_OUT else self.owns

    def _question(self, mean: float, precision: float) -> Question:
        rise = EvidenceProcess(self.smallest_change, self.false_alarms_per_day)
        fall = EvidenceProcess(self.smallest_change, self.false_alarms_per_day)
        return Question(Baseline(mean, precision), rise, fall)

    def _raise_alarm(self) -> None:
        cohort, weakest = min(self._voters.items(), key=lambda item: item[1].rise.evidence)
        self.alarm = weakest.rise.effect(weakest.baseline.precision)
        self.onset_interval = self.trails[cohort].interval()
        self.recoveries = {
            name: EvidenceProcess.of_recovery(self.smallest_change, self.false_alarms_per_day)
            for name in self._voters
        }
        self.crowd.calm()
        self._forget()

    def _take_improvement(self) -> Effect:
        cohort, weakest = min(self._voters.items(), key=lambda item: item[1].fall_evidence)
        assert weakest.fall is not None
        effect = mirrored(weakest.fall.effect(weakest.baseline.precision))
        self.onset_interval = self.trails[cohort].interval()
        for question in self._voters.values():
            if question.fall is not None and question.fall.likeliest.weight > 0:
                question.take(0.0, question.fall.likeliest.weight)
        self._forget()
        return effect

    def _forget(self) -> None:
        for question in (*self.rests.values(), *self.owns.values()):
            question.reset()
        for trail in self.trails.values():
            trail.clear()

    def _watch_for_recovery(
        self, cohort: str, block: Block, x: float, variance: float
    ) -> tuple[Change, Effect] | None:
        recovery, alarm = self.recoveries.get(cohort), self.alarm
        if recovery is None or alarm is None:
            return None
        baseline = self._voters[cohort].baseline
        closeness = baseline.mean + recovery.smallest_change - x
        recovery.update(closeness, variance, block.elapsed_days, baseline.precision, block.started_s)
        watched = [process for name, process in self.recoveries.items() if name in self._voters]
        if min(process.evidence for process in watched) < 1.0:
            return None
        self.end_alarm()
        return Change.RECOVERED, alarm
