"""What watching an utterance costs with 30 cohorts, against river's ADWIN on the same stream."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from river.drift import ADWIN

from benchmarks.detection.streams import Scenario, generate, many
from benchmarks.timing import paired, table
from detectors.monitor import Monitor, MonitorSettings

SEED = 600_000


@dataclass(frozen=True)
class Cost:
    """Microseconds per scored utterance, and bytes of the state as JSON at the end of the stream."""

    cohorts: int
    utterances: int
    ours_us: float
    adwin_us: float
    state_bytes: int

    def row(self) -> list[str]:
        """Cells for a table."""
        ratio = self.ours_us / self.adwin_us
        return [
            f"{self.cohorts} cohorts, {self.utterances:,} utterances",
            f"{self.ours_us:.1f} us",
            f"{self.adwin_us:.1f} us",
            f"{ratio:.1f}",
            f"{self.state_bytes / 1_000:.0f} kB",
        ]


HEADING = ["watched", "ours", "ADWIN per cohort", "ratio", "state as JSON"]


def measure(utterances: int = 20_000, rounds: int = 3) -> list[Cost]:
    """With 5 and with 30 cohorts."""
    return [_measure(cohorts, utterances, rounds) for cohorts in (5, 30)]


def _measure(cohorts: int, utterances: int, rounds: int) -> Cost:
    scenario = Scenario(utterances=utterances, cohorts=many(cohorts), speakers=200)
    stream = generate(scenario, SEED)
    names = [mix.name for mix in scenario.cohorts]
    last: list[Monitor] = []

    def ours() -> None:
        monitor = Monitor(MonitorSettings())
        for scored in stream:
            monitor.update(scored)
        last[:] = [monitor]

    def adwin() -> None:
        updates: dict[str, Callable[[float], None]] = {
            name: ADWIN().update  # type: ignore[no-untyped-call]
            for name in names
        }
        for scored in stream:
            counts = scored.counts
            updates[scored.cohort](counts.capped_errors / counts.reference_words)

    ours_s, adwin_s = paired(ours, adwin, rounds)
    size = len(json.dumps(last[0].to_state(), separators=(",", ":")).encode())
    us = 1e6 / utterances
    return Cost(cohorts, utterances, ours_s * us, adwin_s * us, size)


def show(costs: list[Cost]) -> None:
    """Print the table."""
    table("cost of watching a scored utterance", [HEADING, *(cost.row() for cost in costs)])
