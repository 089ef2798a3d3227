"""An alarm about a rate of utterances: what was found, and whether it is over."""

from __future__ import annotations

from dataclasses import dataclass

from detectors.evidence import Effect, EvidenceProcess
from detectors.heard import Seen


@dataclass(slots=True)
class RateAlarm:
    """What rose, until less than half of the smallest change is left of it."""

    effect: Effect
    recovery: EvidenceProcess

    @classmethod
    def of(cls, effect: Effect, smallest_change: float, rate: float) -> RateAlarm:
        """An alarm that begins, for Delta (a ratio of utterances) and r (false alarms a day)."""
        return cls(effect, EvidenceProcess.of_recovery(smallest_change, rate))

    def is_over(self, seen: Seen, elapsed_days: float) -> bool:
        """Take a unit; say whether the rate has recovered."""
        closeness = self.recovery.smallest_change - seen.deviation
        self.recovery.update(closeness, seen.variance, elapsed_days, seen.base)
        return self.recovery.evidence >= 1.0
