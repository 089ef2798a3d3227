"""Delay: how many of the cohort's scored utterances until it is named, and how often it never is.

The bound is log(ARL) / KL of the same model, in the cohort's utterances (Lorden 1971, Lai 1998), Gaussian and
with everything known. A unit of words N_1..N_k from a cohort of WER p has in the generator the error rate
x = sum E_i / sum N_i of variance

    v = p(1-p) [ f + (1-f) (g sum N_i^2 + (1-g) sum N_i) / (sum N_i)^2 ],  f = 1/(47+1),  g = 1/(12+1)

so KL per unit = E[delta^2 / (2 v)] over units, and ARL = the cohort's units per false alarm of its own. The
rest's noise is no part of the bound: it is what a detector that knew everybody's true level would pay. A
change that was missed counts in the mean as if found at the end of the stream. As usual the delay is
conditional: runs in which the cohort was named before the change are counted apart and left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.detection.figures import Share, cell, delay_quantile
from benchmarks.detection.runs import BUDGET_PER_100K, Watched, jobs, spread, watch
from benchmarks.detection.streams import Change, CohortMix, Kind, Scenario
from benchmarks.timing import table

FIRST_SEED = 200_000
STEPS = tuple((cohort, points) for cohort in "CEA" for points in (3.0, 5.0, 10.0))
LONGEST = {"C": 24_000, "E": 44_000, "A": 16_000}
"""Lengths of the streams: some 2,400 utterances of C after the change, 1,080 of E, 4,000 of A."""


@dataclass(frozen=True)
class Cell:
    """A change in a cohort, and the stream that has it.

    Parameters
    ----------
    within
        How many of the cohort's utterances after its beginning an alarm may come and still be for the change.
    """

    name: str
    cohort: str
    scenario: Scenario
    within: float = math.inf

    @property
    def mix(self) -> CohortMix:
        """The cohort's description."""
        return next(mix for mix in self.scenario.cohorts if mix.name == self.cohort)

    @property
    def own_after(self) -> float:
        """About how many utterances the cohort has after the change."""
        change = self.scenario.change
        assert change is not None
        start = change.start if change.start_own is None else change.start_own / self.mix.share
        return self.mix.share * (self.scenario.utterances - start)


@dataclass(frozen=True)
class Power:
    """How a change was found; delays in the cohort's scored utterances since it began.

    ``early`` runs, with an alarm of the cohort before its change, are not among ``runs``.
    """

    name: str
    cohort: str
    runs: int
    delays: tuple[int, ...]
    early: int
    wrong_names: int
    bound: float | None
    own_after: float

    @property
    def missed(self) -> Share:
        """Runs in which the cohort was not named from the change to the end."""
        return Share(self.runs - len(self.delays), self.runs)

    @property
    def median(self) -> float | None:
        """Median delay; a miss is endless."""
        return delay_quantile(self.delays, self.missed.count, 0.5)

    @property
    def p90(self) -> float | None:
        """90 % quantile of the delay; a miss is endless."""
        return delay_quantile(self.delays, self.missed.count, 0.9)

    @property
    def ratio(self) -> float | None:
        """Mean delay over the bound."""
        if self.bound is None:
            return None
        return (sum(self.delays) + self.missed.count * self.own_after) / self.runs / self.bound

    def row(self) -> list[str]:
        """Cells for a table."""
        return [
            self.name,
            cell(self.median),
            cell(self.p90),
            str(self.missed),
            cell(self.bound),
            cell(self.ratio, 2),
            str(self.wrong_names),
            str(self.early),
        ]


HEADING = ["change", "median", "p90", "missed", "bound", "mean/bound", "wrong names", "named before it"]


def cells() -> list[Cell]:
    """All changes of the table."""
    found = [
        Cell(
            f"{cohort} +{points:.0f}",
            cohort,
            Scenario(LONGEST[cohort], change=Change(points, cohorts=(cohort,))),
        )
        for cohort, points in STEPS
    ]
    ramp = Change(10.0, cohorts=("C",), kind=Kind.RAMP, length=600)
    burst = Change(15.0, cohorts=("C",), kind=Kind.BURST, length=120)
    fresh = Change(5.0, cohorts=("C",), start_own=200)
    return [
        *found,
        Cell("C ramp to +10 over 600", "C", Scenario(LONGEST["C"], change=ramp)),
        Cell("C burst +15 of 120", "C", Scenario(14_000, change=burst), within=2 * burst.length),
        Cell("C +5, baseline of 200", "C", Scenario(LONGEST["C"] - 6_000, change=fresh)),
    ]


def summarise(cell_: Cell, watched: Sequence[Watched]) -> Power:
    """Delays and names of one cell's runs."""
    delays, early, wrong = [], 0, 0
    for run in watched:
        since = run.since_change()
        wrong += sum(raised.event.cohort != cell_.cohort for raised in since)
        own = [raised for raised in run.differentials if raised.event.cohort == cell_.cohort]
        if any(raised not in since for raised in own):
            early += 1
        else:
            delays += [raised.own for raised in own[:1] if raised.own <= cell_.within]
    return power_of(cell_, len(watched) - early, delays, early, wrong)


def power_of(cell_: Cell, runs: int, delays: Sequence[int], early: int, wrong_names: int = 0) -> Power:
    """The cell's outcome from counts."""
    bound = bound_of(cell_)
    return Power(cell_.name, cell_.cohort, runs, tuple(delays), early, wrong_names, bound, cell_.own_after)


def bound_of(cell_: Cell, alarms_per_100k: float = 0.6 * BUDGET_PER_100K / 5) -> float | None:
    """log(ARL) / KL in utterances for a step; None for other kinds.

    ``alarms_per_100k``: false differential alarms of this cohort alone in 100,000 utterances of the stream;
    by default its share of the budget, 60 % of 5 over five cohorts.
    """
    change = cell_.scenario.change
    if change is None or change.kind is not Kind.STEP:
        return None
    mix = cell_.mix
    per_unit = 1.0 + cell_.scenario.more_per_unit
    own_units = mix.share * 100_000.0 / alarms_per_100k / per_unit
    return math.log(own_units) / kl_per_unit(cell_.scenario, mix, change.points) * per_unit


def kl_per_unit(scenario: Scenario, mix: CohortMix, points: float, units: int = 20_000) -> float:
    """E[delta^2 / (2 v)] over the generator's units, by simulation of their words alone."""
    rng = np.random.default_rng(1)
    sizes = 1 + rng.poisson(scenario.more_per_unit, units)
    words = np.clip(rng.lognormal(2.6, 0.5, int(sizes.sum())), 5, 40).astype(np.int64).astype(np.float64)
    first = np.cumsum(sizes) - sizes
    total, squares = np.add.reduceat(words, first), np.add.reduceat(words**2, first)
    f = 1.0 / (scenario.speaker_concentration + 1.0)
    g = 1.0 / (scenario.utterance_concentration + 1.0)
    v = mix.wer * (1 - mix.wer) * (f + (1 - f) * (g * squares + (1 - g) * total) / total**2)
    return float(np.mean((points / 100.0) ** 2 / (2.0 * v)))


def measure(
    runs: int = 60, *, per_100k: float = BUDGET_PER_100K, workers: int | None = None, only: Sequence[str] = ()
) -> list[Power]:
    """Every cell over ``runs`` seeds; ``only`` picks cells by name."""
    chosen = [each for each in cells() if not only or each.name in only]
    tasks = [
        job for each in chosen for job in jobs(each.scenario, range(FIRST_SEED, FIRST_SEED + runs), per_100k)
    ]
    watched = spread(watch, tasks, workers)
    return [summarise(each, watched[n * runs : (n + 1) * runs]) for n, each in enumerate(chosen)]


def show(results: Sequence[Power]) -> None:
    """Print the table."""
    title = f"ours: delay in the cohort's scored utterances, budget {BUDGET_PER_100K:.0f} per 100,000"
    table(title, [HEADING, *(power.row() for power in results)])
