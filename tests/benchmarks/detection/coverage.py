"""Estimates: whether intervals cover the truth, how well the onset is dated, and how alarms end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.detection.figures import Share, cell, quantile
from benchmarks.detection.runs import BUDGET_PER_100K, Job, jobs, spread
from benchmarks.detection.streams import Change, Kind, Scenario, Simulated, simulate
from benchmarks.timing import table
from detectors.event import Event
from detectors.monitor import Monitor, MonitorSettings

FIRST_SEED = 500_000
LENGTHS = {"C": 20_000, "E": 44_000, "A": 16_000}
STEPS: Mapping[str, Scenario] = {
    f"{cohort} +{points:.0f}": Scenario(LENGTHS[cohort], change=Change(points, cohorts=(cohort,)))
    for cohort, points in (("C", 5.0), ("C", 10.0), ("E", 10.0), ("A", 5.0))
}
RETURNING = Scenario(24_000, change=Change(7.0, cohorts=("C",), kind=Kind.BURST, length=900))
FLAPPING = Scenario(26_000, change=Change(10.0, cohorts=("C",), kind=Kind.FLAP, flap_h=4.0))


@dataclass(frozen=True)
class Judged:
    """One run with a change of ``points``: the first right alarm, what is said at the end, and recoveries."""

    points: float
    alarm: Event | None
    end_lower: float | None
    end_upper: float | None
    onset_error_h: float | None
    onset_error_own: int | None
    recovery_own: int | None
    recovered_early: bool
    alarms: int
    days: float

    @property
    def width(self) -> float | None:
        """Width of the interval at the alarm, in points."""
        return self.alarm.upper_points - self.alarm.lower_points if self.alarm else None


@dataclass(frozen=True)
class Estimates:
    """A step's intervals and onsets over all runs. Errors are onset said minus true; below 0 is too early."""

    name: str
    found: Share
    at_alarm: Share
    at_end: Share
    median_bias: float | None
    median_width: float | None
    median_onset_h: float | None
    median_onset_own: float | None
    p90_onset_own: float | None

    def row(self) -> list[str]:
        """Cells for a table."""
        return [
            self.name,
            str(self.found),
            str(self.at_alarm),
            str(self.at_end),
            cell(self.median_bias, 1),
            cell(self.median_width, 1),
            cell(self.median_onset_h, 1),
            cell(self.median_onset_own),
            cell(self.p90_onset_own),
        ]


HEADING = [
    "change",
    "found",
    "interval at the alarm covers",
    "at the end covers",
    "bias, points",
    "width, points",
    "onset error, h",
    "in own utterances",
    "p90 of its size",
]


@dataclass(frozen=True)
class Ends:
    """How alarms end: after +7 -> 0 and under a condition that comes and goes every four hours."""

    found: Share
    recovered: Share
    recovered_early: Share
    median_recovery: float | None
    p90_recovery: float | None
    flapping_alarms_a_day: float
    flapping_noticed: Share


def judge(job: Job) -> Judged:
    """Run one job and compare what is said with what is true."""
    stream = simulate(job.scenario, job.seed)
    change = job.scenario.change
    assert change is not None
    assert stream.start is not None
    [cohort] = change.cohorts
    monitor = Monitor(MonitorSettings(false_alarms_per_month=job.false_alarms_per_month))
    events = [
        (index, event)
        for index, scored in enumerate(stream.utterances)
        for event in monitor.update(scored)
        if event.signal.value == "differential" and event.cohort == cohort and index >= stream.start
    ]
    begun = [(index, event) for index, event in events if event.change.value == "degraded"]
    ended = [index for index, event in events if event.change.value == "recovered"]
    alarm = begun[0][1] if begun else None
    over = _over(stream)
    lower, upper = _at_end(monitor, cohort)
    after = [index for index in ended if begun and index >= over]
    return Judged(
        points=change.points,
        alarm=alarm,
        end_lower=lower,
        end_upper=upper,
        onset_error_h=(alarm.onset_s - stream.onset_s) / 3_600.0 if alarm else None,
        onset_error_own=_between(stream, cohort, stream.onset_s, alarm.onset_s) if alarm else None,
        recovery_own=_own(stream, cohort, over, after[0]) if after else None,
        recovered_early=any(index < over for index in ended),
        alarms=len(begun),
        days=(stream.utterances[-1].at_s - stream.onset_s) / 86_400.0,
    )


def _over(stream: Simulated) -> int:
    """Index after the last utterance under the change."""
    return int(stream.hit.nonzero()[0][-1]) + 1


def _own(stream: Simulated, cohort: str, first: int, last: int) -> int:
    return sum(scored.cohort == cohort for scored in stream.utterances[first : last + 1])


def _between(stream: Simulated, cohort: str, true_s: float, said_s: float) -> int:
    low, high = sorted((true_s, said_s))
    count = sum(scored.cohort == cohort and low <= scored.at_s < high for scored in stream.utterances)
    return count if said_s >= true_s else -count


def _at_end(monitor: Monitor, cohort: str) -> tuple[float | None, float | None]:
    """The differential's interval that the monitor shows now, in points."""
    [view] = [view for view in monitor.views() if view.cohort == cohort]
    interval = view.differential.interval
    if interval is None:
        return None, None
    return 100.0 * interval.lower, 100.0 * interval.upper


def summarise(name: str, judged: Sequence[Judged]) -> Estimates:
    """One step's figures."""
    alarms = [(each, each.alarm) for each in judged if each.alarm is not None]
    ends = [each for each in judged if each.end_lower is not None and each.end_upper is not None]
    own = [float(each.onset_error_own) for each, _ in alarms if each.onset_error_own is not None]
    return Estimates(
        name=name,
        found=Share(len(alarms), len(judged)),
        at_alarm=Share(
            sum(alarm.lower_points <= each.points <= alarm.upper_points for each, alarm in alarms),
            len(alarms),
        ),
        at_end=Share(
            sum((each.end_lower or 0.0) <= each.points <= (each.end_upper or 0.0) for each in ends),
            len(ends),
        ),
        median_bias=quantile([alarm.effect_points - each.points for each, alarm in alarms], 0.5),
        median_width=quantile([each.width or 0.0 for each, _ in alarms], 0.5),
        median_onset_h=quantile([each.onset_error_h or 0.0 for each, _ in alarms], 0.5),
        median_onset_own=quantile(own, 0.5),
        p90_onset_own=quantile([abs(each) for each in own], 0.9),
    )


def measure(
    runs: int = 100, *, per_100k: float = BUDGET_PER_100K, workers: int | None = None
) -> tuple[list[Estimates], Ends]:
    """Every step, the return, and the flapping condition over ``runs`` seeds each."""
    seeds = range(FIRST_SEED, FIRST_SEED + runs)
    scenarios = [*STEPS.values(), RETURNING, FLAPPING]
    tasks = [job for scenario in scenarios for job in jobs(scenario, seeds, per_100k)]
    judged = iter(spread(judge, tasks, workers))
    estimates = [summarise(name, [next(judged) for _ in seeds]) for name in STEPS]
    returning = [next(judged) for _ in seeds]
    flapping = [next(judged) for _ in seeds]
    found = [each for each in returning if each.alarm is not None]
    delays = [float(each.recovery_own) for each in found if each.recovery_own is not None]
    return estimates, Ends(
        found=Share(len(found), runs),
        recovered=Share(len(delays), len(found)),
        recovered_early=Share(sum(each.recovered_early for each in found), len(found)),
        median_recovery=quantile(delays, 0.5),
        p90_recovery=quantile(delays, 0.9),
        flapping_alarms_a_day=sum(each.alarms for each in flapping) / sum(each.days for each in flapping),
        flapping_noticed=Share(sum(each.alarm is not None for each in flapping), runs),
    )


def show(estimates: Sequence[Estimates], ends: Ends) -> None:
    """Print the tables."""
    table("ours: what an alarm says", [HEADING, *(each.row() for each in estimates)])
    rows = [
        ["how it ends", ""],
        ["C +7 for 900 utterances: found", str(ends.found)],
        ["recovery found after it, of those", str(ends.recovered)],
        ["recovery said while it lasts", str(ends.recovered_early)],
        [
            "recovery's delay in own utterances, median/p90",
            f"{cell(ends.median_recovery)}/{cell(ends.p90_recovery)}",
        ],
        ["C +10 on and off every 4 h: noticed", str(ends.flapping_noticed)],
        ["alarms a day", f"{ends.flapping_alarms_a_day:.2f}"],
    ]
    table("ours: how alarms end", rows)
