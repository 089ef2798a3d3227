"""A cohort that is too small for a level: what its next shift is expected to be, from what was heard of it.

A shift's error rate is x = c + t_g + s_i + noise, with c the cohort's own level, which nothing is known of
beforehand, t_g of the group and s_i of the speaker. A speaker's group are those that were first heard in
the same session. With the variances of `detectors.everybody.likeness` the best forecast from the speakers'
means m_i over A_i effective words is, for a shift of speaker i of group g,

    u_i = 1 / (V_speaker + V_noise / A_i)          U_g = sum u_i        M_g = sum u_i m_i / U_g
    w_g = 1 / (V_group + 1 / U_g)                  c = sum w_g M_g / sum w_g
    k_i = V_speaker u_i      k_g = V_group w_g     both 0 for who was not heard
    E[x] = k_i m_i + (1 - k_i) (k_g M_g + (1 - k_g) c)
    S = V_noise / A + V_speaker (1 - k_i) + (1 - k_i)^2 (V_group (1 - k_g) + (1 - k_g)^2 / sum w_g)

(the best linear unbiased predictor; Henderson, Biometrics 31, 1975). All variances are over p (1 - p). A
shift of a cohort is only ever compared with the cohort itself, so it says nothing that new cohorts come,
good or bad ones, nor that traffic moves between them. [T] What is left, x - E[x], is uncorrelated with the
past.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from detectors.everybody.likeness import Likeness, Variances
from detectors.unit import Unit

MOST_SPEAKERS = 40
"""Speakers remembered of a small cohort; the one unheard for longest is forgotten first."""
LEVEL_WORDS = 40.0
"""So many effective words at everybody's error rate stand for what is not known of p."""
LOWEST_LEVEL, HIGHEST_LEVEL = 0.03, 0.97


class Forecast(msgspec.Struct, frozen=True):
    """E[x] and S of a shift, and with what weight each speaker's mean is in E[x]."""

    rate: float
    variance: float
    weights: dict[str, float]


@dataclass(slots=True)
class Speaker:
    """What was heard of a speaker: the group, effective words and mean error rate."""

    group: str
    words: float
    mean: float

    def to_state(self) -> list[str | float]:
        """JSON-ready state, for `detectors.state`."""
        return [self.group, self.words, self.mean]

    @classmethod
    def from_state(cls, state: list[str | float]) -> Speaker:
        """The speaker whose state `to_state` gave."""
        group, words, mean = state
        return cls(str(group), float(words), float(mean))


@dataclass(slots=True)
class SmallCohort:
    """The speakers of a small cohort, the one heard last at the end."""

    speakers: dict[str, Speaker] = field(default_factory=dict)

    def level(self, everybodys: float) -> float:
        """p, drawn to ``everybodys`` error rate as long as little is known."""
        words, errors = LEVEL_WORDS, LEVEL_WORDS * everybodys
        for speaker in self.speakers.values():
            words += speaker.words
            errors += speaker.words * speaker.mean
        return min(max(errors / words, LOWEST_LEVEL), HIGHEST_LEVEL)

    def forecast(self, unit: Unit, variances: Variances, level: float) -> Forecast | None:
        """What to expect of the next shift of a cohort at p = ``level``; None of the first one."""
        if not self.speakers:
            return None
        sure = {
            key: 1.0 / (variances.speaker + variances.noise / speaker.words)
            for key, speaker in self.speakers.items()
        }
        groups: dict[str, float] = {}
        for key, speaker in self.speakers.items():
            groups[speaker.group] = groups.get(speaker.group, 0.0) + sure[key]
        surest = {group: 1.0 / (variances.group + 1.0 / sum_) for group, sum_ in groups.items()}
        total = sum(surest.values())
        known = self.speakers.get(unit.key)
        own_group = known.group if known is not None else _group(unit)
        by_speaker = variances.speaker * sure[unit.key] if known is not None else 0.0
        by_group = variances.group * surest.get(own_group, 0.0)
        beyond, unknown = 1.0 - by_speaker, 1.0 - by_group
        weights, rate = {}, 0.0
        for key, speaker in self.speakers.items():
            of_group = unknown * surest[speaker.group] / total
            if speaker.group == own_group:
                of_group += by_group
            weight = beyond * of_group * sure[key] / groups[speaker.group]
            if key == unit.key:
                weight += by_speaker
            weights[key] = weight
            rate += weight * speaker.mean
        spread = variances.noise / unit.effective_words + variances.speaker * beyond
        spread += beyond * beyond * (variances.group * unknown + unknown * unknown / total)
        return Forecast(rate, level * (1.0 - level) * spread, weights)

    def compare(self, unit: Unit, rate: float, likeness: Likeness, level: float) -> None:
        """Let a shift's pairs with the speakers known tell of the variances."""
        noise, group = likeness.variances().noise, _group(unit)
        scale, apart = level * (1.0 - level), 1.0 / unit.effective_words
        near: list[float] = []
        far: list[float] = []
        for key, speaker in self.speakers.items():
            squared, both = (rate - speaker.mean) ** 2 / scale, apart + 1.0 / speaker.words
            if key == unit.key:
                likeness.noise.add(squared / both)
            else:
                (near if speaker.group == group else far).append((squared - noise * both) / 2.0)
        for found, mean in ((near, likeness.speaker), (far, likeness.between)):
            if found:
                mean.add(sum(found) / len(found))

    def learn(self, unit: Unit, rate: float) -> str | None:
        """Take up a shift; return the speaker who is forgotten for it."""
        speaker = self.speakers.pop(unit.key, None) or Speaker(_group(unit), 0.0, 0.0)
        speaker.words += unit.effective_words
        speaker.mean += (rate - speaker.mean) * unit.effective_words / speaker.words
        self.speakers[unit.key] = speaker
        if len(self.speakers) <= MOST_SPEAKERS:
            return None
        forgotten = next(iter(self.speakers))
        del self.speakers[forgotten]
        return forgotten

    def move(self, by: float) -> None:
        """Stand elsewhere from now on, for every speaker."""
        for speaker in self.speakers.values():
            speaker.mean += by

    def take_off(self, by: float, heard: Mapping[str, float]) -> None:
        """Take ``by`` off what was heard of speakers in so many of their effective words."""
        for key, words in heard.items():
            speaker = self.speakers[key]
            speaker.mean -= by * words / speaker.words


def _group(unit: Unit) -> str:
    return unit.session or unit.key
