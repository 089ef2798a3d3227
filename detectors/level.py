"""A cohort's own level: what its error rate and its spread are while nothing changes."""

from __future__ import annotations

from dataclasses import dataclass, field

from detectors.sessions import ENOUGH_SESSIONS
from detectors.slices.levels import SliceLevels
from detectors.unit import Unit
from detectors.voices import Expectation, Voices

UNITS_TO_LEARN = 40
SPEAKERS_TO_LEARN = 10
SESSIONS_TO_LEARN = 10
SPEAKERS_TO_COMPARE = 2
LAST_SPREAD_UNIT = 400
PRIOR_UNITS = 10.0
PRIOR_INFLATION = 1.2
LOWEST_LEVEL, HIGHEST_LEVEL = 0.005, 0.95
"""Beyond these the binomial variance b (1 - b) would claim certainty that a few units do not give."""


@dataclass(slots=True)
class Level:
    """b and V of one cohort, learned from its units.

    b = sum(a E) / sum(a N); V = (Q + 10 * 1.2 b (1 - b)) / (n - 1 + 10) with Q the weighted sum of
    A_u (x - b)^2 (West 1979), learned on to 400 units. A unit's variance is V / A_u.

    b is *learned* from 40 units on and *settled*, then fixed, once these are of at least 10 speakers and,
    where utterances name their session, of 10 sessions. Until it is settled, strangers cannot be judged by
    it: then only units of speakers heard in at least five units before count as evidence about the cohort,
    and only if there are two such speakers and, where utterances name their session, three sessions. Where
    utterances carry no speaker keys the number of speakers cannot be asked for, and ``speakers_known`` is
    False.
    """

    units: int = 0
    weight: float = 0.0
    mean: float = 0.0
    squares: float = 0.0
    speakers_known: bool = True
    sessions_known: bool = False
    is_settled: bool = False
    voices: Voices = field(default_factory=Voices)
    slices: SliceLevels = field(default_factory=SliceLevels)

    @property
    def is_learned(self) -> bool:
        """Whether there is a level to compare with."""
        return self.units >= UNITS_TO_LEARN

    @property
    def can_judge(self) -> bool:
        """Whether a change of the cohort can be told at all."""
        if self.is_settled:
            return True
        has_sessions = not self.sessions_known or len(self.voices.sessions.known) >= ENOUGH_SESSIONS
        return self.is_learned and has_sessions and self.voices.well_known >= SPEAKERS_TO_COMPARE

    @property
    def level(self) -> float:
        """b, kept between 0.5 % and 95 %."""
        mean = self.mean
        if mean < LOWEST_LEVEL:
            return LOWEST_LEVEL
        return mean if mean < HIGHEST_LEVEL else HIGHEST_LEVEL

    @property
    def spread(self) -> float:
        """V, the variance of a unit's error rate times its effective words."""
        level = self.level
        prior = PRIOR_UNITS * PRIOR_INFLATION * (level * (1.0 - level))
        return (self.squares + prior) / ((self.units or 1) - 1.0 + PRIOR_UNITS)

    @property
    def level_variance(self) -> float:
        """se^2 of b: V / sum A, and what few speakers or sessions add to it."""
        if not self.weight:
            return float("inf")
        variance = self.spread / self.weight
        for intercepts in (self.voices.speakers, self.voices.sessions):
            if intercepts.known:
                repeated = 1.0 / len(intercepts.known) - 1.0 / max(self.units, len(intercepts.known))
                variance += intercepts.between(self.level) * repeated
        return variance

    def expect(self, unit: Unit) -> Expectation:
        """What this unit is expected to be, from the cohort's level, its speaker's and its session's past."""
        level, spread, beyond = self.level, self.spread, self.slices.of(unit)
        if beyond > 0.0:
            spread *= inflation(level, beyond)
        return self.voices.expect(
            unit.speaker, unit.session, unit.effective_words, level, spread, beyond=beyond
        )

    def counts(self, expectation: Expectation) -> bool:
        """Whether a unit may count as evidence about the cohort."""
        return self.is_settled or expectation.is_well_known

    def learn(self, unit: Unit, *, held: bool = False) -> None:
        """Take up a unit: for b until it is settled, for V up to 400 units, for its speaker and session."""
        slices = self.slices
        x, weight = unit.error_rate - slices.of(unit), unit.effective_words
        self.speakers_known = self.speakers_known and unit.has_speaker
        self.sessions_known = self.sessions_known or unit.session is not None
        if self.units < LAST_SPREAD_UNIT and not held:
            if self.is_settled:
                self.units += 1
                self.squares += weight * (x - self.mean) ** 2
            else:
                self._learn_level(x, weight)
        held = held and self.is_learned
        place = () if slices.is_final else unit.attributes
        self.voices.learn(
            unit.speaker, unit.session, weight, x, self.level, self.spread, held=held, place=place
        )
        if slices.known:
            slices.hear(unit.attributes)
        self.is_settled = self.is_settled or (self.is_learned and self._is_broad())

    def move(self, shift: float, precision: float | None = None) -> None:
        """Stand elsewhere from now on, for every speaker; known with ``precision`` where that is given."""
        self.mean += shift
        if precision is not None:
            self.weight = min(self.weight, self.spread * precision)

    def _is_broad(self) -> bool:
        speakers, sessions = self.voices.speakers.known, self.voices.sessions.known
        has_speakers = len(speakers) >= SPEAKERS_TO_LEARN or not self.speakers_known
        return has_speakers and (len(sessions) >= SESSIONS_TO_LEARN or not self.sessions_known)

    def _learn_level(self, x: float, weight: float) -> None:
        self.units += 1
        self.weight += weight
        step = x - self.mean
        self.mean += step * weight / self.weight
        self.squares += weight * step * (x - self.mean)


def inflation(level: float, drift: float) -> float:
    """s: the variance follows the level, from the past only."""
    if drift <= 0.0 and level <= 0.5:
        return 1.0
    moved = min(level + max(0.0, drift), 0.5)
    return max(1.0, moved * (1.0 - moved) / (level * (1.0 - level)))
