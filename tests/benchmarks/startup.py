"""How long the start takes and what the idle process holds, against importing the libraries alone."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from conftest import RunningService

from benchmarks.timing import table

LIBRARIES = (
    "import river.drift, river.stats, fastapi, numpy, time; print('ready', flush=True); time.sleep(60)"
)
RUNS = 3


def run() -> None:
    """Print the table."""
    ours, baseline = [], []
    for _ in range(RUNS):
        baseline.append(_libraries())
        with tempfile.TemporaryDirectory() as folder:
            ours.append(_service(Path(folder)))
    rows = [["what", "ours", "libraries alone", "ratio"]]
    for name, index, unit in (("start", 0, "s"), ("idle memory", 1, "MB")):
        mine, theirs = (sorted(each[index] for each in runs)[RUNS // 2] for runs in (ours, baseline))
        rows.append([name, f"{mine:.2f} {unit}", f"{theirs:.2f} {unit}", f"{mine / theirs:.2f}"])
    table("start", rows)


def _libraries() -> tuple[float, float]:
    started = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", LIBRARIES], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        took = time.perf_counter() - started
        memory = psutil.Process(process.pid).memory_info().rss / 1e6
        process.kill()
    return took, memory


def _service(folder: Path) -> tuple[float, float]:
    started = time.perf_counter()
    service = RunningService(folder).start()
    took = time.perf_counter() - started
    assert service.process is not None
    memory = psutil.Process(service.process.pid).memory_info().rss / 1e6
    service.kill()
    return took, memory
