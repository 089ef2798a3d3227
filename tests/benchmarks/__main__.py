"""``make bench``: every benchmark, one after the other."""

from __future__ import annotations

from benchmarks import accuracy, cost, ingest, startup


def main() -> None:
    accuracy.run()
    cost.run()
    ingest.run()
    startup.run()


if __name__ == "__main__":
    main()
