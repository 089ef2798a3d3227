"""Runs werwatch on a bad day, which a file of JSON describes while it runs.

``clock_s`` are seconds by which the clock is off, ``file_bytes`` is how long a file may become: for what is
longer the disk is full, ``clock_believed_after_s`` (read at the start) is how long a clock that was set far
ahead is doubted.

usage: python bad_day.py FILE serve --config CONFIG
"""

import json
import resource
import sys
import threading
import time
from pathlib import Path

from service.cli import main
from service.upkeep import age_clock

LOOK_EVERY_S = 0.02

if __name__ == "__main__":
    real_time = time.time
    day = Path(sys.argv.pop(1))

    def described() -> dict[str, float]:
        known: dict[str, float] = json.loads(day.read_text())
        return known

    def limit() -> None:
        while True:
            most = int(described().get("file_bytes", resource.RLIM_INFINITY))
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
            time.sleep(LOOK_EVERY_S)

    # Where a test lets a year pass at once, it has passed.
    age_clock.BELIEVED_AFTER_S = described().get("clock_believed_after_s", 0.0)
    time.time = lambda: real_time() + described().get("clock_s", 0.0)
    threading.Thread(target=limit, daemon=True).start()
    main()
