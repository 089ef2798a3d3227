"""Every scenario of the recorded engines, in every order: what is raised, when, about whom, how much."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.detection import recordings
from benchmarks.detection.figures import Share, cell, quantile
from benchmarks.detection.recordings import ORDERS, Replay
from benchmarks.detection.runs import spread
from benchmarks.detection.truths import CohortTruth, EverybodysTruth, everybodys, truths
from benchmarks.timing import table
from detectors.event import Event
from detectors.monitor import Monitor, MonitorSettings

BUDGET_A_MONTH = 1.0
LENGTHENED: Mapping[str, int] = {
    "edacc-cohort-switch": 4,
    "eka-equipment-electronic-parakeet": 16,
    "eka-denoiser-rollout": 16,
    "eka-null-mild": 16,
    "afri-finetune-average-up-cohort-down": 8,
    "edacc-null": 4,
    "afri-null": 4,
    "edacc-global-edge": 4,
    "afri-global": 8,
}
"""Scenarios that a full run also shows with recordings drawn with replacement, so many times as long."""
ALSO_WORSE_POINTS = 2.5
"""A cohort that is no target is named truly if it got worse itself, and by so much more than the rest."""
FIRST_SEED = 0


@dataclass(frozen=True)
class Seen:
    """One replay under watch."""

    target: int
    also_worse: int
    wrong: int
    everybody: int
    early: int
    others: Mapping[str, int]
    delay: int | None
    effect: float | None
    truth: float | None
    is_covered: bool | None


@dataclass(frozen=True)
class Scenario:
    """A scenario in an order over several seeds."""

    name: str
    order: str
    repeat: int
    budget: float
    runs: int
    utterances: float
    target_found: Share
    target_alarms: int
    also_worse: int
    wrong: int
    wrong_runs: Share
    global_runs: Share
    early: int
    others: Mapping[str, int]
    median_delay: float | None
    median_effect: float | None
    median_truth: float | None
    covered: Share
    target_points: float
    rest_points: float
    cohorts: tuple[CohortTruth, ...]
    everybodys: EverybodysTruth | None = None

    @property
    def title(self) -> str:
        """The scenario, and how many times as long as the recordings."""
        return self.name if self.repeat == 1 else f"{self.name} x {self.repeat}"

    def row(self) -> list[str]:
        """Cells for a table."""
        others = ", ".join(f"{name} {count}" for name, count in sorted(self.others.items()))
        return [
            self.title,
            self.order,
            f"{self.utterances:.0f}",
            f"{self.target_points:+.1f}/{self.rest_points:+.1f}",
            str(self.target_found),
            str(self.also_worse),
            f"{self.wrong} in {self.wrong_runs.count}",
            str(self.global_runs.count),
            str(self.early),
            cell(self.median_delay),
            cell(self.median_effect, 1),
            cell(self.median_truth, 1),
            f"{self.covered.count}/{self.covered.of}",
            others or "-",
        ]


HEADING = [
    "scenario",
    "order",
    "utterances",
    "true target/rest",
    "target named",
    "also worse",
    "wrong",
    "global runs",
    "before it",
    "delay",
    "effect",
    "truth",
    "covers",
    "other events",
]
ASKED_HEADING = [
    "scenario",
    "cohort",
    "rise",
    "of the rest",
    "utterances before/after",
    "asked",
    "speakers before/after",
    "asked",
    "holds twice that",
    "named in",
]
EVERYBODYS_HEADING = [
    "scenario",
    "order",
    "rise",
    "nats in the stream",
    "asked",
    "holds twice that",
    "called global in",
]
EVERYBODYS = ("edacc-global-edge", "e21-global", "afri-global")
"""Scenarios whose change hits everybody alike."""


@dataclass(frozen=True)
class Task:
    """A scenario in an order, over seeds, in one process so that its scores are made once."""

    name: str
    order: str
    seeds: range
    repeat: int
    budget: float
    smallest: float


def watch(task: Task) -> Scenario:
    """Run one task."""
    replays = [recordings.replay(task.name, task.order, seed, task.repeat) for seed in task.seeds]
    true = [truths(replay, task.budget) for replay in replays]
    seen = [_watch(replay, known, task) for replay, known in zip(replays, true, strict=True)]
    delays = [float(each.delay) for each in seen if each.delay is not None]
    covered = [each.is_covered for each in seen if each.is_covered is not None]
    target_points, rest_points = recordings.true_effect(task.name)
    names = sorted({name for each in seen for name in each.others})
    return Scenario(
        name=task.name,
        order=task.order,
        repeat=task.repeat,
        budget=task.budget,
        runs=len(seen),
        utterances=statistics.fmean(len(replay.utterances) for replay in replays),
        target_found=Share(sum(each.target > 0 for each in seen), len(seen)),
        target_alarms=sum(each.target for each in seen),
        also_worse=sum(each.also_worse for each in seen),
        wrong=sum(each.wrong for each in seen),
        wrong_runs=Share(sum(each.wrong > 0 for each in seen), len(seen)),
        global_runs=Share(sum(each.everybody > 0 for each in seen), len(seen)),
        early=sum(each.early for each in seen),
        others={name: sum(each.others.get(name, 0) for each in seen) for name in names},
        median_delay=quantile(delays, 0.5),
        median_effect=quantile([each.effect for each in seen if each.effect is not None], 0.5),
        median_truth=quantile([each.truth for each in seen if each.truth is not None], 0.5),
        covered=Share(sum(covered), len(covered)),
        target_points=target_points,
        rest_points=rest_points,
        cohorts=tuple(
            _averaged(name, true) for name in replays[0].targets if any(name in known for known in true)
        ),
        everybodys=_everybodys(replays, task.budget) if task.name in EVERYBODYS else None,
    )


def _everybodys(replays: Sequence[Replay], budget: float) -> EverybodysTruth:
    true = [everybodys(replay, budget) for replay in replays]
    return EverybodysTruth(
        statistics.fmean(each.points for each in true),
        statistics.fmean(each.nats for each in true),
        statistics.fmean(each.asked for each in true),
    )


def _watch(replay: Replay, known: Mapping[str, CohortTruth], task: Task) -> Seen:
    monitor = Monitor(
        MonitorSettings(false_alarms_per_month=task.budget, smallest_change_points=task.smallest)
    )
    middle = replay.middle
    target = also_worse = wrong = everybody = early = 0
    others: dict[str, int] = {}
    first: tuple[int, Event] | None = None
    for index, scored in enumerate(replay.utterances):
        for event in monitor.update(scored):
            kind = (event.signal.value, event.change.value)
            if kind == ("global", "degraded") and replay.start is not None and index >= middle:
                everybody += 1
            elif kind != ("differential", "degraded") or event.cohort is None:
                name = " ".join(kind)
                others[name] = others.get(name, 0) + 1
            elif replay.start is None:
                wrong += 1
            elif index < middle:
                early += 1
            elif event.cohort in replay.targets:
                target += 1
                first = first or (index, event)
            elif _is_worse(known[event.cohort]):
                also_worse += 1
            else:
                wrong += 1
    delay = effect = truth = covers = None
    if first is not None:
        index, event = first
        delay = sum(scored.cohort == event.cohort for scored in replay.utterances[middle : index + 1])
        effect = event.effect_points
        truth = known[event.cohort or ""].differential_points
        covers = event.lower_points <= truth <= event.upper_points
    return Seen(
        target=target,
        also_worse=also_worse,
        wrong=wrong,
        everybody=everybody,
        early=early,
        others=others,
        delay=delay,
        effect=effect,
        truth=truth,
        is_covered=covers,
    )


def _is_worse(truth: CohortTruth) -> bool:
    return truth.own_points > 0.0 and truth.differential_points >= ALSO_WORSE_POINTS


def _averaged(cohort: str, true: Sequence[Mapping[str, CohortTruth]]) -> CohortTruth:
    own = [known[cohort] for known in true if cohort in known]

    def mean(name: str) -> float:
        return statistics.fmean(getattr(each, name) for each in own)

    def asked(name: str) -> float | None:
        values = [getattr(each, name) for each in own if getattr(each, name) is not None]
        return statistics.median(values) if len(values) * 2 > len(own) else None

    return CohortTruth(
        cohort,
        mean("own_points"),
        mean("rest_points"),
        round(mean("utterances_before")),
        round(mean("utterances_after")),
        round(mean("speakers_before")),
        round(mean("speakers_after")),
        asked("asked_utterances"),
        asked("asked_speakers"),
    )


def measure(
    runs: int = 10,
    *,
    repeat: int = 1,
    workers: int | None = None,
    only: Sequence[str] = (),
    orders: Sequence[str] = ORDERS,
    budget: float = BUDGET_A_MONTH,
    smallest: float = 5.0,
) -> list[Scenario]:
    """Every scenario in every order; ``only`` picks scenarios by name. Empty without the recordings."""
    if not recordings.are_there():
        return []
    seeds = range(FIRST_SEED, FIRST_SEED + runs)
    names = [name for name in recordings.scenarios() if not only or name in only]
    tasks = [Task(name, order, seeds, repeat, budget, smallest) for name in names for order in orders]
    return spread(watch, tasks, workers, chunk=1)


def measure_lengthened(runs: int = 10, *, workers: int | None = None) -> list[Scenario]:
    """The lengthened ones, in the concurrent and the shuffled order."""
    if not recordings.are_there():
        return []
    seeds = range(FIRST_SEED, FIRST_SEED + runs)
    tasks = [
        Task(name, order, seeds, repeat, BUDGET_A_MONTH, 5.0)
        for name, repeat in LENGTHENED.items()
        for order in ("concurrent", "shuffled")
    ]
    return spread(watch, tasks, workers, chunk=1)


def show(found: Sequence[Scenario]) -> None:
    """Print the tables."""
    if not found:
        print(f"\nreal recordings: skipped, none in {recordings.folder()} (set RECORDED_ENGINES)")
        return
    title = f"recorded engines, {found[0].runs} seeds, {found[0].budget:g} a month"
    table(title, [HEADING, *(each.row() for each in found)])
    rows = [
        [each.title, *_asked_cells(truth), str(each.target_found)]
        for each in found
        if each.order == found[0].order
        for truth in each.cohorts
    ]
    table("what the bound asks for, and what the streams hold", [ASKED_HEADING, *rows])
    together = [
        [
            each.title,
            each.order,
            f"{each.everybodys.points:+.1f}",
            f"{each.everybodys.nats:.0f}",
            f"{each.everybodys.asked:.0f}",
            "yes" if each.everybodys.holds_twice else "no",
            str(each.global_runs),
        ]
        for each in found
        if each.everybodys is not None
    ]
    if together:
        table("the same for what hits everybody, in nats", [EVERYBODYS_HEADING, *together])


def _asked_cells(truth: CohortTruth) -> list[str]:
    return [
        truth.cohort,
        f"{truth.own_points:+.1f}",
        f"{truth.rest_points:+.1f}",
        f"{truth.utterances_before}/{truth.utterances_after}",
        cell(truth.asked_utterances),
        f"{truth.speakers_before}/{truth.speakers_after}",
        cell(truth.asked_speakers),
        "yes" if truth.holds_twice else "no",
    ]
