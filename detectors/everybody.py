"""The detector of the global signal: whether everybody got worse."""

from __future__ import annotations

from dataclasses import dataclass, field

from detectors.block import Block
from detectors.evidence import (
    RECOVERY_GRID,
    RECOVERY_WEIGHTS,
    Baseline,
    Effect,
    EvidenceProcess,
)
from detectors.tally import Tally

COHORTS_TO_LEAVE_ONE_OUT = 3


@dataclass(slots=True)
class EverybodyDetector:
    """Evidence that the rise is not one cohort's own.

    With three cohorts and more: for every cohort c a process on the rest without c; all must agree, so a
    single bad cohort cannot raise it, since the process that leaves that cohort out sees nothing. With one
    or two cohorts: the own levels, all of them. The minimum lets every process use the whole share of the
    budget.

    Parameters
    ----------
    smallest_change
        Delta, as a ratio.
    false_alarms_per_day
        r, the share of the tolerated false alarms that global alarms may use.
    """

    smallest_change: float
    false_alarms_per_day: float
    rests: dict[str, EvidenceProcess] = field(default_factory=dict)
    owns: dict[str, EvidenceProcess] = field(default_factory=dict)
    recoveries: dict[str, EvidenceProcess] = field(default_factory=dict)
    alarm: Effect | None = None

    @property
    def evidence(self) -> float:
        """The smallest M of the processes that must agree; 1 as long as the alarm lasts."""
        if self.alarm is not None:
            return 1.0
        return min((process.evidence for process in self._voters.values()), default=0.0)

    @property
    def in_alarm(self) -> bool:
        """Whether an alarm was raised and no recovery was seen since."""
        return self.alarm is not None

    def watch(self, cohort: str, own_variance: float, rest_variance: float) -> None:
        """Let a learned cohort take part from now on, with the squared standard errors of the levels."""
        self.rests[cohort] = self._process(1.0 / rest_variance)
        self.owns[cohort] = self._process(1.0 / own_variance)

    def update(self, cohort: str, block: Block) -> bool:
        """Take a cohort's block; return whether an alarm begins."""
        if self.alarm is not None:
            self._watch_for_recovery(cohort, block)
            return False
        at_s, elapsed, tally = block.started_s, block.elapsed_days, _both_sides(block)
        if block.has_rest:
            self.rests[cohort].update(block.rest, block.rest_variance, elapsed, at_s, tally)
        self.owns[cohort].update(block.own, block.own_variance, elapsed, at_s, tally)
        if self.evidence < 1.0:
            return False
        self._raise_alarm()
        return True

    @property
    def has_recovered(self) -> bool:
        """Whether the processes that must agree see the level back at its baseline."""
        watched = [self.recoveries[c] for c in self._voters if c in self.recoveries]
        return bool(watched) and min(process.evidence for process in watched) >= 1.0

    def end_alarm(self) -> None:
        """Watch for a rise again."""
        self.alarm = None
        self.recoveries = {}

    @property
    def _voters(self) -> dict[str, EvidenceProcess]:
        return self.rests if len(self.rests) >= COHORTS_TO_LEAVE_ONE_OUT else self.owns

    def _process(self, precision: float) -> EvidenceProcess:
        return EvidenceProcess(self.smallest_change, self.false_alarms_per_day, Baseline(0.0, precision))

    def _raise_alarm(self) -> None:
        weakest = min(self._voters.values(), key=lambda process: process.evidence)
        self.alarm = weakest.effect()
        self.recoveries = {
            cohort: EvidenceProcess(
                self.smallest_change / 2.0,
                self.false_alarms_per_day,
                Baseline(0.0, process.baseline.precision),
                RECOVERY_GRID,
                RECOVERY_WEIGHTS,
            )
            for cohort, process in self._voters.items()
        }
        for process in (*self.rests.values(), *self.owns.values()):
            process.reset()

    def _watch_for_recovery(self, cohort: str, block: Block) -> None:
        recovery = self.recoveries.get(cohort)
        if recovery is None:
            return
        leaves_one_out = len(self.rests) >= COHORTS_TO_LEAVE_ONE_OUT
        if leaves_one_out and not block.has_rest:
            return
        level, variance = (
            (block.rest, block.rest_variance) if leaves_one_out else (block.own, block.own_variance)
        )
        closeness = self._voters[cohort].baseline.mean + self.smallest_change / 2.0 - level
        recovery.update(closeness, variance, block.elapsed_days, block.started_s, learn=False)


def _both_sides(block: Block) -> Tally:
    tally = block.rest_tally.copy()
    tally.merge(block.tally)
    return tally
