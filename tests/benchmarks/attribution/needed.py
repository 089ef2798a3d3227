"""How many sessions of a slice it takes until it is named, on real engines, beside what an oracle takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.attribution.judging import Question, books_at, ours
from benchmarks.attribution.oracle import Needed, needed
from benchmarks.attribution.switches import SWITCHES, play
from benchmarks.detection import recordings
from benchmarks.detection.runs import spread
from detectors.attribution import Attribution

ASKED = (30, 60, 120, 240)
"""Sessions of the slice since the onset; with little before only the first two."""
SHORT = 1.0
OVER = 2
"""Sessions later it is asked, so that those before are over."""
FIRST_SEED = 400
PAST = "no past left"
"""What was before lies in one bucket with the onset by then."""
SAID = ("right", "likely right", "none", "likely wrong", "wrong", PAST)


@dataclass(frozen=True)
class Answered:
    """What was said of a switch in one order, by sessions asked at; how many slices were looked at there."""

    index: int
    said: dict[int, str]
    tests: int


def answer(task: tuple[int, int]) -> Answered:
    """Play one order of a switch, and ask."""
    index, seed = task
    switch = SWITCHES[index]
    asked = ASKED[:2] if switch.copies < SHORT else ASKED
    played = play(switch, seed, asked[-1] + OVER)
    ends = [
        next((end for end, count in enumerate(played.sessions) if count >= most + OVER), len(played.sessions))
        for most in asked
    ]
    question = Question(switch.cohort, played.onset_s, switch.truths)
    said, tests = {}, 0
    for most, (books, now_s) in zip(asked, books_at(played.utterances, ends), strict=True):
        attribution = ours(books, question, now_s)
        said[most] = PAST if attribution is None else _said(question, attribution)
        if attribution is not None and not tests:
            tests = attribution.looked_at * (1 if switch.is_everybodys else 2)
    return Answered(index, said, tests)


def _said(question: Question, attribution: Attribution) -> str:
    is_right = bool(question.truths)
    if attribution.named:
        return question.verdict(attribution.named[0].where)
    if attribution.likely is not None:
        return "likely right" if is_right and attribution.likely.where in question.truths else "likely wrong"
    return "none"


def measure(runs: int, workers: int | None = None) -> list[list[str]]:
    """The table, with how often what was said; only a heading without the recordings."""
    lines = [
        [
            "recordings, worse engine",
            "what is switched",
            "points",
            "sessions before",
            "oracle",
            "knowing what was usual",
            *(f"at {each}" for each in ASKED),
        ]
    ]
    if not recordings.are_there():
        return lines
    tasks = [(index, FIRST_SEED + seed) for index in range(len(SWITCHES)) for seed in range(runs)]
    found = spread(answer, tasks, workers)
    for index, switch in enumerate(SWITCHES):
        own = [each for each in found if each.index == index]
        tests = round(median(each.tests for each in own))
        least = _cells(needed(switch, tests) if switch.truths else None)
        heading = [f"{switch.corpus.dataset}, {switch.worse}", switch.name]
        lines.append([*heading, *least, *(_counted(own, each) for each in ASKED)])
    return lines


def _cells(least: Needed | None) -> list[str]:
    if least is None:
        return [""] * 4
    enough = "no number" if least.sessions is None else str(least.sessions)
    return [f"+{least.points:.0f}", str(least.before), enough, str(least.if_known)]


def _counted(found: Sequence[Answered], most: int) -> str:
    said = Counter(each.said[most] for each in found if most in each.said)
    return ", ".join(f"{said[each]} {each}" for each in SAID if said[each])
