"""Memory over millions of utterances through the API."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.figures import Asked, Figure, Section
from benchmarks.load import Traffic
from benchmarks.running import load, service_in
from benchmarks.seeded import store_of

BULK = 1_000
POINTS = 100
"""Measured along the way; after each share of the utterances a bulk of references comes."""
MOST_S = 3_600.0


def run(utterances: int) -> Section:
    """Send all of them in bulk; look at the memory in between."""
    requests = max(1, utterances // BULK // POINTS)
    memory, rates = [], []
    with tempfile.TemporaryDirectory() as folder, service_in(Path(folder)) as service:
        assert service.process is not None
        process = psutil.Process(service.process.pid)
        begin = 0
        while begin < utterances:
            started = time.monotonic()
            [sent] = load(service.api, MOST_S, Traffic("/v1/utterances", begin, 2, BULK, most=requests))
            rates.append((sent.next - begin) / (time.monotonic() - started))
            load(service.api, MOST_S, Traffic("/v1/references", begin, 1, BULK, most=1))
            begin = sent.next
            memory.append((float(begin), process.memory_info().rss / 1e6))
        size_mb = store_of(service).stat().st_size / 1e6
    early, late = (statistics.median(mb for _, mb in part) for part in _ends(memory))
    return Section(
        f"Soak: {begin:,} utterances in bulk",
        [
            Figure(
                "resident memory, the last tenth / the second tenth",
                late,
                "MB",
                early,
                late / early,
                Asked(1.1, "less"),
            ),
            Figure("the most", max(mb for _, mb in memory), "MB"),
            Figure("utterances, over all", statistics.median(rates), "utterances/s"),
            Figure("the store's file at the end", size_mb, "MB"),
        ],
        curves={
            "resident memory, MB": memory,
            "utterances/s": list(zip((n for n, _ in memory), rates, strict=True)),
        },
    )


def _ends(points: list[tuple[float, float]]) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    tenth = max(1, len(points) // 10)
    return points[tenth : 2 * tenth] or points, points[-tenth:]
