"""Runs werwatch under a clock that a file moves: the seconds in it are added at every look.

usage: python clocked.py FILE serve --config CONFIG
"""

import sys
import time
from pathlib import Path

from service.cli import main

if __name__ == "__main__":
    real_time = time.time
    moved_by = Path(sys.argv.pop(1))
    time.time = lambda: real_time() + float(moved_by.read_text())
    main()
