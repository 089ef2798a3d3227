"""``make bench``: every benchmark, one after the other."""

from __future__ import annotations

from benchmarks import accuracy, cost, ingest, redraws, startup


def main() -> None:
    accuracy.run()
    redraws.run()
    cost.run()
    ingest.run()
    startup.run()


if __name__ == "__main__":
    main()
