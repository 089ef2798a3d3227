"""How long the start takes and what the idle process holds, against importing the libraries alone."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.figures import Asked, Section, compared
from benchmarks.running import SERVER, pinned, service_in

LIBRARIES = (
    "import river.drift, river.stats, fastapi, numpy, time; print('ready', flush=True); time.sleep(60)"
)
RUNS = 5
IDLE_S = 2.0


def run() -> Section:
    """Start both in turn."""
    ours, baseline = [], []
    for _ in range(RUNS):
        baseline.append(_libraries())
        with tempfile.TemporaryDirectory() as folder:
            ours.append(_service(Path(folder)))
    start_s, memory_mb = zip(*ours, strict=True)
    library_s, library_mb = zip(*baseline, strict=True)
    return Section(
        "Start and idle memory",
        [
            compared("start / importing fastapi, river and numpy", "s", start_s, library_s),
            compared("idle resident memory / the same", "MB", memory_mb, library_mb, Asked(1.25, "less")),
        ],
        [f"Medians of {RUNS} starts."],
    )


def _libraries() -> tuple[float, float]:
    started = time.perf_counter()
    with pinned(SERVER):
        process = subprocess.Popen([sys.executable, "-c", LIBRARIES], stdout=subprocess.PIPE)
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        took = time.perf_counter() - started
        memory = psutil.Process(process.pid).memory_info().rss / 1e6
        process.kill()
    return took, memory


def _service(folder: Path) -> tuple[float, float]:
    started = time.perf_counter()
    with service_in(folder) as service:
        took = time.perf_counter() - started
        time.sleep(IDLE_S)
        assert service.process is not None
        return took, psutil.Process(service.process.pid).memory_info().rss / 1e6
