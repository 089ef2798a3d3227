"""Claims on recorded engines: about speakers drawn by lot, of whom nothing is true, and about each cohort.

What is true of a slice is the difference of its shifts' mean error rate and everybody else's over the whole
replay. Of a third of the speakers, drawn by lot, it is chance alone, but not 0: they are few.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from benchmarks.detection.claims import ALPHA, CLAIMED
from benchmarks.detection.figures import Share, cell
from benchmarks.detection.recordings import replay
from benchmarks.detection.runs import spread
from benchmarks.timing import table
from detectors.claims.claim import Claim, ClaimTest, Verdict
from detectors.unit import ScoredUtterance, UnitTracker

SCENARIOS = ("afri-null", "edacc-null", "eka-null-mild")
ORDERS = ("concurrent", "shuffled")
BY_LOT = "a third of the speakers, by lot"
SLICE = (("site", "ward-7"),)


@dataclass(frozen=True)
class RealRun:
    """A claim of 8 points on one replay; rates in points."""

    slice_name: str
    truth: float
    speakers: int
    shifts: int
    is_shown: bool
    verdict: Verdict
    covers: bool
    width: float


@dataclass(frozen=True)
class RealClaims:
    """All runs of a scenario in an order."""

    name: str
    runs: Sequence[RealRun]

    def row(self) -> list[str]:
        """Cells for a table."""
        runs = self.runs
        wrong = [
            (run.is_shown and run.truth <= 0.0)
            or (run.verdict is Verdict.REFUTED and run.truth >= 100 * CLAIMED)
            for run in runs
        ]
        return [
            self.name,
            cell(statistics.median(run.speakers for run in runs)),
            cell(statistics.median(run.shifts for run in runs)),
            f"{min(run.truth for run in runs):+.1f} to {max(run.truth for run in runs):+.1f}",
            *(
                str(Share(sum(run.verdict is verdict for run in runs), len(runs)))
                for verdict in (Verdict.CONFIRMED, Verdict.REFUTED, Verdict.OPEN)
            ),
            str(Share(sum(wrong), len(runs))),
            str(Share(sum(run.covers for run in runs), len(runs))),
            cell(statistics.median(run.width for run in runs), 1),
        ]


def judge(scenario: str, order: str, seed: int) -> list[RealRun]:
    """Claims about a third of the speakers, and about each cohort."""
    utterances = replay(scenario, order, seed).utterances
    speakers = sorted({_who(scored) for scored in utterances})
    # The order of the replay is drawn by the seed too, and must be of another lot.
    chosen = set(random.Random(f"claim {seed}").sample(speakers, len(speakers) // 3))
    slices = {BY_LOT: [_who(scored) in chosen for scored in utterances]}
    for cohort in sorted({scored.cohort for scored in utterances}):
        slices[cohort] = [scored.cohort == cohort for scored in utterances]
    return [_judged(name, utterances, is_slice) for name, is_slice in slices.items()]


def measure(runs: int, workers: int | None = None) -> list[RealClaims]:
    """Every scenario in both orders, speakers by lot and cohorts apart."""
    found = []
    for scenario in SCENARIOS:
        for order in ORDERS:
            judged = spread(partial(judge, scenario, order), range(runs), workers)
            every = [run for runs_ in judged for run in runs_]
            for what, is_lot in (("by lot", True), ("cohorts", False)):
                chosen = [run for run in every if (run.slice_name == BY_LOT) is is_lot]
                found.append(RealClaims(f"{scenario}, {order}, {what}", chosen))
    return found


def show(found: Sequence[RealClaims]) -> None:
    """Print a table."""
    heading = ["recorded engine, order, slices", "speakers", "shifts", "true excess", "confirmed", "refuted"]
    heading += ["open", "wrong", "interval holds", "width"]
    title = f"Claims of +{100 * CLAIMED:.0f} points on recorded engines, alpha {100 * ALPHA:g} %"
    table(title, [heading, *(each.row() for each in found)])


def _judged(name: str, utterances: Sequence[ScoredUtterance], is_slice: Sequence[bool]) -> RealRun:
    claim = Claim(dict(SLICE), CLAIMED, ALPHA, 0.0)
    test = ClaimTest.start(claim)
    for scored, is_of_it in zip(utterances, is_slice, strict=True):
        test.update(claim, replace(scored, attributes=SLICE if is_of_it else ()), scored.at_s)
    truth, bets = _truth(utterances, is_slice), test.bets
    return RealRun(
        name,
        100 * truth,
        test.own.heard,
        test.own.compared.units,
        bets.above.highest >= bets.threshold and not test.speakers_missing,
        test.verdict,
        bets.lower <= truth <= bets.upper,
        100 * (bets.upper - bets.lower),
    )


def _truth(utterances: Sequence[ScoredUtterance], is_slice: Sequence[bool]) -> float:
    tracker = UnitTracker()
    units = [
        unit
        for scored, is_of_it in zip(utterances, is_slice, strict=True)
        for unit in tracker.add(replace(scored, cohort=str(is_of_it), attributes=()))
    ]
    rates: dict[str, list[float]] = {"True": [], "False": []}
    for unit in (*units, *tracker.open.values()):
        if unit.tally.reference_words:
            rates[unit.cohort].append(unit.error_rate)
    return statistics.fmean(rates["True"]) - statistics.fmean(rates["False"])


def _who(scored: ScoredUtterance) -> str:
    return scored.speaker or scored.unit_key
