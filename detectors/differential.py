"""The detector of the differential signal: whether a cohort got worse than the rest did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from river.base import DriftDetector

from detectors.block import Block
from detectors.evidence import (
    RECOVERY_GRID,
    RECOVERY_WEIGHTS,
    Baseline,
    Effect,
    EvidenceProcess,
)
from detectors.state import dump, load
from detectors.tally import Tally

PLAIN_VARIANCE = 0.01
PLAIN_ELAPSED_DAYS = 0.1


@dataclass(slots=True)
class DifferentialState:
    """What a `DifferentialDetector` remembers; ``recovery`` exists while it is in alarm."""

    own: EvidenceProcess
    differential: EvidenceProcess
    recovery: EvidenceProcess | None = None
    alarm: Effect | None = None


class DifferentialDetector(DriftDetector):
    """Detects that a cohort got worse than the rest did; a river drift detector fed with `Block`.

    Two processes must agree, one on the differential D and one on the cohort's own level O: the evidence is
    the smaller of the two. The minimum of two e-detectors is valid while either's null holds, so a cohort is
    named neither when everybody gets worse (D does not move) nor when only the others get better (O does
    not). After an alarm a mirrored process on Delta/2 - (D - mu) watches for the return.

    Parameters
    ----------
    smallest_change
        Delta, as a ratio: 0.05 is five WER points.
    false_alarms_per_day
        r, this cohort's share of the tolerated false alarms; the same rate bounds false recoveries.
    own_variance, differential_variance
        Variance of the baselines of O and D when monitoring starts, from the levels' standard errors.
    decider
        Another river detector that decides on D instead, without the budget's promise; the processes then
        only date and measure the rise. Its state is its own: see `can_be_saved`.

    Notes
    -----
    A plain number instead of a block, in any river pipeline, counts as D and O at once, observed a tenth of a
    day after the last one with a standard deviation of 0.1.

    Examples
    --------
    >>> import random
    >>> noise = random.Random(3)
    >>> detector = DifferentialDetector(smallest_change=0.05)
    >>> for step in range(400):
    ...     detector.update(noise.gauss(0.0 if step < 200 else 0.1, 0.1))
    ...     if detector.drift_detected:
    ...         print(step > 200, detector.effect().lower > 0)
    True True
    """

    def __init__(
        self,
        smallest_change: float = 0.05,
        false_alarms_per_day: float = 1.0 / 30.0,
        own_variance: float = 0.0004,
        differential_variance: float = 0.0005,
        decider: DriftDetector | None = None,
    ) -> None:
        super().__init__()
        self.smallest_change = smallest_change
        self.false_alarms_per_day = false_alarms_per_day
        self.own_variance = own_variance
        self.differential_variance = differential_variance
        self.decider = decider
        self._recovered = False
        self._state = DifferentialState(
            EvidenceProcess(smallest_change, false_alarms_per_day, Baseline(0.0, 1.0 / own_variance)),
            EvidenceProcess(
                smallest_change, false_alarms_per_day, Baseline(0.0, 1.0 / differential_variance)
            ),
        )

    @property
    def evidence(self) -> float:
        """min(M_D, M_O), 1 is an alarm; 1 as long as the alarm lasts."""
        if self.in_alarm:
            return 1.0
        return min(self._state.differential.evidence, self._state.own.evidence)

    @property
    def in_alarm(self) -> bool:
        """Whether an alarm was raised and no recovery was seen since."""
        return self._state.recovery is not None

    @property
    def recovered(self) -> bool:
        """Whether the last update ended an alarm."""
        return self._recovered

    @property
    def can_be_saved(self) -> bool:
        """Whether `to_state` holds everything: not with another library's decider."""
        return self.decider is None

    @property
    def baseline(self) -> Baseline:
        """Where D stands when nothing has changed."""
        return self._state.differential.baseline

    def update(self, x: float | Block, *, learn: bool = True) -> None:
        """Take a block, or a plain differential.

        ``learn=False`` keeps the baselines as they are, for example while everybody is in alarm.
        """
        self._drift_detected = self._recovered = False
        block = x if isinstance(x, Block) else _plain_block(x)
        if self._state.recovery is not None:
            self._watch_for_recovery(self._state.recovery, block)
            return
        at_s, tally, elapsed = block.started_s, block.tally, block.elapsed_days
        self._state.own.update(block.own, block.own_variance, elapsed, at_s, tally, learn=learn)
        self._state.differential.update(
            block.differential, block.differential_variance, elapsed, at_s, tally, learn=learn
        )
        if self._decides(block):
            self._drift_detected = True
            self._raise_alarm()

    def effect(self) -> Effect:
        """The differential's change since its onset: of the alarm while it lasts, else of the suspicion."""
        return self._state.alarm or self._state.differential.effect()

    def share_budget(self, false_alarms_per_day: float) -> None:
        """Set r anew, for example because another cohort takes a share from now on."""
        self.false_alarms_per_day = false_alarms_per_day
        for process in (self._state.own, self._state.differential, self._state.recovery):
            if process is not None:
                process.rate = false_alarms_per_day

    def end_alarm(self) -> None:
        """Watch for a rise again: after a recovery, or when a person resolved the alarm."""
        self._state.recovery = self._state.alarm = None

    def _decides(self, block: Block) -> bool:
        if self.decider is None:
            return self.evidence >= 1.0
        self.decider.update(block.differential)
        return self.decider.drift_detected and self._state.differential.effect().estimate > 0

    def _raise_alarm(self) -> None:
        state = self._state
        state.alarm = state.differential.effect()
        state.own.reset()
        state.differential.reset()
        state.recovery = EvidenceProcess(
            self.smallest_change / 2.0,
            self.false_alarms_per_day,
            Baseline(0.0, state.differential.baseline.precision),
            RECOVERY_GRID,
            RECOVERY_WEIGHTS,
        )

    def _watch_for_recovery(self, recovery: EvidenceProcess, block: Block) -> None:
        closeness = self.baseline.mean + self.smallest_change / 2.0 - block.differential
        recovery.update(
            closeness,
            block.differential_variance,
            block.elapsed_days,
            block.started_s,
            block.tally,
            learn=False,
        )
        if recovery.evidence >= 1.0:
            self._recovered = True
            self.end_alarm()

    def to_state(self) -> dict[str, Any]:
        """JSON-ready state, for `detectors.state`."""
        return {
            "smallest_change": self.smallest_change,
            "false_alarms_per_day": self.false_alarms_per_day,
            "own_variance": self.own_variance,
            "differential_variance": self.differential_variance,
            "state": dump(self._state),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> DifferentialDetector:
        """The detector whose state `to_state` gave."""
        detector = cls(
            state["smallest_change"],
            state["false_alarms_per_day"],
            state["own_variance"],
            state["differential_variance"],
        )
        detector._state = load(DifferentialState, state["state"])
        return detector


def _plain_block(x: float) -> Block:
    return Block(0.0, 0.0, PLAIN_ELAPSED_DAYS, x, PLAIN_VARIANCE, 0.0, 0.0, Tally(), Tally())
