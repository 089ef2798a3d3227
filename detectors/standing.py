"""The detector of the standing signal: whether a cohort's gap to the rest exceeds the tolerated one.

The question is not whether something changed but whether the gap is too large, now and for as long as it
lasts:

    x = D + b_c - B_rest - T

with B_rest the others' levels at their usual mix and T the tolerated gap. It has no learned baseline; the
levels' standard errors are a margin of 1.64 of them inside the null. It goes to the record and to a ticket,
never to a page.
"""

from __future__ import annotations

from dataclasses import dataclass

from detectors.block import Block
from detectors.event import Change
from detectors.evidence import RECOVERY_GRID, RECOVERY_WEIGHTS, Effect, EvidenceProcess

MARGIN_ERRORS = 1.64


@dataclass(slots=True)
class StandingDetector:
    """Evidence that the gap exceeds the tolerated one.

    Parameters
    ----------
    rise, fall
        Evidence that the gap is above, and below, the tolerated one.
    gap
        b_c - B_rest - T, the gap above the tolerated one as the learned levels have it.
    precision
        Inverse variance of that difference of levels.
    """

    rise: EvidenceProcess
    fall: EvidenceProcess
    gap: float = 0.0
    precision: float = 1.0
    alarm: Effect | None = None

    @classmethod
    def start(cls, smallest_change: float, rate: float) -> StandingDetector:
        """A detector for Delta (a ratio) and r (tolerated false alarms per day)."""
        return cls(
            EvidenceProcess(smallest_change, rate, margin_errors=MARGIN_ERRORS),
            EvidenceProcess(
                smallest_change, rate, RECOVERY_GRID, RECOVERY_WEIGHTS, margin_errors=MARGIN_ERRORS
            ),
        )

    @property
    def evidence(self) -> float:
        """M; 1 as long as the alarm lasts."""
        return 1.0 if self.alarm is not None else self.rise.evidence

    def know(self, rate: float, gap: float, precision: float) -> None:
        """Take the budget's share and the levels as they are now known."""
        self.rise.rate = self.fall.rate = rate
        self.gap, self.precision = gap, precision

    def update(self, block: Block) -> tuple[Change, Effect] | None:
        """Take a block with a rest; return what it made certain, with the effect above the tolerated gap."""
        excess = block.differential + self.gap
        variance, elapsed = block.differential_variance, block.elapsed_days
        if self.alarm is not None:
            self.fall.update(-excess, variance, elapsed, self.precision, block.started_s)
            if self.fall.evidence < 1.0:
                return None
            alarm, self.alarm = self.alarm, None
            self.fall.reset()
            return Change.RECOVERED, alarm
        self.rise.update(excess, variance, elapsed, self.precision, block.started_s, block.tally)
        if self.rise.evidence < 1.0:
            return None
        self.alarm = self.rise.effect(self.precision)
        self.rise.reset()
        return Change.DEGRADED, self.alarm
