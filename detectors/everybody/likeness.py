"""How alike the shifts of a cohort are: those of one speaker, of one session, of different ones.

Where no cohort has shifts enough, all cohorts together have. A shift with A effective words at the error
rate x, in a cohort at p, has the variance p (1 - p) (V_group + V_speaker + V_noise / A). From pairs of a
shift and what was heard before of a speaker of the same cohort, with the mean m over A_m effective words,

    E (x - m)^2 / (p (1 - p)) = V_noise (1/A + 1/A_m)                       the same speaker
                              = the same + 2 V_speaker                      another one of the same group
                              = the same + 2 V_speaker + 2 V_group          of another group

so that the cohort's own level, which nobody knows, is in none of them (the variogram of Matheron, 1963).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

PRIOR_NOISE, PRIOR_SPEAKER, PRIOR_BETWEEN = 1.2, 0.03, 0.05
PRIOR_SHIFTS = 10.0
LEAST_NOISE, LEAST_BETWEEN = 0.1, 0.005


class Variances(msgspec.Struct, frozen=True):
    """V_noise, V_speaker and V_group, over p (1 - p)."""

    noise: float
    speaker: float
    group: float


@dataclass(slots=True)
class Mean:
    """A running mean that begins with a prior of so much weight."""

    weight: float
    value: float

    def add(self, value: float) -> None:
        """Add a value of weight 1."""
        self.weight += 1.0
        self.value += (value - self.value) / self.weight


@dataclass(slots=True)
class Likeness:
    """The three variances, learned from pairs.

    Examples
    --------
    >>> likeness = Likeness()
    >>> for _ in range(90):
    ...     likeness.between.add(0.15)
    >>> variances = likeness.variances()
    >>> round(variances.speaker + variances.group, 3)
    0.14
    """

    noise: Mean = field(default_factory=lambda: Mean(PRIOR_SHIFTS, PRIOR_NOISE))
    speaker: Mean = field(default_factory=lambda: Mean(PRIOR_SHIFTS, PRIOR_SPEAKER))
    between: Mean = field(default_factory=lambda: Mean(PRIOR_SHIFTS, PRIOR_BETWEEN))

    def variances(self) -> Variances:
        """What is known now. Of what is between the groups, V_speaker is a part."""
        between = max(self.between.value, LEAST_BETWEEN)
        speaker = min(max(self.speaker.value, 0.0), between)
        return Variances(max(self.noise.value, LEAST_NOISE), speaker, between - speaker)
