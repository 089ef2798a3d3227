"""Streams of a hospital in which a known cause raises the WER of a known slice.

Five cohorts dictate on five sites with four kinds of device under two engine versions. A speaker has a home
site, where he has 80 % of his sessions; devices and versions are drawn apart. A session is a speaker-shift of
1 + Poisson(3) utterances, reference words log-normal in 5 to 40. The WER is the cohort's, more the site's and
the device's own points; speaker, session and utterance scatter around it with Beta effects, errors are
binomial: the intraclass correlation of a speaker's utterance error rates is about 0.15.

Larger hospitals have more sites, devices and speakers, as much more speech a day, and engines that are
replaced by their next version before the onset, site by site within two days.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from detectors.alignment import ErrorCounts
from detectors.unit import Attributes, ScoredUtterance

FIRST_S = 1_700_006_400.0
SESSIONS_A_DAY = 250.0
COHORTS = ("en-US", "en-GB", "en-IN", "en-GB-scotland", "en-NG")
SHARES = (0.35, 0.25, 0.20, 0.12, 0.08)
WERS = (0.08, 0.10, 0.12, 0.14, 0.18)
SITES = ("er-1", "icu-5", "imaging-3", "ward-2", "ward-7")
SITE_POINTS = (4.0, 0.0, 1.0, 0.0, 8.0)
DEVICES = ("cart-x", "handheld", "headset", "station")
DEVICE_SHARES = (0.3, 0.3, 0.25, 0.15)
DEVICE_POINTS = (0.0, 3.0, -1.0, 0.0)
VERSIONS = ("2026-10", "2026-11", "2026-12")
VERSION_SHARES = (0.6, 0.4)
SPEAKERS = 60
"""Of each cohort, in the small one."""
TARGET = "en-GB-scotland"
HOME = 0.8
SPEAKER_CONCENTRATION, SESSION_CONCENTRATION, UTTERANCE_CONCENTRATION = 60.0, 120.0, 15.0

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Cause(StrEnum):
    """What is injected, and where that is not five sites with four devices and two versions, on how many."""

    ONE = "one slice"
    TWO = "two slices"
    PAIR = "a pair"
    EXPOSURE = "exposure only"
    NEW = "a new device"
    MIX = "mix shift only"
    COHORT = "the cohort, everywhere"
    EVERYBODY = "everybody, everywhere"
    ONE_OF_20 = "one slice, 20 sites x 4 devices x 2 engines"
    ONE_OF_60 = "one slice, 60 sites x 6 devices x 3 engines"
    EXPOSURE_OF_20 = "exposure only, 20 x 4 x 2"
    TWO_OF_20 = "two slices, 20 x 4 x 2"
    PAIR_OF_20 = "a pair, 20 x 4 x 2"
    NEW_OF_20 = "a new device, 20 x 4 x 2"
    MIX_OF_20 = "mix shift only, 20 x 4 x 2"
    COHORT_OF_20 = "the cohort, everywhere, 20 x 4 x 2"
    COHORT_OF_60 = "the cohort, everywhere, 60 x 6 x 3"
    EVERYBODY_OF_20 = "everybody, everywhere, 20 x 4 x 2"

    @property
    def kind(self) -> Cause:
        """The same at a small hospital."""
        return Cause[self.name.partition("_")[0]]


@dataclass(frozen=True)
class Hospital:
    """Sites with devices under engine versions; speakers and sessions a day are ``times`` the small one's.

    With ``upgrades`` one version follows another; without, both are in use all the time.
    """

    sites: int = len(SITES)
    device_shares: tuple[float, ...] = DEVICE_SHARES
    device_points: tuple[float, ...] = DEVICE_POINTS
    upgrades: int = 0
    times: int = 1


SMALL = Hospital()
LARGE = {
    "20": Hospital(20, upgrades=1, times=4),
    "60": Hospital(
        60, (0.25, 0.2, 0.2, 0.15, 0.1, 0.1), (0.0, 3.0, -1.0, 0.0, 2.0, 0.0), upgrades=2, times=12
    ),
}
ROLLED_OUT_IN_S = 2 * 86_400.0


@dataclass(frozen=True)
class World:
    """A stream's description: ``points`` are added to the WER of what the cause hits."""

    cause: Cause
    points: float = 15.0
    before: int = 2_500
    after: int = 5_000

    @property
    def hospital(self) -> Hospital:
        """Where it happens."""
        return LARGE.get(self.cause.name.partition("_OF_")[2], SMALL)

    @property
    def truths(self) -> tuple[Attributes, ...]:
        """The slices that may be named; empty if none may."""
        site, device = ("site", "imaging-3"), ("device", "cart-x")
        return {
            Cause.ONE: ((site,),),
            Cause.EXPOSURE: ((site,),),
            Cause.TWO: ((site,), (("site", "er-1"),)),
            Cause.PAIR: ((device, site),),
            Cause.NEW: ((("device", "cart-y"),),),
        }.get(self.cause.kind, ())

    @property
    def cohort(self) -> str | None:
        """Whose rise it is; None for everybody's."""
        return None if self.cause.kind is Cause.EVERYBODY else TARGET


@dataclass(frozen=True)
class Simulated:
    """A stream; ``hit_sessions[i]`` of the cohort are in each of the slices to be named up to utterance i."""

    world: World
    utterances: list[ScoredUtterance]
    hit_sessions: list[int]
    onset_s: float


def simulate(world: World, seed: int) -> Simulated:
    """The stream of a world; the same for the same seed."""
    rng, hospital = np.random.default_rng(seed), world.hospital
    times, speakers = hospital.times, SPEAKERS * hospital.times
    count, until = (world.before + world.after) * times, world.before * times
    started = FIRST_S + np.cumsum(rng.exponential(86_400.0 / SESSIONS_A_DAY / times, count))
    is_after = np.arange(count) >= until
    cohort = rng.choice(len(COHORTS), p=SHARES, size=count)
    speaker = rng.integers(speakers, size=count)
    site = _sites(world, cohort, speaker, is_after, rng)
    device = rng.choice(len(hospital.device_shares), p=hospital.device_shares, size=count)
    version = rng.choice(2, p=VERSION_SHARES, size=count)
    if hospital.upgrades:
        version = _upgraded(hospital, started, site, float(started[until]), rng)
    is_new = (world.cause.kind is Cause.NEW) & is_after & (device == 0) & (rng.random(count) < 0.7)
    hit = is_after & _hit(world, cohort, site, device) | is_new
    own = np.array(WERS)[:, None] + np.zeros((len(COHORTS), speakers))
    level = _beta(rng, own, SPEAKER_CONCENTRATION)[cohort, speaker]
    level = level + np.resize(SITE_POINTS, hospital.sites)[site] / 100.0
    level = level + np.array(hospital.device_points)[device] / 100.0
    level = _beta(rng, level + hit * world.points / 100.0, SESSION_CONCENTRATION)
    sizes = 1 + rng.poisson(3.0, count)
    unit = np.repeat(np.arange(count), sizes)
    since = np.cumsum(rng.exponential(45.0, len(unit)))
    first = np.cumsum(sizes) - sizes
    at = started[unit] + since - since[first][unit]
    order = np.argsort(at, kind="stable")
    unit, at = unit[order], at[order]
    words = np.clip(rng.lognormal(2.6, 0.5, len(unit)), 5, 40).astype(np.int64)
    errors = rng.binomial(words, _beta(rng, level[unit], UTTERANCE_CONCENTRATION))
    deleted = rng.binomial(errors, np.where(hit[unit], 0.5, 0.25))
    devices, sites = (
        [*known, *(f"{name}-{number}" for number in range(len(known), most))]
        for name, known, most in (
            ("device", DEVICES, len(hospital.device_shares)),
            ("site", SITES, hospital.sites),
        )
    )
    utterances = [
        ScoredUtterance(
            COHORTS[cohort[u]],
            float(at_s),
            ErrorCounts(int(wrong - gone), int(gone), 0, int(n - wrong)),
            f"{COHORTS[cohort[u]]}-{speaker[u]}",
            session=f"s{u}",
            attributes=(
                ("device", "cart-y" if is_new[u] else devices[device[u]]),
                ("engine_version", VERSIONS[version[u]]),
                ("site", sites[site[u]]),
            ),
        )
        for u, at_s, n, wrong, gone in zip(unit, at, words, errors, deleted, strict=True)
    ]
    own = is_after & (cohort == COHORTS.index(TARGET))
    slices = [own & hit] if world.cause.kind is not Cause.TWO else [own & (site == 2), own & (site == 0)]
    hit_sessions = np.min([np.cumsum(each)[unit] for each in slices], axis=0).tolist()
    return Simulated(world, utterances, hit_sessions, float(started[until]))


def _sites(
    world: World, cohort: Integers, speaker: Integers, is_after: NDArray[np.bool_], rng: np.random.Generator
) -> Integers:
    sites, speakers = world.hospital.sites, SPEAKERS * world.hospital.times
    home = rng.choice(sites, size=(len(COHORTS), speakers))
    target = COHORTS.index(TARGET)
    if world.cause.kind is Cause.EXPOSURE:
        # 60 % of the target's people work where the condition will be, 5 % of the others.
        others = [each for each in range(sites) if each != 2]
        home = np.where(rng.random(home.shape) < 0.05, 2, rng.choice(others, size=home.shape))
        home[target] = np.where(rng.random(speakers) < 0.6, 2, rng.choice(others, size=speakers))
    elsewhere = rng.choice(sites, size=len(cohort))
    site = np.where(rng.random(len(cohort)) < HOME, home[cohort, speaker], elsewhere)
    if world.cause.kind is Cause.MIX:
        moves = is_after & (cohort == target) & (rng.random(len(cohort)) < 0.6)
        site = np.where(moves, 4, site)
    return site


def _upgraded(
    hospital: Hospital, started: Floats, site: Integers, onset_s: float, rng: np.random.Generator
) -> Integers:
    """Versions that follow each other in equal parts of the time before the onset."""
    version = np.zeros(len(site), dtype=np.int64)
    for number in range(1, hospital.upgrades + 1):
        begin_s = FIRST_S + (onset_s - FIRST_S) * number / (hospital.upgrades + 1)
        at_s = begin_s + ROLLED_OUT_IN_S * rng.random(hospital.sites)
        version += started >= at_s[site]
    return version


def _hit(world: World, cohort: Integers, site: Integers, device: Integers) -> NDArray[np.bool_]:
    own = cohort == COHORTS.index(TARGET)
    everywhere = np.ones(len(cohort), dtype=np.bool_)
    hit: dict[Cause, NDArray[np.bool_]] = {
        Cause.ONE: own & (site == 2),
        Cause.TWO: own & ((site == 2) | (site == 0)),
        Cause.PAIR: own & (site == 2) & (device == 0),
        Cause.EXPOSURE: site == 2,
        Cause.COHORT: own,
        Cause.EVERYBODY: everywhere,
    }
    return hit.get(world.cause.kind, ~everywhere)


def _beta(rng: np.random.Generator, mean: Floats, concentration: float) -> Floats:
    kept = np.clip(mean, 0.005, 0.95)
    return rng.beta(kept * concentration, (1.0 - kept) * concentration)
