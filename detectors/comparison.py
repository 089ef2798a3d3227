"""A planned change, announced beforehand, is judged as a before/after comparison instead of a surprise."""

from __future__ import annotations

from dataclasses import dataclass, field

from detectors.block import SECONDS_A_DAY, Block
from detectors.event import Change
from detectors.evidence import Effect, half_width
from detectors.tally import Tally

LONGEST_DAYS = 30.0


@dataclass(slots=True)
class Comparison:
    """One cohort's level after an announced change against its baseline.

    With W the precision gathered since the announcement, the effect is the mean deviation from the baseline
    with the confidence sequence of `detectors.evidence.half_width`, so looking after every block is allowed.
    The verdict falls when the interval leaves 0 out and is no wider than +-Delta, or is no wider than
    +-Delta/2, or after 30 days.

    Parameters
    ----------
    about
        What was announced.
    since_s
        When, on the stream's clock.
    smallest_change
        Delta, as a ratio.
    mean, precision
        mu and W_base of the cohort's own level before.
    """

    about: str
    since_s: float
    smallest_change: float
    mean: float
    precision: float
    gathered: float = 0.0
    weighted: float = 0.0
    since: Tally = field(default_factory=Tally)

    @property
    def effect(self) -> Effect:
        """The change of the cohort's own level since the announcement; needs at least one block."""
        estimate = self.weighted / self.gathered
        half = half_width(self.gathered, self.precision, self.smallest_change)
        return Effect(self.since_s, estimate, estimate - half, estimate + half, self.since)

    def update(self, block: Block) -> Change | None:
        """Take a block with own units; return the verdict once it can be given.

        ``UNCHANGED`` says that no change was shown: its effect's interval says how large one could still be.
        """
        self.gathered += 1.0 / block.own_variance
        self.weighted += (block.own - self.mean) / block.own_variance
        self.since.merge(block.tally)
        effect = self.effect
        half = (effect.upper - effect.lower) / 2.0
        is_clear = effect.lower > 0.0 or effect.upper < 0.0
        is_late = block.ended_s - self.since_s > LONGEST_DAYS * SECONDS_A_DAY
        if not (half <= self.smallest_change / 2.0 or is_late or (is_clear and half <= self.smallest_change)):
            return None
        if not is_clear:
            return Change.UNCHANGED
        return Change.DEGRADED if effect.lower > 0.0 else Change.IMPROVED
