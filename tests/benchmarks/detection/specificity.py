"""Who is named: nobody when something hits everybody, and the right cohort alone when it hits one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.detection.budget import OTHER_SHARES
from benchmarks.detection.figures import Share
from benchmarks.detection.runs import BUDGET_PER_100K, Job, Watched, budget_a_month, jobs, spread, watch
from benchmarks.detection.streams import Change, Scenario
from benchmarks.timing import table

FIRST_SEED = 300_000
QUIET = Scenario(utterances=14_000)
ONE_A_MONTH = 1.0

COMMON = {
    "everybody +5": replace(QUIET, change=Change(points=5.0)),
    "everybody +10": replace(QUIET, change=Change(points=10.0)),
    "everybody x 1.5": replace(QUIET, change=Change(factor=1.5)),
    "mix shift": replace(QUIET, mix_from=8_000, mix_shares=OTHER_SHARES),
    "nightly +4": replace(QUIET, night_points=4.0),
}
DIFFERENTIAL = {
    f"{cohort} +{points:.0f}": replace(
        QUIET, utterances=24_000 if cohort == "E" else 14_000, change=Change(points, cohorts=(cohort,))
    )
    for cohort in "ACE"
    for points in (5.0, 10.0)
}


@dataclass(frozen=True)
class Named:
    """In how many runs any cohort was named (a differential alarm), against the same runs without it.

    Counted from the change on; for what is there from the beginning, from the beginning.
    """

    name: str
    budget: str
    runs: Share
    baseline: Share
    alarms: int
    found_global: Share

    @property
    def excess(self) -> float:
        """Share of runs above that with nothing changed; at most 2 % is asked for."""
        return self.runs.value - self.baseline.value

    def row(self) -> list[str]:
        """Cells for a table."""
        return [
            self.name,
            self.budget,
            str(self.runs),
            str(self.baseline),
            f"{100 * self.excess:+.1f} %",
            str(self.alarms),
            str(self.found_global),
        ]


@dataclass(frozen=True)
class Rightly:
    """Of the runs in which anybody is named since the change: in how many it is the right cohort alone."""

    name: str
    budget: str
    found: Share
    only_right: Share
    global_too: Share

    def row(self) -> list[str]:
        """Cells for a table."""
        return [self.name, self.budget, str(self.found), str(self.only_right), str(self.global_too)]


HEADING = ["change", "budget", "runs naming a cohort", "with no change", "excess", "alarms", "global seen"]
RIGHTLY_HEADING = ["change", "budget", "right cohort named", "it and only it, of those naming", "global too"]


def _budgets(per_100k: float, *, has_monthly: bool) -> dict[str, float]:
    budgets = {f"{per_100k:.0f} per 100k": per_100k}
    if has_monthly:
        budgets["1 a month"] = ONE_A_MONTH / budget_a_month(1.0, QUIET.references_per_day)
    return budgets


def _from(run: Watched) -> int:
    return run.start if run.start is not None else run.job.scenario.mix_from


def _is_naming(run: Watched, first: int) -> bool:
    return any(raised.index >= first for raised in run.differentials)


def _sees_global(run: Watched) -> bool:
    return any(raised.name == "global degraded" and raised.index >= _from(run) for raised in run.raised)


def measure_common(
    runs: int = 200,
    *,
    per_100k: float = BUDGET_PER_100K,
    workers: int | None = None,
    has_monthly: bool = True,
) -> list[Named]:
    """Changes that hit everybody, at the budget of section 8 and at one alarm a month."""
    seeds = range(FIRST_SEED, FIRST_SEED + runs)
    budgets = _budgets(per_100k, has_monthly=has_monthly)
    streams = {"": QUIET, **COMMON}
    tasks: list[Job] = [
        job
        for budget in budgets.values()
        for stream in streams.values()
        for job in jobs(stream, seeds, budget)
    ]
    watched = iter(spread(watch, tasks, workers))
    results = []
    for budget in budgets:
        quiet = [next(watched) for _ in seeds]
        results += [_named(name, budget, [next(watched) for _ in seeds], quiet) for name in COMMON]
    return results


def _named(name: str, budget: str, moved: Sequence[Watched], quiet: Sequence[Watched]) -> Named:
    firsts = [_from(run) for run in moved]
    pairs = list(zip(moved, quiet, firsts, strict=True))
    return Named(
        name,
        budget,
        Share(sum(_is_naming(run, first) for run, _, first in pairs), len(pairs)),
        Share(sum(_is_naming(run, first) for _, run, first in pairs), len(pairs)),
        sum(raised.index >= first for run, _, first in pairs for raised in run.differentials),
        Share(sum(_sees_global(run) for run in moved), len(pairs)),
    )


def measure_rightly(
    runs: int = 200,
    *,
    per_100k: float = BUDGET_PER_100K,
    workers: int | None = None,
    has_monthly: bool = True,
) -> list[Rightly]:
    """Changes that hit one cohort, at the same budgets."""
    seeds, budgets = range(FIRST_SEED, FIRST_SEED + runs), _budgets(per_100k, has_monthly=has_monthly)
    cells = [(name, budget) for budget in budgets for name in DIFFERENTIAL]
    tasks = [job for name, budget in cells for job in jobs(DIFFERENTIAL[name], seeds, budgets[budget])]
    watched = iter(spread(watch, tasks, workers))
    results = []
    for name, budget in cells:
        own = [next(watched) for _ in seeds]
        names = [{raised.event.cohort for raised in run.since_change()} for run in own]
        right = name[0]
        found = sum(right in named for named in names)
        only = sum(named == {right} for named in names)
        results.append(
            Rightly(
                name,
                budget,
                Share(found, runs),
                Share(only, sum(bool(named) for named in names)),
                Share(sum(_sees_global(run) for run in own), runs),
            )
        )
    return results


def show(common: Sequence[Named], rightly: Sequence[Rightly]) -> None:
    """Print the tables."""
    if common:
        table("ours: who is named when nobody should be", [HEADING, *(row.row() for row in common)])
    if rightly:
        table("ours: who is named when one should be", [RIGHTLY_HEADING, *(row.row() for row in rightly)])
