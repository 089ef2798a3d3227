"""Ours against every peer at the same measured rate of false alarms: delays, and who is named for nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.detection.feeds import FEEDS, Row, rows
from benchmarks.detection.figures import Rate, cell
from benchmarks.detection.matching import OURS, Matched
from benchmarks.detection.peers import PEERS, Peer
from benchmarks.detection.power import Cell, Power, cells, power_of
from benchmarks.detection.power import measure as measure_ours
from benchmarks.detection.runs import jobs, spread, watch
from benchmarks.detection.specificity import COMMON
from benchmarks.detection.streams import Scenario, simulate
from benchmarks.timing import table

FIRST_SEED = 200_000
DIFFERENTIAL_FEEDS = ("WER less the rest", "blocks")
"""Feeds that do not name a cohort for what hits everybody; the others do so nearly every time."""
SLOW_EVERY = 3
"""Slow peers get every third seed."""


@dataclass(frozen=True)
class Compared:
    """A method over all changes, and its false differential alarms per 100,000 where all are hit alike."""

    name: str
    false_alarms: Rate
    powers: Mapping[str, Power]
    under: Mapping[str, Rate]

    def delays(self, names: Sequence[str]) -> list[str]:
        """Cells for a table: median / p90 (missed)."""
        return [self.name, *(_cell(self.powers[name]) for name in names)]

    def alarms(self) -> list[str]:
        """Cells for a table: false alarms with nothing changed, then with everybody hit."""
        under = [f"{self.under[name].value:.1f}" if self.under[name].exposure else "-" for name in COMMON]
        return [self.name, str(self.false_alarms), *under]


@dataclass(frozen=True)
class _Found:
    """One method on one stream: the delay of the alarm for the change, or that one came before it."""

    name: str
    delay: int | None
    is_early: bool


def _cell(power: Power) -> str:
    missed = f" ({100 * power.missed.value:.0f} %)" if power.missed.count else ""
    return f"{cell(power.median)}/{cell(power.p90)}{missed}"


def _peer(name: str) -> Peer:
    return next(peer for peer in PEERS if peer.name == name)


def _runs_on(peer: Peer, seed: int) -> bool:
    return not peer.is_slow or seed % SLOW_EVERY == 0


def _find(parameters: Mapping[str, float], task: tuple[Cell, int]) -> list[_Found]:
    cell_, seed = task
    stream = simulate(cell_.scenario, seed)
    start = stream.start or 0
    own_before = sum(scored.cohort == cell_.cohort for scored in stream.utterances[:start])
    fed = {name: rows(make(), stream.utterances).get(cell_.cohort, []) for name, make in FEEDS.items()}
    found = []
    for name, parameter in parameters.items():
        peer = _peer(name)
        if _runs_on(peer, seed):
            first = _first(peer, parameter, fed[peer.feed_name])
            is_early = first is not None and first.place < start
            delay = first.own - own_before if first is not None else None
            is_for_it = delay is not None and not is_early and delay <= cell_.within
            found.append(_Found(name, delay if is_for_it else None, is_early))
    return found


def _first(peer: Peer, parameter: float, fed: Sequence[Row]) -> Row | None:
    decider = peer.decider(parameter)
    return next((row for row in fed if decider.update(row.value, row.weight)), None)


def _alarms(parameters: Mapping[str, float], task: tuple[Scenario, int]) -> dict[str, int]:
    scenario, seed = task
    utterances = simulate(scenario, seed).utterances
    fed = {name: rows(make(), utterances) for name, make in FEEDS.items()}
    return {
        name: len(_peer(name).alarms(parameter, fed[_peer(name).feed_name]))
        for name, parameter in parameters.items()
        if _runs_on(_peer(name), seed)
    }


def _powers(
    matched: Sequence[Matched], chosen: Sequence[Cell], runs: int, workers: int | None
) -> dict[str, dict[str, Power]]:
    parameters = {each.name: each.parameter for each in matched}
    seeds = range(FIRST_SEED, FIRST_SEED + runs)
    tasks = [(each, seed) for each in chosen for seed in seeds]
    answers = iter(spread(partial(_find, parameters), tasks, workers))
    powers: dict[str, dict[str, Power]] = {name: {} for name in parameters}
    for each in chosen:
        found = [one for _ in seeds for one in next(answers)]
        for name in parameters:
            own = [one for one in found if one.name == name and not one.is_early]
            delays = [one.delay for one in own if one.delay is not None]
            early = sum(one.name == name and one.is_early for one in found)
            powers[name][each.name] = power_of(each, len(own), delays, early)
    return powers


def _under(matched: Sequence[Matched], runs: int, workers: int | None) -> dict[str, dict[str, Rate]]:
    parameters = {each.name: each.parameter for each in matched}
    seeds = range(FIRST_SEED, FIRST_SEED + runs)
    tasks = [(scenario, seed) for scenario in COMMON.values() for seed in seeds]
    answers = iter(spread(partial(_alarms, parameters), tasks, workers))
    under: dict[str, dict[str, Rate]] = {name: {} for name in parameters}
    for common, scenario in COMMON.items():
        counts = [next(answers) for _ in seeds]
        for name in parameters:
            own = [count[name] for count in counts if name in count]
            under[name][common] = Rate(sum(own), len(own) * scenario.utterances / 100_000.0)
    return under


def _ours(
    matched: Matched, chosen: Sequence[Cell], runs: int, common_runs: int, workers: int | None
) -> Compared:
    names = [each.name for each in chosen]
    powers = measure_ours(runs, per_100k=matched.parameter, workers=workers, only=names)
    seeds = range(FIRST_SEED, FIRST_SEED + common_runs)
    tasks = [job for scenario in COMMON.values() for job in jobs(scenario, seeds, matched.parameter)]
    watched = iter(spread(watch, tasks, workers))
    under = {}
    for name, scenario in COMMON.items():
        alarms = sum(len(next(watched).differentials) for _ in seeds)
        under[name] = Rate(alarms, common_runs * scenario.utterances / 100_000.0)
    return Compared(matched.name, matched.achieved, {power.name: power for power in powers}, under)


def measure(
    peers: Sequence[Matched],
    ours: Sequence[Matched],
    *,
    runs: int = 40,
    common_runs: int = 20,
    workers: int | None = None,
    only: Sequence[str] = (),
) -> list[Compared]:
    """Everything at the settings given, ours first; ``only`` picks changes by name."""
    chosen = [each for each in cells() if not only or each.name in only]
    powers = _powers(peers, chosen, runs, workers)
    under = _under(peers, common_runs, workers)
    theirs = [Compared(each.name, each.achieved, powers[each.name], under[each.name]) for each in peers]
    return [*(_ours(each, chosen, runs, common_runs, workers) for each in ours), *theirs]


def best_peer(compared: Sequence[Compared], name: str, feeds: Sequence[str] = tuple(FEEDS)) -> Compared:
    """The peer on one of these feeds with the smallest median, then p90, for a change."""
    allowed = {peer.name for peer in PEERS if peer.feed_name in feeds}
    peers = [each for each in compared if each.name in allowed]
    endless = float("inf")

    def rank(each: Compared) -> tuple[float, float]:
        power = each.powers[name]
        return (
            power.median if power.median is not None else endless,
            power.p90 if power.p90 is not None else endless,
        )

    return min(peers, key=rank)


def show(compared: Sequence[Compared]) -> None:
    """Print the tables."""
    names = list(compared[0].powers)
    for part in (names[:6], names[6:]):
        if part:
            rows_ = [["method", *part], *(each.delays(part) for each in compared)]
            table("at equal false alarms: median/p90 delay in the cohort's utterances (missed)", rows_)
    table(
        "the same settings: false differential alarms per 100,000",
        [["method", "nothing changes", *COMMON], *(each.alarms() for each in compared)],
    )
    own = [each for each in compared if each.name.startswith(OURS)]
    rows_ = [["change", *(each.name for each in own), "best peer", "", "best peer on a differential", ""]]
    for name in names:
        cells_ = [_cell(each.powers[name]) for each in own]
        for best in (best_peer(compared, name), best_peer(compared, name, DIFFERENTIAL_FEEDS)):
            cells_ += [best.name, _cell(best.powers[name])]
        rows_.append([name, *cells_])
    table("against the best peer of each change: median/p90 (missed)", rows_)
