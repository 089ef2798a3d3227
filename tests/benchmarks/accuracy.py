"""False alarms, delay and specificity on simulated streams."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from simulation import WER_AND_SHARE, Stream, simulate

from benchmarks.timing import table
from detectors.event import Change, Signal
from detectors.monitor import Monitor, MonitorSettings

UTTERANCES = 14_000
CHANGE_AT = 8_000
RUNS = 20
BUDGET_A_MONTH = 0.6
"""5 false alarms in 100,000 utterances at 400 utterances a day."""

Shift = Callable[[str, int, float], float]


def run() -> None:
    """Print the tables."""
    rows = [["stream", "false cohort alarms / 100k", "false global / 100k"]]
    for name, shift in (
        ("nothing changes", _nothing),
        ("everybody +5 points at 8,000", lambda c, i, t: 0.05 if i >= CHANGE_AT else 0.0),
        ("nightly +4 points for everybody", lambda c, i, t: 0.04 if t % 86_400 < 28_800 else 0.0),
    ):
        differential, everybody = _false_alarms(shift)
        rows.append([name, f"{differential:.1f}", f"{everybody:.1f}" if "everybody +5" not in name else "-"])
    table(f"false alarms at a budget of 5 per 100,000 ({RUNS} streams of {UTTERANCES:,})", rows)
    rows = [["change", "median delay, the cohort's scored utterances", "missed", "others named"]]
    for cohort, points in (("C", 5), ("C", 10), ("E", 10), ("A", 5)):
        rows.append(_power(cohort, points))
    table(f"power ({RUNS} streams, change at {CHANGE_AT:,}, {UTTERANCES - CHANGE_AT:,} after it)", rows)


def _nothing(cohort: str, index: int, at_s: float) -> float:
    return 0.0


def _false_alarms(shift: Shift) -> tuple[float, float]:
    found = {Signal.DIFFERENTIAL: 0, Signal.GLOBAL: 0}
    for seed in range(RUNS):
        monitor = Monitor(MonitorSettings(false_alarms_per_month=BUDGET_A_MONTH))
        for scored in simulate(Stream(UTTERANCES, 1_000 + seed, shift=shift)):
            for event in monitor.update(scored):
                if event.change is Change.DEGRADED:
                    found[event.signal] += 1
    per = 100_000 / (RUNS * UTTERANCES)
    return found[Signal.DIFFERENTIAL] * per, found[Signal.GLOBAL] * per


def _power(cohort: str, points: int) -> list[str]:
    share = WER_AND_SHARE[cohort][1]
    delays, missed, others = [], 0, 0
    for seed in range(RUNS):
        monitor = Monitor(MonitorSettings(false_alarms_per_month=BUDGET_A_MONTH))
        stream = Stream(
            UTTERANCES,
            2_000 + seed,
            shift=lambda c, i, t: points / 100 if c == cohort and i >= CHANGE_AT else 0.0,
        )
        found: int | None = None
        for index, scored in enumerate(simulate(stream)):
            for event in monitor.update(scored):
                if index < CHANGE_AT or event.change is not Change.DEGRADED:
                    continue
                if event.cohort == cohort:
                    found = index - CHANGE_AT if found is None else found
                else:
                    others += 1
        if found is None:
            missed += 1
        else:
            delays.append(found * share)
    median = f"{statistics.median(delays):.0f}" if delays else "-"
    return [f"{cohort} +{points}", median, f"{missed} of {RUNS}", str(others)]
