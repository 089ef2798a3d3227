"""References that come late and cohort by cohort, as a team corrects them: what is named then.

The monitor pairs a cohort with the rest in the order in which references arrive. Here batches of one or seven
days are corrected at their end, one cohort after the other, each in the order in which it was spoken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

from simulation import Stream, simulate

from benchmarks.detection.runs import spread
from benchmarks.timing import table
from detectors.event import Change, Signal
from detectors.monitor import Monitor, MonitorSettings
from detectors.unit import ScoredUtterance

UTTERANCES, CHANGE_AT = 10_000, 5_000
BUDGET_A_MONTH = 0.6
"""5 in 100,000 at the 400 references a day of these streams."""
DAY_S = 86_400.0
SEED = 700_000
BATCHES = {
    "as they are spoken": (0, 0.0),
    "daily": (1, 0.0),
    "weekly": (7, 0.0),
    "weekly, put in order": (7, 7 * DAY_S),
}
"""Days of a batch, and how long after its speech a reference is told to come."""

Shift = Callable[[str, int, float], float]


def _nothing(cohort: str, index: int, at_s: float) -> float:
    return 0.0


def _everybody(cohort: str, index: int, at_s: float) -> float:
    return 0.08 if index >= CHANGE_AT else 0.0


def _bad_days(cohort: str, index: int, at_s: float) -> float:
    return 0.10 if int(at_s // DAY_S) % 5 == 0 else 0.0


def _c(cohort: str, index: int, at_s: float) -> float:
    return 0.10 if cohort == "C" and index >= CHANGE_AT else 0.0


def _e(cohort: str, index: int, at_s: float) -> float:
    return 0.15 if cohort == "E" and index >= CHANGE_AT else 0.0


CHANGES: dict[str, Shift] = {
    "nothing": _nothing,
    "everybody +8": _everybody,
    "everybody +10 every fifth day": _bad_days,
    "C +10": _c,
    "E +15": _e,
}


@dataclass(frozen=True)
class Job:
    """One stream in one order of arrival."""

    change: str
    batches: str
    seed: int


@dataclass(frozen=True)
class Late:
    """How many of the runs named cohorts, and found everybody, after so many."""

    change: str
    batches: str
    runs: int
    named: int
    named_c_or_e: int
    everybody: int

    def row(self) -> list[str]:
        """Cells for a table."""
        found = (self.named, self.named_c_or_e, self.everybody)
        return [self.change, self.batches, *(f"{count} of {self.runs}" for count in found)]


HEADING = ["change", "corrected", "names a cohort", "names C or E", "everybody's"]


def measure(runs: int, workers: int | None = None) -> list[Late]:
    """All changes in all orders of arrival."""
    cells = [(change, batches) for change in CHANGES for batches in BATCHES]
    tasks = [Job(*cell, SEED + number) for cell in cells for number in range(runs)]
    answers = dict(zip(tasks, spread(_watch, tasks, workers), strict=True))
    found = []
    for change, batches in cells:
        told = [told for job, told in answers.items() if (job.change, job.batches) == (change, batches)]
        named = [names - {None} for names in told]
        found.append(
            Late(
                change,
                batches,
                runs,
                sum(bool(names) for names in named),
                sum(bool(names & {"C", "E"}) for names in named),
                sum(None in names for names in told),
            )
        )
    return found


def show(found: list[Late]) -> None:
    """Print the table."""
    table("late references", [HEADING, *(each.row() for each in found)])


def _watch(job: Job) -> set[str | None]:
    stream = Stream(UTTERANCES, job.seed, shift=CHANGES[job.change])
    days, lag_s = BATCHES[job.batches]
    monitor = Monitor(MonitorSettings(BUDGET_A_MONTH, reference_lag_s=lag_s))
    return {
        event.cohort
        for scored in _arriving(simulate(stream), days)
        for event in monitor.update(scored)
        if event.change is Change.DEGRADED and event.signal in (Signal.DIFFERENTIAL, Signal.GLOBAL)
    }


def _arriving(spoken: Iterator[ScoredUtterance], days: int) -> Iterator[ScoredUtterance]:
    if not days:
        yield from spoken
        return
    for _, batch in groupby(spoken, key=lambda scored: int(scored.at_s // (days * DAY_S))):
        yield from sorted(batch, key=lambda scored: scored.cohort)
