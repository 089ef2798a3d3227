"""Our monitor over simulated streams, many seeds at once."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from benchmarks.detection.streams import Scenario, Simulated, simulate
from detectors.event import Event
from detectors.monitor import Monitor, MonitorSettings

DAYS_A_MONTH = 30.0
BUDGET_PER_100K = 5.0
"""A of STATISTICS.md, section 8: tolerated false alarms in 100,000 utterances, all signals together."""

Task = TypeVar("Task")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Job:
    """One stream for one monitor."""

    scenario: Scenario
    seed: int
    false_alarms_per_month: float
    smallest_change_points: float = 5.0


@dataclass(frozen=True)
class Raised:
    """An event and where in the stream it came; ``own`` counts its cohort's utterances since the change."""

    index: int
    own: int
    event: Event

    @property
    def is_differential(self) -> bool:
        """Whether a cohort is said to have become worse than the rest."""
        return (self.event.signal.value, self.event.change.value) == ("differential", "degraded")

    @property
    def is_alarm(self) -> bool:
        """Whether it begins an alarm of any signal: improvements and ends of alarms page nobody."""
        return self.event.change.value == "degraded"

    @property
    def name(self) -> str:
        """Signal and change in one word."""
        return f"{self.event.signal.value} {self.event.change.value}"


@dataclass(frozen=True)
class Watched:
    """What a monitor made of a stream."""

    job: Job
    start: int | None
    onset_s: float
    days: float
    raised: tuple[Raised, ...]

    @property
    def differentials(self) -> list[Raised]:
        """The differential alarms."""
        return [raised for raised in self.raised if raised.is_differential]

    def since_change(self) -> list[Raised]:
        """The differential alarms since the change began."""
        return [raised for raised in self.differentials if raised.index >= (self.start or 0)]


def budget_a_month(per_100k: float, references_per_day: float) -> float:
    """The budget of ``per_100k`` alarms in 100,000 utterances, in 30 days at this volume."""
    return per_100k * references_per_day * DAYS_A_MONTH / 100_000.0


def jobs(
    scenario: Scenario, seeds: Iterable[int], per_100k: float = BUDGET_PER_100K, smallest: float = 5.0
) -> list[Job]:
    """The scenario under a budget, once per seed."""
    budget = budget_a_month(per_100k, scenario.references_per_day)
    return [Job(scenario, seed, budget, smallest) for seed in seeds]


def watch(job: Job) -> Watched:
    """Run one job."""
    stream = simulate(job.scenario, job.seed)
    monitor = Monitor(
        MonitorSettings(
            false_alarms_per_month=job.false_alarms_per_month,
            smallest_change_points=job.smallest_change_points,
        )
    )
    raised = [
        Raised(index, _own(stream, index, event), event)
        for index, scored in enumerate(stream.utterances)
        for event in monitor.update(scored)
    ]
    first_s, last_s = stream.utterances[0].at_s, stream.utterances[-1].at_s
    return Watched(job, stream.start, stream.onset_s, (last_s - first_s) / 86_400.0, tuple(raised))


def _own(stream: Simulated, index: int, event: Event) -> int:
    if event.cohort is None:
        return index - (stream.start or 0) + 1
    return stream.own_until(index, event.cohort)


def spread(
    work: Callable[[Task], Answer],
    tasks: Sequence[Task],
    workers: int | None = None,
    chunk: int | None = None,
) -> list[Answer]:
    """``[work(task) for task in tasks]``, over processes; ``work`` is a module's function."""
    count = min(workers or os.cpu_count() or 1, len(tasks))
    if count <= 1:
        return [work(task) for task in tasks]
    with multiprocessing.get_context("fork").Pool(count) as pool:
        return pool.map(work, tasks, chunksize=chunk or max(1, min(4, len(tasks) // (4 * count))))
