"""Streams of scored utterances with a known truth, after STATISTICS.md, section 8.

A speaker-shift has 1 + Poisson(3) utterances; an utterance has N reference words, log-normal in 5 to 40.
Error rates are drawn in levels: the cohort's WER p, the speaker's q ~ Beta(p, 47), if asked for the
session's, and the utterance's w ~ Beta(q, 12), Beta(mean, concentration); errors are Binomial(N, w). The
intraclass correlation of a speaker's utterance error rates is then about 0.12. A change moves q: by points or
a factor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.alignment import ErrorCounts
from detectors.unit import ScoredUtterance

FIRST_S = 1_700_006_400.0
"""Midnight UTC: streams begin here."""
SECONDS_A_DAY = 86_400.0
SUBSTITUTED, DELETED = 0.6, 0.25
"""Shares of the errors, rounded at random; the rest are insertions."""
LOWEST, HIGHEST = 0.002, 0.97

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class CohortMix:
    """A cohort's name, its WER as a ratio and its share of the traffic."""

    name: str
    wer: float
    share: float


FIVE = (
    CohortMix("A", 0.08, 0.50),
    CohortMix("B", 0.10, 0.25),
    CohortMix("C", 0.12, 0.15),
    CohortMix("D", 0.16, 0.07),
    CohortMix("E", 0.20, 0.03),
)


def many(count: int) -> tuple[CohortMix, ...]:
    """``count`` unequal cohorts: shares like 1/(rank + 2), WER from 8 to 20 %."""
    shares = [1.0 / (rank + 2.0) for rank in range(count)]
    return tuple(
        CohortMix(f"c{rank:02}", 0.08 + 0.12 * rank / max(count - 1, 1), share / sum(shares))
        for rank, share in enumerate(shares)
    )


class Kind(StrEnum):
    """How a change goes on after it began."""

    STEP = "step"
    RAMP = "ramp"
    BURST = "burst"
    FLAP = "flap"


@dataclass(frozen=True)
class Change:
    """What becomes of the WER.

    Parameters
    ----------
    points, factor
        What is added in WER points, and what the rate is multiplied with first.
    cohorts
        Whom it hits; empty for everybody.
    start
        Index in the stream of the first utterance under the change.
    start_own
        If given instead: how many utterances of those hit come before it.
    kind, length
        A step lasts; a ramp grows linearly over ``length`` utterances of those hit and then stays; a burst
        ends after ``length`` of them; a flap is on and off in turn for ``flap_h`` hours each.
    """

    points: float = 0.0
    factor: float = 1.0
    cohorts: tuple[str, ...] = ()
    start: int = 8_000
    start_own: int | None = None
    kind: Kind = Kind.STEP
    length: int = 0
    flap_h: float = 4.0


@dataclass(frozen=True)
class Scenario:
    """A stream's description. Every extra is off by default.

    Parameters
    ----------
    utterances, references_per_day
        Length and volume.
    speakers
        Recurring speakers per cohort; None makes every unit a new speaker.
    has_speaker_keys
        Whether utterances carry the speaker's key; without it each session has a key.
    speaker_concentration, session_concentration, utterance_concentration
        Concentrations of the Beta effects; lower is more spread; None has no effect of that level.
    more_per_unit
        Mean of the Poisson number of further utterances of a unit.
    empty_share, loop_share
        Share of utterances with an empty hypothesis (100 % WER), and with insertions 3 to 30 times N.
    night_points
        Added for everybody from 22:00 to 06:00 UTC.
    mix_from, mix_shares
        From this index on traffic has these shares; daily swings between both where ``mix_daily``.
    late_cohort, late_from
        A cohort without any utterance before this index.
    """

    utterances: int = 14_000
    references_per_day: float = 2_000.0
    cohorts: tuple[CohortMix, ...] = FIVE
    change: Change | None = None
    speakers: int | None = None
    has_speaker_keys: bool = True
    speaker_concentration: float = 47.0
    session_concentration: float | None = None
    utterance_concentration: float = 12.0
    more_per_unit: float = 3.0
    gap_s: float = 45.0
    empty_share: float = 0.0
    loop_share: float = 0.0
    night_points: float = 0.0
    mix_from: int = 0
    mix_shares: tuple[float, ...] = ()
    mix_daily: bool = False
    late_cohort: str | None = None
    late_from: int = 0

    def without_change(self) -> Scenario:
        """The same stream with nothing happening."""
        return replace(self, change=None)


@dataclass(frozen=True)
class Simulated:
    """A stream and its truth: ``hit[i]`` is how much of the change utterance i is under, 0 to 1."""

    scenario: Scenario
    utterances: list[ScoredUtterance]
    hit: Floats
    start: int | None

    @property
    def onset_s(self) -> float:
        """When the change began; infinity without one."""
        return self.utterances[self.start].at_s if self.start is not None else float("inf")

    def own_until(self, index: int, cohort: str) -> int:
        """Utterances of the cohort from the change's start to ``index``, both included."""
        first = self.start or 0
        return sum(scored.cohort == cohort for scored in self.utterances[first : index + 1])


def generate(scenario: Scenario, seed: int) -> list[ScoredUtterance]:
    """The scenario's utterances in order of time; the same for the same seed."""
    return simulate(scenario, seed).utterances


def simulate(scenario: Scenario, seed: int) -> Simulated:
    """The scenario's utterances and what is true about them.

    Every stage draws from a generator of its own, so that streams of one seed that differ only in their
    change are the same utterances until it begins.
    """
    arrivals, people, words, errors, extras = np.random.default_rng(seed).spawn(5)
    per_unit = 1.0 + scenario.more_per_unit
    unit_count = int(1.1 * scenario.utterances / per_unit) + 60
    started = np.cumsum(
        arrivals.exponential(SECONDS_A_DAY * per_unit / scenario.references_per_day, unit_count)
    )
    sizes = 1 + arrivals.poisson(scenario.more_per_unit, unit_count)
    unit = np.repeat(np.arange(unit_count), sizes)
    since_start = np.cumsum(arrivals.exponential(scenario.gap_s, len(unit)))
    first_of_unit = np.cumsum(sizes) - sizes
    at = started[unit] + since_start - since_start[first_of_unit][unit]
    cohort = _cohorts(scenario, started, people)
    speaker, level = _speakers(scenario, cohort, people)
    order = np.argsort(at, kind="stable")[: scenario.utterances]
    unit, at = unit[order], at[order]
    hit, start = _hit(scenario, cohort[unit], at)
    rate = _rate(scenario, level[unit], hit, at)
    reference_words = np.clip(words.lognormal(2.6, 0.5, len(rate)), 5, 40).astype(np.int64)
    columns = _counts(scenario, rate, reference_words, errors, extras)
    return Simulated(scenario, _utterances(scenario, cohort, speaker, unit, at, columns), hit, start)


def _beta(rng: np.random.Generator, mean: Floats, concentration: float | None) -> Floats:
    if concentration is None:
        return mean
    kept = np.clip(mean, LOWEST, HIGHEST)
    return rng.beta(kept * concentration, (1.0 - kept) * concentration)


def _cohorts(scenario: Scenario, started: Floats, rng: np.random.Generator) -> Integers:
    index = started * scenario.references_per_day / SECONDS_A_DAY
    shares = np.tile([mix.share for mix in scenario.cohorts], (len(started), 1))
    if scenario.mix_shares:
        is_other = index >= scenario.mix_from
        if scenario.mix_daily:
            is_other &= started % SECONDS_A_DAY < SECONDS_A_DAY / 2
        shares[is_other] = scenario.mix_shares
    if scenario.late_cohort is not None:
        late = [mix.name for mix in scenario.cohorts].index(scenario.late_cohort)
        shares[index < scenario.late_from, late] = 0.0
    bounds = np.cumsum(shares, axis=1)
    drawn = rng.random(len(started)) * bounds[:, -1]
    return np.asarray((drawn[:, None] >= bounds).sum(axis=1), dtype=np.int64)


def _speakers(scenario: Scenario, cohort: Integers, rng: np.random.Generator) -> tuple[Integers, Floats]:
    wer = np.array([mix.wer for mix in scenario.cohorts])
    if scenario.speakers is None:
        speaker = np.arange(len(cohort))
        level = _beta(rng, wer[cohort], scenario.speaker_concentration)
    else:
        speaker = rng.integers(scenario.speakers, size=len(cohort))
        means = np.tile(wer[:, None], (1, scenario.speakers))
        level = _beta(rng, means, scenario.speaker_concentration)[cohort, speaker]
    return speaker, _beta(rng, level, scenario.session_concentration)


def _hit(scenario: Scenario, cohort: Integers, at: Floats) -> tuple[Floats, int | None]:
    change = scenario.change
    if change is None:
        return np.zeros(len(at)), None
    names = [mix.name for mix in scenario.cohorts]
    who = np.isin(cohort, [names.index(name) for name in change.cohorts or names])
    own = np.cumsum(who)
    start = change.start
    if change.start_own is not None:
        start = int(np.searchsorted(own, change.start_own + 1))
    index = np.arange(len(at))
    is_on = who & (index >= start)
    hit = is_on.astype(np.float64)
    own_since = own - (own[start - 1] if start else 0)
    if change.kind is Kind.RAMP:
        hit *= np.minimum(own_since / change.length, 1.0)
    elif change.kind is Kind.BURST:
        hit *= own_since <= change.length
    elif change.kind is Kind.FLAP:
        hit *= ((at - at[start]) // (change.flap_h * 3_600.0)) % 2 == 0
    return hit, start


def _rate(scenario: Scenario, level: Floats, hit: Floats, at: Floats) -> Floats:
    rate = level.copy()
    if scenario.change is not None:
        rate *= 1.0 + hit * (scenario.change.factor - 1.0)
        rate += hit * scenario.change.points / 100.0
    if scenario.night_points:
        hour = (at / 3_600.0) % 24.0
        rate += ((hour >= 22.0) | (hour < 6.0)) * scenario.night_points / 100.0
    return rate


def _counts(
    scenario: Scenario,
    rate: Floats,
    words: Integers,
    rng: np.random.Generator,
    extras: np.random.Generator,
) -> list[list[int]]:
    """Columns S, D, I, H."""
    rates, wrong, split = rng.spawn(3)
    errors = wrong.binomial(words, _beta(rates, rate, scenario.utterance_concentration))
    kinds = split.random((len(rate), 2))
    substituted = np.floor(errors * SUBSTITUTED + kinds[:, 0]).astype(np.int64)
    deleted = np.minimum(np.floor(errors * DELETED + kinds[:, 1]).astype(np.int64), errors - substituted)
    inserted = errors - substituted - deleted
    is_empty = extras.random(len(rate)) < scenario.empty_share
    is_loop = extras.random(len(rate)) < scenario.loop_share
    substituted[is_empty], inserted[is_empty] = 0, 0
    deleted[is_empty] = words[is_empty]
    inserted += is_loop * words * extras.integers(3, 31, len(rate))
    hits = words - substituted - deleted
    return [column.tolist() for column in (substituted, deleted, inserted, hits)]


def _utterances(
    scenario: Scenario,
    cohort: Integers,
    speaker: Integers,
    unit: Integers,
    at: Floats,
    columns: list[list[int]],
) -> list[ScoredUtterance]:
    names = [mix.name for mix in scenario.cohorts]
    pairs: list[tuple[Any, ...]] = list(zip(cohort.tolist(), speaker.tolist(), strict=True))
    keys = [f"{names[c]}-{s}" for c, s in pairs]
    units = unit.tolist()
    with_key = scenario.has_speaker_keys
    cohorts = cohort.tolist()
    return [
        ScoredUtterance(
            names[cohorts[u]],
            at_s,
            ErrorCounts(substitutions, deletions, insertions, hits),
            keys[u] if with_key else None,
            "" if with_key else f"s{u}",
        )
        for u, at_s, substitutions, deletions, insertions, hits in zip(
            units, (at + FIRST_S).tolist(), *columns, strict=True
        )
    ]
