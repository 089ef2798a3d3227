"""One question asked of one series for ever: whether it rose from its baseline, or fell."""

from __future__ import annotations

from dataclasses import dataclass

from detectors.evidence import Baseline, EvidenceProcess
from detectors.tally import Tally


@dataclass(slots=True)
class Question:
    """One series of the blocks with its baseline and what would show that it rose, or fell."""

    baseline: Baseline
    rise: EvidenceProcess
    fall: EvidenceProcess | None = None

    @property
    def fall_evidence(self) -> float:
        """M of the fall, 0 where it is not watched."""
        return self.fall.evidence if self.fall is not None else 0.0

    def update(
        self,
        x: float,
        variance: float,
        elapsed: float,
        at_s: float,
        tally: Tally | None,
        *,
        learn: bool,
        doubt: float = 0.0,
    ) -> None:
        """Take an observation; the baseline learns it unless something is suspicious.

        ``doubt`` is a variance of what is normal that comes on top of the baseline's own, 1/W.
        """
        baseline, rise, fall = self.baseline, self.rise, self.fall
        deviation, precision = x - baseline.mean, baseline.precision
        if doubt:
            precision = 1.0 / (1.0 / precision + doubt)
        rise.update(deviation, variance, elapsed, precision, at_s, tally)
        held = not learn or rise.is_suspicious
        if fall is not None:
            fall.update(-deviation, variance, elapsed, precision, at_s, tally)
            held = held or fall.is_suspicious
        baseline.learn(x, variance, held=held, smallest_change=rise.smallest_change)

    def set_rate(self, rate: float, margin_errors: float) -> None:
        """Set r anew, and how far the baseline is doubted."""
        for process in (self.rise, self.fall):
            if process is not None:
                process.rate, process.margin_errors = rate, margin_errors

    def rising(self) -> Question:
        """The question of the rise alone as it stands, to be asked of what may come."""
        return Question(Baseline(self.baseline.mean, self.baseline.precision), self.rise.copy())

    def reset(self) -> None:
        """Forget the evidence both ways."""
        self.rise.reset()
        if self.fall is not None:
            self.fall.reset()

    def take(self, shift: float, precision: float) -> None:
        """Take a change as the new normal, known with at most this precision, and start anew."""
        self.baseline.move_to(self.baseline.mean + shift, min(precision, self.baseline.precision))
        self.reset()
