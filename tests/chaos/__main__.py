"""``make chaos``: kill a service over and over and print what it went through."""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

from chaos.run import survive


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, required=True)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="werwatch-chaos-") as folder:
        print(survive(Path(folder), given.kills, given.seed, _say))


def _say(progress: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{progress}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
