"""Speakers and sessions heard before are compared with themselves: random intercepts.

A unit's error rate is x = b + s_i + t_j + noise, with s_i of variance V_speaker over speakers and t_j of
variance V_session over sessions. Each intercept has an estimate and a variance P, at first 0 and V_speaker
or V_session. The next unit of speaker i in session j is expected at b + s_i + t_j with the variance

    S = P_i + P_j + V_noise / A_u,    V_noise / A_u = V / A_u - V_speaker - V_session

and once it is seen, each intercept takes its part of the surprise e = x - E[x]: s_i += e P_i / S, P_i *= 1 -
P_i / S, and t_j likewise (a Kalman filter that keeps no covariances). So a stranger's own level is counted
once, when he is new, and not again with each of his units, and several strangers in one bad recording are
one surprise. Surprises are uncorrelated given the past as far as intercepts stand still, which is what the
evidence asks for.

The variances are estimated from products of deviations from b: V_speaker from a returning speaker in a new
session, V_session from a new speaker in a known session.

Reference: Laird and Ware, Random-effects models for longitudinal data (Biometrics 38, 1982).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from detectors.unit import Attributes

MOST_REMEMBERED = 500
"""Speakers, and sessions, remembered per cohort; the one unheard for longest is forgotten first."""
SPEAKER_SHARE = 0.03
SESSION_SHARE = 0.01
"""V_speaker and V_session over b (1 - b) before anything is known."""
PRIOR_WEIGHT = 60.0
WELL_KNOWN_UNITS = 5
MOST_PLACES = 4
"""Of a speaker or session, where most of what is known of it was heard."""
LEAST_NOISE = 0.25
"""V_noise / A_u stays above this share of V / A_u."""


@dataclass(slots=True)
class Intercept:
    """One speaker or session: units, effective words, mean deviation from b; estimate and its variance P."""

    units: int = 0
    weight: float = 0.0
    mean: float = 0.0
    estimate: float = 0.0
    variance: float = 0.0
    places: dict[Attributes, float] = field(default_factory=dict)

    def learn(
        self, deviation: float, effective_words: float, surprise: float, total: float, place: Attributes
    ) -> None:
        """Take up a unit with e = ``surprise`` and S = ``total``, spoken at ``place``."""
        self.units += 1
        self.weight += effective_words
        self.mean += (deviation - self.mean) * effective_words / self.weight
        gain = self.variance / total
        self.estimate += gain * surprise
        self.variance *= 1.0 - gain
        if place:
            self._remember(place, gain)

    def move(self, moved: Mapping[tuple[str, str], float]) -> None:
        """Follow what is usual where it was heard, which each of these values moved by so much."""
        whole = sum(self.places.values())
        if whole > 0.0:
            step = sum(
                [part * sum([moved.get(pair, 0.0) for pair in place]) for place, part in self.places.items()]
            )
            self.estimate -= step
            self.mean -= step / whole

    def _remember(self, place: Attributes, gain: float) -> None:
        places = self.places
        for each in places:
            places[each] *= 1.0 - gain
        places[place] = places.get(place, 0.0) + gain
        if len(places) > MOST_PLACES:
            del places[min(places, key=places.__getitem__)]

    def to_state(self) -> list[Any]:
        """JSON-ready state, for `detectors.state`."""
        places = [[place, part] for place, part in self.places.items()]
        return [self.units, self.weight, self.mean, self.estimate, self.variance, places]

    @classmethod
    def from_state(cls, state: list[Any]) -> Intercept:
        """The intercept whose state `to_state` gave."""
        units, weight, mean, estimate, variance, places = state
        parts = {tuple(map(tuple, place)): part for place, part in places}
        return cls(int(units), weight, mean, estimate, variance, parts)


_NONE = Intercept()
"""Of a unit without a speaker, or without a session; it never learns."""


@dataclass(slots=True)
class Intercepts:
    """All speakers, or all sessions, of one cohort."""

    prior_share: float
    known: dict[str, Intercept] = field(default_factory=dict)
    products: float = 0.0
    weight: float = 0.0

    def between(self, level: float) -> float:
        """Variance of the intercepts in a cohort of this level."""
        prior = self.prior_share * level * (1.0 - level)
        between = (self.products + PRIOR_WEIGHT * prior) / (self.weight + PRIOR_WEIGHT)
        return between if between > 0.0 else 0.0

    def find(self, key: str | None, level: float) -> Intercept:
        """The intercept of this key, or what a new one starts from; None is known to have none."""
        if key is None:
            return _NONE
        return self.known.get(key) or Intercept(variance=self.between(level))

    def keep(self, key: str, intercept: Intercept) -> None:
        """Remember an intercept as the last one heard."""
        self.known.pop(key, None)
        self.known[key] = intercept
        if len(self.known) > MOST_REMEMBERED:
            del self.known[next(iter(self.known))]

    def compare(self, intercept: Intercept, deviation: float, effective_words: float) -> None:
        """Take a unit's product with what this intercept had before, for the variance between intercepts."""
        weight = effective_words * intercept.weight / (effective_words + intercept.weight)
        self.products += weight * deviation * intercept.mean
        self.weight += weight


class Expectation(msgspec.Struct, frozen=True):
    """What is expected of a unit: error rate, S times its effective words, whether its speaker is known."""

    rate: float
    spread: float
    is_well_known: bool


@dataclass(slots=True)
class Voices:
    """The speakers and the sessions of one cohort."""

    speakers: Intercepts = field(default_factory=lambda: Intercepts(SPEAKER_SHARE))
    sessions: Intercepts = field(default_factory=lambda: Intercepts(SESSION_SHARE))

    @property
    def well_known(self) -> int:
        """How many speakers have been heard in at least five units."""
        return sum(speaker.units >= WELL_KNOWN_UNITS for speaker in self.speakers.known.values())

    def expect(
        self,
        speaker: str | None,
        session: str | None,
        effective_words: float,
        level: float,
        spread: float,
        *,
        beyond: float = 0.0,
    ) -> Expectation:
        """What to expect of the next unit.

        ``level`` is b, ``spread`` is V, ``beyond`` what is usual where it is spoken, beyond b.
        """
        heard, held_in, total = self._find(speaker, session, effective_words, level, spread)
        rate = min(max(level + beyond + heard.estimate + held_in.estimate, 0.0), 1.0)
        return Expectation(rate, total * effective_words, heard.units >= WELL_KNOWN_UNITS)

    def learn(
        self,
        speaker: str | None,
        session: str | None,
        effective_words: float,
        rate: float,
        level: float,
        spread: float,
        *,
        held: bool,
        place: Attributes = (),
    ) -> None:
        """Take up a unit of this error rate.

        While learning is held, well-known speakers and sessions stay as they were, and so do the variances;
        strangers are learned still: they say little about a change, and must not look like one. ``place`` is
        remembered for `move`.
        """
        heard, held_in, total = self._find(speaker, session, effective_words, level, spread)
        deviation = rate - level
        surprise = deviation - heard.estimate - held_in.estimate
        if not held:
            if heard.units and not held_in.units:
                self.speakers.compare(heard, deviation, effective_words)
            elif held_in.units and not heard.units:
                self.sessions.compare(held_in, deviation, effective_words)
        for intercepts, key, intercept in (
            (self.speakers, speaker, heard),
            (self.sessions, session, held_in),
        ):
            if key is not None:
                if not (held and intercept.units >= WELL_KNOWN_UNITS):
                    intercept.learn(deviation, effective_words, surprise, total, place)
                intercepts.keep(key, intercept)

    def move(self, moved: Mapping[tuple[str, str], float]) -> None:
        """Follow what is usual in slices: what was usual is no longer the speakers' and sessions' own."""
        for intercepts in (self.speakers, self.sessions):
            for intercept in intercepts.known.values():
                intercept.move(moved)

    def forget_places(self) -> None:
        """Forget where speakers and sessions were heard: what is usual there stays as it is."""
        for intercepts in (self.speakers, self.sessions):
            for intercept in intercepts.known.values():
                intercept.places = {}

    def _find(
        self, speaker: str | None, session: str | None, effective_words: float, level: float, spread: float
    ) -> tuple[Intercept, Intercept, float]:
        heard, held_in = self.speakers.find(speaker, level), self.sessions.find(session, level)
        between = 0.0 if speaker is None else self.speakers.between(level)
        between += 0.0 if session is None else self.sessions.between(level)
        noise, least = spread / effective_words - between, LEAST_NOISE * spread / effective_words
        if noise < least:
            noise = least
        return heard, held_in, heard.variance + held_in.variance + noise
