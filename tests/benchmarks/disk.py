"""What one commit costs at least: the time in which this disk takes a page for good."""

from __future__ import annotations

import os
import statistics
import tempfile
import time

from benchmarks.figures import Figure, Section

WRITES = 500
PAGE = bytes(4_096)


def run() -> Section:
    """Append pages, one after the other, each put on disk."""
    took_s = []
    with tempfile.TemporaryFile() as file:
        for _ in range(WRITES):
            file.write(PAGE)
            file.flush()
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            took_s.append(time.perf_counter() - started)
    ordered = sorted(took_s)
    return Section(
        "The disk",
        [
            Figure("fdatasync of an appended page, median", 1e3 * statistics.median(ordered), "ms"),
            Figure("its 99th percentile", 1e3 * ordered[int(0.99 * WRITES)], "ms"),
        ],
    )
