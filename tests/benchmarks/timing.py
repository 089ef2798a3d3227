"""Fair timing of two things in turn, and the table that shows them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

ROUNDS = 7


def seconds(work: Callable[[], object]) -> float:
    """Processor seconds of one call: what else the machine does meanwhile does not count."""
    started = time.process_time()
    work()
    return time.process_time() - started


def turns(
    ours: Callable[[], object], baseline: Callable[[], object], rounds: int = ROUNDS
) -> list[tuple[float, float]]:
    """Seconds of both, measured in turn so that a drifting machine hits both alike."""
    ours()
    baseline()
    return [(seconds(ours), seconds(baseline)) for _ in range(rounds)]


def paired(
    ours: Callable[[], object], baseline: Callable[[], object], rounds: int = ROUNDS
) -> tuple[float, float]:
    """Median seconds of both, measured in turn."""
    pairs = turns(ours, baseline, rounds)
    return statistics.median(o for o, _ in pairs), statistics.median(b for _, b in pairs)


def table(title: str, rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns; the first row is the heading."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    print(f"\n{title}")
    for row in rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
