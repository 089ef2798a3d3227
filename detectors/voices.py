"""Speakers heard before are compared with themselves: a random intercept per speaker.

A unit's error rate is x = b + s_i + noise, with s_i of variance V_between over speakers. From what speaker i
said before, the expected rate of his next unit is

    b + kappa_i (m_i - b),    kappa_i = V_between / (V_between + V / a_i)

where m_i and a_i are the mean and the effective words of his past units (empirical Bayes). A new speaker is
expected at b. What is left of the variance is V / A_u - kappa_i V_between, so the part of it that belongs to
the speaker is counted once, when he is new, and not again with each of his units. V_between is estimated
from the products (x - b)(m_i - b) of returning speakers. Residuals of this form are uncorrelated given the
past as far as speakers' levels stand still, which is what the evidence asks for.

Reference: Laird and Ware, Random-effects models for longitudinal data (Biometrics 38, 1982).
"""

from __future__ import annotations

from dataclasses import dataclass, field

MOST_SPEAKERS = 500
"""Speakers remembered per cohort; the one unheard for longest is forgotten first and is new if he returns."""
PRIOR_SHARE = 0.03
"""V_between / (b (1 - b)) before anything is known."""
PRIOR_WEIGHT = 60.0
WELL_KNOWN_UNITS = 5
LEAST_REMAINDER = 0.25
"""A returning speaker's variance stays above this share of a new one's."""


@dataclass(slots=True)
class Voice:
    """What one speaker did so far: units, effective words and the mean error rate."""

    units: int = 0
    weight: float = 0.0
    mean: float = 0.0

    def to_state(self) -> list[float]:
        """JSON-ready state, for `detectors.state`."""
        return [self.units, self.weight, self.mean]

    @classmethod
    def from_state(cls, state: list[float]) -> Voice:
        """The voice whose state `to_state` gave."""
        return cls(int(state[0]), state[1], state[2])


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected of a unit: its error rate, its variance times its effective words, who it is from."""

    rate: float
    spread: float
    is_well_known: bool


@dataclass(slots=True)
class Voices:
    """The speakers of one cohort."""

    known: dict[str, Voice] = field(default_factory=dict)
    products: float = 0.0
    weight: float = 0.0

    @property
    def well_known(self) -> int:
        """How many speakers have been heard in at least five units."""
        return sum(voice.units >= WELL_KNOWN_UNITS for voice in self.known.values())

    def between(self, level: float) -> float:
        """V_between for a cohort of this level."""
        prior = PRIOR_SHARE * level * (1.0 - level)
        return max(0.0, (self.products + PRIOR_WEIGHT * prior) / (self.weight + PRIOR_WEIGHT))

    def expect(self, speaker: str | None, effective_words: float, level: float, spread: float) -> Expectation:
        """What to expect of the next unit of this speaker; ``level`` is b, ``spread`` is V."""
        voice = self.known.get(speaker) if speaker is not None else None
        if voice is None:
            return Expectation(level, spread, is_well_known=False)
        between = self.between(level)
        kappa = between / (between + spread / voice.weight)
        remainder = max(spread - effective_words * kappa * between, LEAST_REMAINDER * spread)
        is_well_known = voice.units >= WELL_KNOWN_UNITS
        return Expectation(level + kappa * (voice.mean - level), remainder, is_well_known)

    def learn(
        self, speaker: str, effective_words: float, rate: float, level: float | None, *, held: bool
    ) -> None:
        """Take up a unit; ``level`` is b once it is learned.

        While learning is held, speakers who are not well known yet are still learned: they say little about a
        change, and a stranger's own level must not look like one.
        """
        voice = self.known.pop(speaker, None) or Voice()
        self.known[speaker] = voice  # last in the dict: the first is the one unheard for longest
        if len(self.known) > MOST_SPEAKERS:
            del self.known[next(iter(self.known))]
        if held and voice.units >= WELL_KNOWN_UNITS:
            return
        if level is not None and voice.units and not held:
            weight = effective_words * voice.weight / (effective_words + voice.weight)
            self.products += weight * (rate - level) * (voice.mean - level)
            self.weight += weight
        voice.units += 1
        voice.weight += effective_words
        voice.mean += (rate - voice.mean) * effective_words / voice.weight
