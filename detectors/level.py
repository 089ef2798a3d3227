"""A cohort's own level: what its error rate and its spread are while nothing changes."""

from __future__ import annotations

from dataclasses import dataclass, field

from detectors.unit import Unit

UNITS_TO_LEARN = 40
SPEAKERS_TO_LEARN = 10
LAST_SPREAD_UNIT = 400
PRIOR_UNITS = 10.0
PRIOR_INFLATION = 1.2
LOWEST_LEVEL = 0.005
"""Below this the binomial floor b (1 - b) would claim certainty that a few clean units do not give."""


@dataclass(slots=True)
class Level:
    """b and V of one cohort, from its first 40 units and, for V, on to 400.

    b = sum(a E) / sum(a N), then fixed; V = (Q + 10 * 1.2 b (1 - b)) / (n - 1 + 10) with Q the weighted sum
    of A_u (x - b)^2 (West 1979). A unit's variance is V / A_u.

    Learning ends at 40 units from at least 10 speakers; where utterances carry no speaker keys the number
    of speakers cannot be asked for, and ``speakers_known`` is False.
    """

    units: int = 0
    weight: float = 0.0
    mean: float = 0.0
    squares: float = 0.0
    speakers_known: bool = True
    speakers: list[str] = field(default_factory=list)
    is_learned: bool = False

    @property
    def level(self) -> float:
        """b, at least 0.5 %."""
        return max(self.mean, LOWEST_LEVEL)

    @property
    def spread(self) -> float:
        """V, the variance of a unit's error rate times its effective words."""
        binomial = self.level * (1.0 - self.level)
        return (self.squares + PRIOR_UNITS * PRIOR_INFLATION * binomial) / (self.units - 1.0 + PRIOR_UNITS)

    @property
    def level_variance(self) -> float:
        """se^2 of b."""
        return self.spread / self.weight if self.weight else float("inf")

    def learn(self, unit: Unit) -> None:
        """Take up a unit; a no-op for b once it is fixed, and for V from 400 units on."""
        if self.units >= LAST_SPREAD_UNIT:
            return
        x, weight = unit.error_rate, unit.effective_words
        self.units += 1
        if self.is_learned:
            self.squares += weight * (x - self.mean) ** 2
            return
        self.weight += weight
        step = x - self.mean
        self.mean += step * weight / self.weight
        self.squares += weight * step * (x - self.mean)
        self._meet(unit)
        enough_speakers = len(self.speakers) >= SPEAKERS_TO_LEARN or not self.speakers_known
        self.is_learned = self.units >= UNITS_TO_LEARN and enough_speakers

    def _meet(self, unit: Unit) -> None:
        if not unit.has_speaker:
            self.speakers_known = False
        elif len(self.speakers) < SPEAKERS_TO_LEARN and unit.key not in self.speakers:
            self.speakers.append(unit.key)
