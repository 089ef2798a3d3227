"""Simulated causes: at 30 sessions in the slice since the onset, and at the alarm itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.attribution.judging import NAIVE, Question, Score, books_of, ours
from benchmarks.attribution.streams import Cause, Simulated, World, simulate
from benchmarks.detection.runs import spread
from detectors.event import Change, Event
from detectors.monitor import Monitor, MonitorSettings

SESSIONS = 30
QUIET_DAYS = 8.0
"""How long after the onset it is asked where there is no slice that could have had so many."""
STORY = {Cause.ONE: "interaction", Cause.EXPOSURE: "exposure", Cause.MIX: "mix", Cause.COHORT: "interaction"}
POINTS_OF_ALARMS = 25.0
FIRST_SEED = 1_000


@dataclass(frozen=True)
class Asked:
    """One stream, asked at 30 sessions: verdicts by way of naming, the story, and whether two were found."""

    cause: Cause
    verdicts: dict[str, str]
    likely: str
    story: str
    has_both: bool


def ask(task: tuple[Cause, int]) -> Asked:
    """Run one stream until there are 30 sessions."""
    cause, seed = task
    stream = simulate(World(cause), seed)
    question = Question(stream.world.cohort, stream.onset_s, stream.world.truths)
    books, now_s = books_of(stream.utterances[: _enough(stream)])
    attribution = ours(books, question, now_s)
    assert attribution is not None
    named = [change.where for change in attribution.named]
    verdicts = {"ours": question.verdict(named[0] if named else None)}
    for name, naive in NAIVE.items():
        verdicts[name] = question.verdict(naive(books, question, now_s))
    likely = attribution.likely
    return Asked(
        cause,
        verdicts,
        "" if likely is None else question.verdict(likely.where),
        "" if attribution.stories is None else attribution.stories.main,
        set(question.truths) <= set(named),
    )


def _enough(stream: Simulated) -> int:
    """Index of the utterance at which it is asked: two sessions later, so that those before are over."""
    if stream.world.truths:
        return next(
            (index for index, count in enumerate(stream.hit_sessions) if count >= SESSIONS + 2),
            len(stream.utterances),
        )
    until_s = stream.onset_s + QUIET_DAYS * 86_400.0
    return sum(scored.at_s < until_s for scored in stream.utterances)


def measure(runs: int, workers: int | None = None) -> list[Asked]:
    """Every cause over so many seeds."""
    tasks = [(cause, FIRST_SEED + seed) for cause in Cause for seed in range(runs)]
    return spread(ask, tasks, workers)


HEADING = ["cause", "way", "right", "wrong", "none", "likely, then right / wrong", "story", "both named"]


def rows(found: Sequence[Asked]) -> list[list[str]]:
    """Cells for a table."""
    lines = [HEADING]
    for cause in Cause:
        own = [each for each in found if each.cause is cause]
        for way in ("ours", *NAIVE):
            score = Score(Counter(each.verdicts[way] for each in own))
            shares = [str(score.share(verdict)) for verdict in ("right", "wrong", "none")]
            if not World(cause).truths:
                shares[2] = "-"
            more = ["", "", ""]
            if way == "ours":
                likely = Counter(each.likely for each in own)
                told = sum(each.story == STORY.get(cause.kind) for each in own)
                more = [
                    f"{likely['right']} / {likely['wrong']}",
                    f"{STORY[cause.kind]} {told}/{len(own)}" if cause.kind in STORY else "",
                    f"{sum(each.has_both for each in own)}/{len(own)}" if cause.kind is Cause.TWO else "",
                ]
            lines.append([cause.value if way == "ours" else "", way, *shares, *more])
    return lines


@dataclass(frozen=True)
class Alarmed:
    """What the first alarm after the onset says."""

    cause: Cause
    said: str


def watch(task: tuple[Cause, int]) -> Alarmed:
    """Run a monitor over one stream."""
    cause, seed = task
    stream = simulate(World(cause, points=POINTS_OF_ALARMS, after=2_500), seed)
    monitor = Monitor(MonitorSettings())
    for scored in stream.utterances:
        for event in monitor.update(scored):
            if event.change is Change.DEGRADED and event.detected_s > stream.onset_s:
                return Alarmed(cause, _said(stream, event))
    return Alarmed(cause, "no alarm")


def _said(stream: Simulated, event: Event) -> str:
    question = Question(event.cohort, event.onset_s, stream.world.truths)
    attribution = event.attribution
    # What hits the cohort's own slice may be everybody's alarm first.
    if event.cohort not in (stream.world.cohort, None) or attribution is None:
        return "another alarm"
    if attribution.named:
        return question.verdict(attribution.named[0].where)
    if attribution.likely is not None:
        return f"likely {question.verdict(attribution.likely.where)}"
    return "none"


SAID = ("right", "likely right", "none", "likely wrong", "wrong", "another alarm", "no alarm")


def measure_alarms(runs: int, workers: int | None = None) -> list[Alarmed]:
    """Every cause over so many seeds; the mix shift must raise nothing."""
    tasks = [(cause, FIRST_SEED + seed) for cause in Cause for seed in range(runs)]
    return spread(watch, tasks, workers)


def alarm_rows(found: Sequence[Alarmed]) -> list[list[str]]:
    """Cells for a table."""
    lines = [["cause", *SAID]]
    for cause in Cause:
        said = Counter(each.said for each in found if each.cause is cause)
        if not World(cause).truths:
            # Nothing to name: none is what is right.
            said["right"], said["none"] = said["right"] + said["none"], 0
        lines.append([cause.value, *(str(said[each]) for each in SAID)])
    return lines
