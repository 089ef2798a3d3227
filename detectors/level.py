"""A cohort's own level: what its error rate and its spread are while nothing changes."""

from __future__ import annotations

from dataclasses import dataclass, field

from detectors.unit import Unit
from detectors.voices import Expectation, Voices

UNITS_TO_LEARN = 40
SPEAKERS_TO_LEARN = 10
SPEAKERS_TO_COMPARE = 2
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

    Learning ends at 40 units. With fewer than 10 speakers among them, strangers cannot be judged: then only
    units of speakers heard in at least five units before count as evidence, and only if there are two such
    speakers. Where utterances carry no speaker keys the number of speakers cannot be asked for, and
    ``speakers_known`` is False.
    """

    units: int = 0
    weight: float = 0.0
    mean: float = 0.0
    squares: float = 0.0
    speakers_known: bool = True
    speakers: list[str] = field(default_factory=list)
    is_learned: bool = False
    voices: Voices = field(default_factory=Voices)

    @property
    def has_enough_speakers(self) -> bool:
        """Whether a stranger can be judged by the cohort's level."""
        return len(self.speakers) >= SPEAKERS_TO_LEARN or not self.speakers_known

    @property
    def can_judge(self) -> bool:
        """Whether a change of the cohort can be told at all."""
        return self.is_learned and (self.has_enough_speakers or self.voices.well_known >= SPEAKERS_TO_COMPARE)

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

    def expect(self, unit: Unit) -> Expectation:
        """What this unit is expected to be, from the cohort's level and its speaker's past."""
        speaker = unit.key if unit.has_speaker else None
        return self.voices.expect(speaker, unit.effective_words, self.level, self.spread)

    def counts(self, expectation: Expectation) -> bool:
        """Whether a unit may count as evidence."""
        return self.has_enough_speakers or expectation.is_well_known

    def learn(self, unit: Unit, *, held: bool = False) -> None:
        """Take up a unit: for b until it is fixed, for V up to 400 units, and for its speaker."""
        x, weight = unit.error_rate, unit.effective_words
        if not self.is_learned:
            self._learn_level(x, weight)
            self._meet(unit)
            self.is_learned = self.units >= UNITS_TO_LEARN
        elif self.units < LAST_SPREAD_UNIT and not held:
            self.units += 1
            self.squares += weight * (x - self.mean) ** 2
        if unit.has_speaker:
            level = self.level if self.is_learned else None
            self.voices.learn(unit.key, weight, x, level, held=held)
            if not held:
                self._meet(unit)

    def move(self, shift: float) -> None:
        """Stand elsewhere from now on, every speaker included: what was found is the new normal."""
        self.mean += shift
        for voice in self.voices.known.values():
            voice.mean += shift

    def _learn_level(self, x: float, weight: float) -> None:
        self.units += 1
        self.weight += weight
        step = x - self.mean
        self.mean += step * weight / self.weight
        self.squares += weight * step * (x - self.mean)

    def _meet(self, unit: Unit) -> None:
        if not unit.has_speaker:
            self.speakers_known = False
        elif len(self.speakers) < SPEAKERS_TO_LEARN and unit.key not in self.speakers:
            self.speakers.append(unit.key)
