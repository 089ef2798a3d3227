"""``python -m benchmarks.attribution``: how often an alert points at the right slice, simulated and real."""

from __future__ import annotations

import argparse

from benchmarks.attribution import demo, needed, simulated
from benchmarks.timing import table


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attribution", description=__doc__)
    parser.add_argument("--runs", type=int, default=100, help="streams of each cause")
    parser.add_argument("--alarms", type=int, default=25, help="streams of each cause under a monitor")
    parser.add_argument("--real", type=int, default=25, help="streams of each switch, and draws of the demo")
    parser.add_argument("--workers", type=int, default=None)
    chosen = parser.parse_args()
    if chosen.runs:
        found = simulated.measure(chosen.runs, chosen.workers)
        table(
            f"30 sessions in the slice since the onset, {chosen.runs} streams a cause", simulated.rows(found)
        )
    if chosen.alarms:
        alarms = simulated.measure_alarms(chosen.alarms, chosen.workers)
        table(f"what the first alarm says, {chosen.alarms} streams a cause", simulated.alarm_rows(alarms))
    if chosen.real:
        answers = needed.measure(chosen.real, chosen.workers)
        table(
            f"real engines: sessions needed to be right in 95 %, and what is said, {chosen.real} orders",
            answers,
        )
        table(f"{chosen.real} draws of references", demo.measure(chosen.real))


if __name__ == "__main__":
    main()
