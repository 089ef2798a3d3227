"""Every method at the same measured rate of false alarms.

The null is the stream of section 8 with nothing happening, the same seeds for all; a method's parameter is
bisected until its differential alarms in 100,000 scored utterances, any cohort, are the target. The peers'
parameters do not depend on the detectors under test and take minutes to find, so they are kept in
``calibrated.json`` beside this file with what they achieved; ``--recalibrate`` makes it again, and every run
measures the rate once more on other seeds. Ours is matched in every run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from benchmarks.detection.feeds import FEEDS, Row, rows
from benchmarks.detection.figures import Rate
from benchmarks.detection.peers import PEERS, Peer
from benchmarks.detection.runs import BUDGET_PER_100K, jobs, spread, watch
from benchmarks.detection.streams import Scenario, generate
from benchmarks.timing import table

NULL = Scenario(utterances=14_000)
NULL_SEEDS = range(400_000, 400_040)
FRESH_SEEDS = range(410_000, 410_020)
SLOW_PART = 4
"""A slow peer gets a quarter of the streams."""
STEPS = 10
KEPT_IN = Path(__file__).with_name("calibrated.json")
OURS = "werwatch"
THEOREM = "werwatch, theorem setting"


@dataclass(frozen=True)
class Matched:
    """A method's setting and the false differential alarms that it makes, per 100,000 utterances.

    ``achieved`` is on the seeds of the calibration and ``fresh`` on others; ``is_reached`` says whether the
    target is within the parameter's range.
    """

    name: str
    parameter: float
    achieved: Rate
    is_reached: bool
    fresh: Rate | None = None

    def row(self) -> list[str]:
        """Cells for a table."""
        reached = "" if self.is_reached else "target out of reach"
        return [self.name, f"{self.parameter:.4g}", str(self.achieved), str(self.fresh or "-"), reached]


HEADING = ["method", "parameter", "false alarms / 100k", "on other seeds", ""]


def bisect(rate: Callable[[float], Rate], target: float, steps: int = STEPS) -> tuple[float, Rate, bool]:
    """The sensitivity from 0 to 1 whose rate is nearest to the target; whether 1 would exceed it."""
    low, high = 0.0, 1.0
    best, achieved = 1.0, rate(1.0)
    if achieved.value < target:
        return best, achieved, False
    for _ in range(steps):
        middle = (low + high) / 2.0
        found = rate(middle)
        if abs(found.value - target) <= abs(achieved.value - target):
            best, achieved = middle, found
        if found.value == target:
            break
        low, high = (middle, high) if found.value < target else (low, middle)
    return best, achieved, True


@lru_cache(maxsize=2)
def null_rows(feed_name: str, first: int, count: int) -> tuple[Mapping[str, list[Row]], ...]:
    """What a feed makes of the null streams."""
    return tuple(rows(FEEDS[feed_name](), generate(NULL, seed)) for seed in range(first, first + count))


def rate_of(peer: Peer, parameter: float, seeds: range) -> Rate:
    """The peer's false alarms over the null streams of these seeds."""
    count = max(1, len(seeds) // SLOW_PART) if peer.is_slow else len(seeds)
    streams = null_rows(peer.feed_name, seeds.start, count)
    alarms = sum(len(peer.alarms(parameter, fed)) for fed in streams)
    return Rate(alarms, count * NULL.utterances / 100_000.0)


@dataclass(frozen=True)
class _Ask:
    peer: int
    target: float


def _calibrate(ask: _Ask) -> Matched:
    peer = PEERS[ask.peer]
    best, achieved, is_reached = bisect(
        lambda sensitivity: rate_of(peer, peer.parameter(sensitivity), NULL_SEEDS), ask.target
    )
    return Matched(peer.name, peer.parameter(best), achieved, is_reached)


def calibrate_peers(target: float = BUDGET_PER_100K, workers: int | None = None) -> list[Matched]:
    """Find every peer's parameter and keep them; takes some ten minutes."""
    # The slow ones first, so that no process is left alone with one at the end.
    order = sorted(range(len(PEERS)), key=lambda number: (not PEERS[number].is_slow, PEERS[number].feed_name))
    found = spread(_calibrate, [_Ask(number, target) for number in order], workers, chunk=1)
    kept = {
        each.name: {
            "parameter": each.parameter,
            "count": each.achieved.count,
            "exposure": each.achieved.exposure,
            "is_reached": each.is_reached,
        }
        for each in found
    }
    content = {"target": target, "of": fingerprint(), "peers": dict(sorted(kept.items()))}
    KEPT_IN.write_text(json.dumps(content, indent=1) + "\n")
    return found


def kept_peers(*, has_slow: bool = True) -> list[Matched]:
    """The peers' parameters as kept; without the slow ones if so asked.

    Raises
    ------
    RuntimeError
        If there are none, or if they are of other streams, feeds or another river.
    """
    content = json.loads(KEPT_IN.read_text()) if KEPT_IN.exists() else {}
    if content.get("of") != fingerprint():
        raise RuntimeError(f"{KEPT_IN.name} is of other streams or another river: run with --recalibrate")
    return [
        Matched(name, kept["parameter"], Rate(kept["count"], kept["exposure"]), kept["is_reached"])
        for name, kept in content["peers"].items()
        if has_slow or not _peer(name).is_slow
    ]


def fingerprint() -> str:
    """A digest of what the peers are fed with, and river's version."""
    stream = generate(NULL, NULL_SEEDS.start)
    digest = hashlib.sha256()
    for name in FEEDS:
        fed = rows(FEEDS[name](), stream)
        rounded = [(cohort, len(each), [round(row.value, 6) for row in each]) for cohort, each in fed.items()]
        digest.update(repr((name, rounded)).encode())
    return f"{digest.hexdigest()[:16]}, river {version('river')}"


def measure_fresh(matched: Sequence[Matched], workers: int | None = None) -> list[Matched]:
    """The peers' rates on other seeds."""
    return sorted(spread(_fresh, sorted(matched, key=_by_feed), workers), key=lambda each: each.name)


def _by_feed(matched: Matched) -> str:
    return _peer(matched.name).feed_name


def _fresh(matched: Matched) -> Matched:
    fresh = rate_of(_peer(matched.name), matched.parameter, FRESH_SEEDS)
    return Matched(matched.name, matched.parameter, matched.achieved, matched.is_reached, fresh)


def _peer(name: str) -> Peer:
    return next(peer for peer in PEERS if peer.name == name)


def rate_of_ours(per_100k: float, seeds: range, workers: int | None = None) -> Rate:
    """Our false differential alarms over the null streams under a budget."""
    watched = spread(watch, jobs(NULL, seeds, per_100k), workers)
    return Rate(sum(len(run.differentials) for run in watched), len(seeds) * NULL.utterances / 100_000.0)


def match_ours(
    target: float = BUDGET_PER_100K, *, workers: int | None = None, steps: int = 6, seeds: range = NULL_SEEDS
) -> list[Matched]:
    """Ours at its theorem setting, a budget of ``target``, and with the budget that measures ``target``.

    Without steps the theorem setting alone, and on no other seeds.
    """
    theorem = Matched(
        THEOREM,
        target,
        rate_of_ours(target, seeds, workers),
        is_reached=True,
        fresh=rate_of_ours(target, FRESH_SEEDS, workers) if steps else None,
    )
    if not steps:
        return [theorem]

    def budget(sensitivity: float) -> float:
        return float(target * 400.0**sensitivity)

    best, achieved, is_reached = bisect(
        lambda sensitivity: rate_of_ours(budget(sensitivity), seeds, workers), target, steps
    )
    fresh = rate_of_ours(budget(best), FRESH_SEEDS, workers)
    return [theorem, Matched(f"{OURS}, matched", budget(best), achieved, is_reached, fresh)]


def show(matched: Sequence[Matched]) -> None:
    """Print the table."""
    rows_ = [HEADING, *(each.row() for each in matched)]
    table(f"settings matched to {BUDGET_PER_100K:.0f} false differential alarms in 100,000", rows_)
