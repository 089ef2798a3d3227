"""How long a start takes with a million scored rows, with and without a saved state of the monitor."""

from __future__ import annotations

import re
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from conftest import CLIENT, RunningService

from benchmarks.figures import Asked, Figure, Section
from benchmarks.running import SERVER, pinned
from benchmarks.seeded import say_seen, seeded, store_of

ROWS = 1_000_000
UNSAVED = 30_000
"""Rows of the 30 s between two saved states, at a thousand references a second."""
RUNS = 5
MOST_S = 600.0


def run() -> Section:
    """Start with an empty and with a full folder in turn, then after kills."""
    empty_s, full_s, killed = [], [], []
    with tempfile.TemporaryDirectory() as folder, seeded(Path(folder), ROWS, ROWS) as service:
        for _ in range(RUNS):
            with tempfile.TemporaryDirectory() as other:
                empty_s.append(_started(RunningService(Path(other)))[0])
            _change(service, lambda db: say_seen(db, ROWS))
            full_s.append(_started(service)[0])
            _change(service, lambda db: say_seen(db, ROWS - UNSAVED))
            killed.append(_started(service))
        _change(service, lambda db: db.execute("DELETE FROM snapshot"))
        unsaved = _started(service)
    added = statistics.median(full - empty for full, empty in zip(full_s, empty_s, strict=True))
    return Section(
        f"Start with {ROWS:,} scored rows",
        [
            Figure("ready, empty folder", statistics.median(empty_s), "s"),
            Figure("ready, with a saved state", statistics.median(full_s), "s"),
            Figure("the difference", added, "s", asked=Asked(1.5, "less", "value")),
            Figure(
                f"ready, {UNSAVED:,} rows after the last saved state",
                statistics.median(ready for ready, _ in killed),
                "s",
            ),
            Figure("the monitor has caught up", statistics.median(whole for _, whole in killed), "s"),
            Figure("ready, without any saved state", unsaved[0], "s"),
            Figure("the monitor has read all rows again", unsaved[1], "s"),
        ],
        [
            f"Medians of {RUNS} starts, the last two of one.",
            "Until /readyz answers 200, then until no row waits for the monitor.",
        ],
    )


def _change(service: RunningService, change: Callable[[sqlite3.Connection], object]) -> None:
    with closing(sqlite3.connect(store_of(service), isolation_level=None)) as db:
        change(db)


def _started(service: RunningService) -> tuple[float, float]:
    """Seconds until it was ready, and until its monitor had caught up; it is killed then."""
    started = time.monotonic()
    with pinned(SERVER):
        service.start()
    while CLIENT.get(f"{service.metrics}/readyz").status_code != 200:
        time.sleep(0.01)
    ready_s = time.monotonic() - started
    while _rows_behind(service) and time.monotonic() - started < MOST_S:
        time.sleep(0.1)
    caught_up_s = time.monotonic() - started
    service.kill()
    return ready_s, caught_up_s


def _rows_behind(service: RunningService) -> float:
    found = re.search(r"^werwatch_monitor_rows_behind (\S+)", service.scrape(), re.MULTILINE)
    assert found is not None
    return float(found[1])
