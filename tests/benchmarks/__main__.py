"""``make bench``: every benchmark but the soak, one after the other; ``--only`` chooses some."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    accuracy,
    cost,
    disk,
    history,
    ingest,
    mixed,
    notices,
    proxied,
    recordings,
    redraws,
    restart,
    scrape,
    soak,
    startup,
    volume,
)
from benchmarks.figures import Section, markdown, note

SECTIONS: dict[str, Callable[[], Section]] = {
    "disk": disk.run,
    "cost": cost.run,
    "ingest": ingest.run,
    "mixed": mixed.run,
    "recordings": recordings.run,
    "scrape": scrape.run,
    "notices": notices.run,
    "proxied": proxied.run,
    "startup": startup.run,
    "restart": restart.run,
    "volume": volume.run,
    "history": history.run,
}
DETECTION: dict[str, Callable[[], None]] = {"accuracy": accuracy.run, "redraws": redraws.run}


def main() -> None:
    """Run what is chosen; print Markdown, write JSON."""
    names = [*SECTIONS, *DETECTION, "soak"]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=names, default=names[:-1])
    parser.add_argument("--utterances", type=int, default=10_000_000, help="how many a soak sends")
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"))
    arguments = parser.parse_args()
    for name in arguments.only:
        started = time.monotonic()
        if name in DETECTION:
            DETECTION[name]()
        else:
            section = soak.run(arguments.utterances) if name == "soak" else SECTIONS[name]()
            print(f"\n{markdown(section)}")
            note(arguments.json, name, section)
        print(f"({name}: {time.monotonic() - started:.0f} s)", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
