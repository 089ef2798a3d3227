"""``python -m benchmarks.detection``: the whole table of what detection promises."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.detection import (
    budget,
    claims,
    compare,
    cost,
    coverage,
    late,
    matching,
    power,
    real,
    real_claims,
    report,
    specificity,
)
from benchmarks.detection.effort import FULL, SHORT, Effort

Section = Callable[[Effort, argparse.Namespace], Any]


def main() -> None:
    arguments = _arguments()
    if arguments.recalibrate:
        matching.show(matching.calibrate_peers(workers=arguments.workers))
        return
    effort = SHORT if arguments.short else FULL
    found = {}
    for name, section in SECTIONS.items():
        if arguments.only and name not in arguments.only:
            continue
        started = time.perf_counter()
        found[name] = section(effort, arguments)
        print(f"  ({name}: {time.perf_counter() - started:.0f} s)", flush=True)
    if arguments.json:
        report.write_json(found, arguments.json)
    if arguments.png:
        report.write_png(found, arguments.png)


def _budget(effort: Effort, arguments: argparse.Namespace) -> Any:
    found = budget.measure(effort.budget_utterances, workers=arguments.workers)
    budget.show(found)
    return found


def _power(effort: Effort, arguments: argparse.Namespace) -> Any:
    found = power.measure(effort.power_runs, workers=arguments.workers, only=effort.changes)
    power.show(found)
    return found


def _specificity(effort: Effort, arguments: argparse.Namespace) -> Any:
    runs, workers, has_monthly = effort.specificity_runs, arguments.workers, effort.has_all
    common = specificity.measure_common(runs, workers=workers, has_monthly=has_monthly)
    rightly = specificity.measure_rightly(runs, workers=workers, has_monthly=has_monthly)
    specificity.show(common, rightly)
    return {"common": common, "rightly": rightly}


def _coverage(effort: Effort, arguments: argparse.Namespace) -> Any:
    estimates, ends = coverage.measure(effort.coverage_runs, workers=arguments.workers)
    coverage.show(estimates, ends)
    return {"estimates": estimates, "ends": ends}


def _late(effort: Effort, arguments: argparse.Namespace) -> Any:
    found = late.measure(effort.late_runs, workers=arguments.workers)
    late.show(found)
    return found


def _claims(effort: Effort, arguments: argparse.Namespace) -> Any:
    found = claims.measure(effort.claims_runs, workers=arguments.workers)
    claims.show(found)
    on_recordings = real_claims.measure(effort.claims_runs // 10 or 1, workers=arguments.workers)
    real_claims.show(on_recordings)
    return {"simulated": found, "recorded": on_recordings}


def _compare(effort: Effort, arguments: argparse.Namespace) -> Any:
    seeds = matching.NULL_SEEDS[: effort.match_seeds]
    ours = matching.match_ours(steps=effort.match_steps, seeds=seeds, workers=arguments.workers)
    peers = matching.kept_peers(has_slow=effort.has_slow)
    if effort.match_steps:
        peers = matching.measure_fresh(peers, arguments.workers)
    matching.show([*ours, *peers])
    found = compare.measure(
        peers,
        ours,
        runs=effort.compare_runs,
        common_runs=effort.compare_common_runs,
        workers=arguments.workers,
        only=effort.changes,
    )
    compare.show(found)
    return found


def _real(effort: Effort, arguments: argparse.Namespace) -> Any:
    found = real.measure(
        effort.real_runs,
        repeat=arguments.repeat,
        workers=arguments.workers,
        only=arguments.scenario,
        orders=effort.orders,
    )
    real.show(found)
    if effort.has_all and arguments.repeat == 1 and not arguments.scenario:
        longer = real.measure_lengthened(effort.real_runs, workers=arguments.workers)
        real.show(longer)
        found += longer
    return found


def _cost(effort: Effort, arguments: argparse.Namespace) -> Any:
    found = cost.measure(effort.cost_utterances, effort.cost_rounds)
    cost.show(found)
    return found


SECTIONS: dict[str, Section] = {
    "budget": _budget,
    "power": _power,
    "specificity": _specificity,
    "coverage": _coverage,
    "late": _late,
    "claims": _claims,
    "compare": _compare,
    "real": _real,
    "cost": _cost,
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a minute's worth of it")
    parser.add_argument("--only", type=_names, default=[], help=f"sections: {','.join(SECTIONS)}")
    parser.add_argument("--json", type=Path, help="write everything here")
    parser.add_argument("--png", type=Path, help="draw it here")
    parser.add_argument("--workers", type=int, help="processes; by default one per core")
    parser.add_argument("--repeat", type=int, default=1, help="lengthen the recordings so many times")
    parser.add_argument(
        "--scenario", type=lambda text: text.split(","), default=[], help="recordings, by name"
    )
    parser.add_argument("--recalibrate", action="store_true", help="match the peers anew (some 15 minutes)")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in SECTIONS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(SECTIONS)}")
    return names


if __name__ == "__main__":
    main()
