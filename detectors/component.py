"""One effect size of the e-detector: its share of the evidence and its CUSUM, which dates the onset."""

from __future__ import annotations

from dataclasses import dataclass, field

from detectors.tally import Tally

NOTHING = Tally()
"""What nothing is made of; like everything that is gathered it is never changed."""


@dataclass(slots=True)
class Component:
    """The evidence for one effect size, and what was gathered since the onset that is likeliest for it.

    ``log_e`` is the last observation's log e-value, ``steps`` counts the observations since the onset.
    ``since`` is what these are made of: it is replaced and never changed, since others hold it as well.
    """

    evidence: float = 0.0
    log_e: float = 0.0
    cusum: float = 0.0
    steps: int = 0
    onset_s: float = 0.0
    weight: float = 0.0
    weighted: float = 0.0
    since: Tally = field(default_factory=lambda: NOTHING)

    @property
    def mean(self) -> float:
        """Mean deviation since the onset."""
        return self.weighted / self.weight if self.weight > 0 else 0.0

    def begin(self, weight: float, weighted: float, at_s: float, tally: Tally) -> None:
        """Take an observation as the first since an onset; 1/v and d/v, and what it is made of."""
        self.cusum, self.steps, self.onset_s = self.log_e, 1, at_s
        self.weight, self.weighted, self.since = weight, weighted, tally

    def go_on(self, weight: float, weighted: float, since: Tally) -> None:
        """Take another observation; ``since`` holds it already."""
        self.cusum += self.log_e
        self.steps += 1
        self.weight += weight
        self.weighted += weighted
        self.since = since
