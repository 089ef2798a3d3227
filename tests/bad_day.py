"""Runs werwatch on a bad day, which a file of JSON describes while it runs.

``clock_s`` are seconds by which the clock is off, ``file_bytes`` is how long a file may become: for what is
longer the disk is full.

usage: python bad_day.py FILE serve --config CONFIG
"""

import json
import resource
import sys
import threading
import time
from pathlib import Path

from service.cli import main

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

    time.time = lambda: real_time() + described().get("clock_s", 0.0)
    threading.Thread(target=limit, daemon=True).start()
    main()
