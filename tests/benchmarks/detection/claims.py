"""Claims: how often one is confirmed or refuted wrongly, and how many speaker-shifts a right verdict takes.

Shifts of 1 + Poisson(3) utterances, words log-normal in 5 to 40, as `benchmarks.detection.streams` has them:
the shift's rate is Beta(p, k) about the level p = 10 % of the rest, the utterance's Beta(q, 12) about that.
The slice has that level plus the excess. The baseline is the two-sample z-test on words that an analyst would
repeat every day, at 2.5 % one-sided: after every tenth shift of the slice from the twentieth on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.detection.figures import Share, cell, delay_quantile
from benchmarks.detection.runs import spread
from benchmarks.timing import table
from detectors.alignment import ErrorCounts
from detectors.claims.claim import Claim, ClaimTest
from detectors.unit import ScoredUtterance

ALPHA = 0.025
CLAIMED = 0.08
LEVEL = 0.10
LONGEST = 300
"""Shifts of the slice in a run."""
BEGIN_S = 1_700_006_400.0
Z = 1.96


@dataclass(frozen=True)
class Family:
    """A kind of stream.

    Parameters
    ----------
    excess
        What the slice really has, as a ratio.
    share
        The slice's share of the shifts.
    correlation
        k of the shifts' Beta: the smaller, the more alike are errors of one shift.
    lost
        Share of shifts in which everything is wrong, on both sides.
    swing
        Amplitude of everybody's level over the day.
    levels
        Levels of the rest, which are drawn alike; without it, the one level.
    speakers
        How many speakers each side has; None for new ones in every shift. Each has a level of its own.
    """

    name: str
    excess: float = 0.0
    share: float = 0.1
    correlation: float = 18.0
    lost: float = 0.0
    swing: float = 0.0
    levels: tuple[float, ...] = (LEVEL,)
    speakers: int | None = None
    is_promised: bool = True


NULLS = (
    Family("plain"),
    Family("strongly correlated shifts", correlation=3.0),
    Family("5 % of shifts all wrong", lost=0.05),
    Family("everybody +-8 points by night", swing=0.08),
    Family("rest of 2 % and 18 %", levels=(0.02, 0.18)),
    Family("a slice of 80 %", share=0.8),
    Family("a slice of 1 %", share=0.01),
    Family("20 speakers a side, again and again", speakers=20, is_promised=False),
)
TRUTHS = tuple(
    Family(f"{100 * excess:+.0f} points", excess) for excess in (-0.05, 0.0, 0.03, 0.05, 0.12, 0.20)
)
AS_CLAIMED = Family(f"{100 * CLAIMED:+.0f} points", CLAIMED)


@dataclass(frozen=True)
class Run:
    """Shifts of the slice until each answer, None if it never came; whether the interval holds the truth."""

    confirmed: int | None
    refuted: int | None
    covers: bool
    width: float
    z_confirmed: bool


@dataclass(frozen=True)
class Found:
    """All runs of a family."""

    family: Family
    runs: Sequence[Run]

    def share(self, answer: str) -> Share:
        """How often an answer was given at any time."""
        return Share(sum(getattr(run, answer) not in (None, False) for run in self.runs), len(self.runs))

    def median(self, answer: str) -> float | None:
        """Median of the shifts until an answer, of all runs."""
        given = [getattr(run, answer) for run in self.runs]
        found = [each for each in given if each is not None]
        return delay_quantile(found, len(given) - len(found), 0.5)


def stream(family: Family, seed: int) -> Iterator[ScoredUtterance]:
    """Utterances in order of time, without end; those of the slice name its site."""
    rng = np.random.default_rng(seed)
    own_levels = {
        (side, number): float(rng.beta(LEVEL * family.correlation, (1 - LEVEL) * family.correlation)) - LEVEL
        for side in (True, False)
        for number in range(family.speakers or 0)
    }
    at_s, shift = BEGIN_S, 0
    while True:
        shift += 1
        is_slice = bool(rng.random() < family.share)
        level = family.levels[int(rng.integers(len(family.levels)))] if not is_slice else LEVEL
        level += family.swing * math.sin(2 * math.pi * at_s / 86_400.0) + (family.excess if is_slice else 0.0)
        speaker = f"{is_slice}-{shift}"
        if family.speakers is not None:
            number = int(rng.integers(family.speakers))
            speaker, rate = f"{is_slice}-{number}", level + own_levels[is_slice, number]
        else:
            rate = float(rng.beta(level * family.correlation, (1.0 - level) * family.correlation))
        rate = 1.0 if rng.random() < family.lost else min(max(rate, 0.002), 0.98)
        for _ in range(1 + int(rng.poisson(3.0))):
            words = int(np.clip(rng.lognormal(2.6, 0.5), 5, 40))
            wrong = words if rate == 1.0 else int(rng.binomial(words, rng.beta(rate * 12, (1 - rate) * 12)))
            counts = ErrorCounts(wrong, 0, 0, words - wrong)
            site = (("site", "ward-7"),) if is_slice else ()
            yield ScoredUtterance("en", at_s, counts, speaker, attributes=site)
        # The next one comes when this one is long idle.
        at_s += 1_900.0


def judge(family: Family, seed: int, longest: int = LONGEST) -> Run:
    """A claim of 8 points on one stream, for so many shifts of the slice."""
    claim = Claim({"site": "ward-7"}, CLAIMED, ALPHA, BEGIN_S)
    test, confirmed, refuted = ClaimTest.start(claim), None, None
    words, errors, z_confirmed, looked = [0, 0], [0, 0], False, 10
    for scored in stream(family, seed):
        test.update(claim, scored, scored.at_s)
        side = int(bool(scored.attributes))
        words[side] += scored.counts.reference_words
        errors[side] += scored.counts.errors
        shifts, bets = test.own.compared.units, test.bets
        if confirmed is None and bets.above.highest >= bets.threshold:
            confirmed = shifts
        if refuted is None and bets.below.highest >= bets.threshold:
            refuted = shifts
        if shifts >= looked + 10:
            looked = shifts
            z_confirmed = z_confirmed or _z(words, errors) > Z
        if shifts >= longest:
            width = bets.upper - bets.lower
            covers = bets.lower <= family.excess <= bets.upper
            return Run(confirmed, refuted, covers, width, z_confirmed)
    raise AssertionError("a stream has no end")


def measure(
    runs: int,
    workers: int | None = None,
    families: Sequence[Family] = (*NULLS, AS_CLAIMED, *TRUTHS),
    longest: int = LONGEST,
) -> list[Found]:
    """Every family with as many streams."""
    seeds = range(600_000, 600_000 + runs)
    return [
        Found(family, spread(partial(judge, family, longest=longest), seeds, workers)) for family in families
    ]


def show(found: Sequence[Found]) -> None:
    """Print two tables."""
    rows = [
        [
            "nothing is true of it",
            "confirmed at any time",
            "by a z-test every day",
            "refuted",
            "interval holds",
        ]
    ]
    rows += [
        [each.family.name + ("" if each.family.is_promised else " *"), *map(str, _shares(each))]
        for each in found
        if each.family in NULLS
    ]
    table(f"Claims of +8 points, no excess, {LONGEST} shifts of the slice, alpha {100 * ALPHA:g} %", rows)
    rows = [
        ["true excess", "confirmed", "median shifts", "refuted", "median shifts", "interval holds", "width"]
    ]
    rows += [
        [
            each.family.name,
            str(each.share("confirmed")),
            cell(each.median("confirmed")),
            str(each.share("refuted")),
            cell(each.median("refuted")),
            str(each.share("covers")),
            cell(100 * float(np.median([run.width for run in each.runs])), 1),
        ]
        for each in found
        if each.family not in NULLS
    ]
    table("The same claim where there is one", rows)


def _shares(found: Found) -> list[Share]:
    return [found.share(answer) for answer in ("confirmed", "z_confirmed", "refuted", "covers")]


def _z(words: Sequence[int], errors: Sequence[int]) -> float:
    pooled = sum(errors) / sum(words)
    spread_of_it = math.sqrt(pooled * (1 - pooled) * (1 / words[0] + 1 / words[1]))
    return (errors[1] / words[1] - errors[0] / words[0]) / spread_of_it if spread_of_it else 0.0
