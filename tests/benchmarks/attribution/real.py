"""Causes in streams of real engines: other draws of the demo's references, and switches on AfriSpeech.

``make_replay.py`` orders AfriSpeech's 371 speakers, each with one recording. Its cohorts are countries, its
attributes domain, gender and age group, and a site, which is the speaker's and has nothing to do with what he
says. From the middle on, what a cause hits is played from a worse engine, by 13 points on average.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from benchmarks.attribution.judging import NAIVE, Question, Score, books_of, ours
from benchmarks.detection import recordings
from detectors.alignment import align
from detectors.attribution import Attribution
from detectors.event import Change, Signal
from detectors.monitor import Monitor, MonitorSettings
from detectors.slices.marginals import Where
from detectors.text import Normaliser
from detectors.unit import ScoredUtterance
from service.demo.recording import REFERENCE_EVERY, read_lines, read_truth

DATASET, BEFORE, AFTER = "afrispeech", "whisper-large", "aws-transcribe"
COHORT, COHORTS = "NG", ("NG", "KE", "ZA")
SITES, SESSIONS = 4, 30
SITE: Where = (("site", "ward-1"),)
DOMAIN: Where = (("domain", "clinical"),)
Hits = Callable[[str, Mapping[str, str]], bool]


@dataclass(frozen=True)
class Switch:
    """What is played from the worse engine, and what may be named."""

    name: str
    cohort: str | None
    truths: tuple[Where, ...]
    hits: Hits


SWITCHES = (
    Switch(
        "one slice",
        COHORT,
        (SITE,),
        lambda cohort, values: cohort == COHORT and values["site"] == "ward-1",
    ),
    Switch("exposure only", COHORT, (SITE,), lambda _, values: values["site"] == "ward-1"),
    Switch(
        "another slice",
        COHORT,
        (DOMAIN,),
        lambda cohort, values: cohort == COHORT and values["domain"] == "clinical",
    ),
    Switch(
        "a pair",
        COHORT,
        ((*DOMAIN, *SITE),),
        lambda cohort, values: (
            cohort == COHORT and values["site"] == "ward-1" and values["domain"] == "clinical"
        ),
    ),
    Switch("the cohort, everywhere", COHORT, (), lambda cohort, _: cohort == COHORT),
    Switch("everybody, everywhere", None, (), lambda *_: True),
)


def measure(runs: int) -> list[list[str]]:
    """The table of switches; only a heading without the recordings."""
    lines = [["switch", "way", "right", "wrong", "none", "wrong ones"]]
    if not recordings.are_there():
        return lines
    for switch in SWITCHES:
        scores = {way: Score() for way in ("ours", *NAIVE)}
        others: Counter[str] = Counter()
        for seed in range(runs):
            _ask(switch, seed, scores, others)
        for way, score in scores.items():
            shares = [str(score.share(verdict)) for verdict in ("right", "wrong", "none")]
            wrong = [f"{name} {count}" for name, count in others.most_common() if way == "ours"]
            lines.append([switch.name if way == "ours" else "", way, *shares, ", ".join(wrong)])
    return lines


def _ask(switch: Switch, seed: int, scores: Mapping[str, Score], others: Counter[str]) -> None:
    utterances, onset_s = _stream(switch, seed)
    question = Question(switch.cohort, onset_s, switch.truths)
    books, now_s = books_of(utterances)
    attribution = ours(books, question, now_s)
    assert attribution is not None
    first = attribution.named[0].where if attribution.named else None
    scores["ours"].verdicts[question.verdict(first)] += 1
    if first is not None and question.verdict(first) == "wrong":
        others[" ".join(f"{name}={value}" for name, value in first)] += 1
    for name, naive in NAIVE.items():
        scores[name].verdicts[question.verdict(naive(books, question, now_s))] += 1


def _stream(switch: Switch, seed: int) -> tuple[list[ScoredUtterance], float]:
    rows = recordings.recordings(DATASET)
    scenario = {"before": {"*": BEFORE}, "after": {"*": AFTER}}
    ids = recordings.replayer().stream(rows, scenario, seed, "concurrent", recordings.AT_ONCE)
    good, bad = recordings.scores(DATASET, BEFORE), recordings.scores(DATASET, AFTER)
    middle = len(ids) // 2
    made, sessions = [], set[str]()
    for index, utterance in enumerate(ids):
        row = next(iter(rows[utterance].values()))
        cohort = row["country"] if row["country"] in COHORTS else "other"
        values = {
            "age_group": row["age_group"] or "unknown",
            "domain": row["domain"],
            "gender": row["gender"],
            "site": f"ward-{int(hashlib.sha256(row['speaker'].encode()).hexdigest()[:8], 16) % SITES}",
        }
        is_hit = index >= middle and switch.hits(cohort, values)
        made.append(
            ScoredUtterance(
                cohort,
                recordings.FIRST_S + recordings.GAP_S * index,
                (bad if is_hit else good)[utterance],
                row["speaker"],
                session=row["recording"],
                attributes=tuple(sorted(values.items())),
            )
        )
        if is_hit and cohort == COHORT:
            sessions.add(row["recording"])
            if switch.truths and len(sessions) > SESSIONS:
                break
    return made, recordings.FIRST_S + recordings.GAP_S * middle


def demo(draws: int) -> list[list[str]]:
    """Other draws of the demo's references: what the alert says when it fires, and an hour before repair."""
    truth = read_truth("hospital")
    assert truth.onset is not None
    assert truth.repaired is not None
    scored = list(_scored())
    fired: Counter[str] = Counter()
    later: Counter[str] = Counter()
    for draw in range(draws):
        monitor, has_fired, said_later = Monitor(MonitorSettings()), "", ""
        for name, utterance in scored:
            digest = hashlib.sha256(f"{draw} {name}".encode()).digest()
            if int.from_bytes(digest[:8], "big") % REFERENCE_EVERY:
                continue
            if utterance.at_s > truth.repaired.timestamp():
                break
            for event in monitor.update(utterance):
                is_it = (event.signal, event.cohort) == (Signal.DIFFERENTIAL, truth.accent)
                if is_it and event.change is Change.DEGRADED:
                    has_fired = _pointed(event.attribution, truth.site)
        for event in monitor.lasting():
            if event.signal is Signal.DIFFERENTIAL:
                said_later = _pointed(monitor.explained(event).attribution, truth.site)
        fired[has_fired or "no alarm"] += 1
        later[said_later or "no alarm"] += 1
    kinds = ("right", "likely right", "none", "likely wrong", "wrong", "no alarm")
    return [
        ["the demo's recordings", *kinds],
        ["when it fires", *(str(fired[kind]) for kind in kinds)],
        ["as the machine is switched off", *(str(later[kind]) for kind in kinds)],
    ]


def _pointed(attribution: Attribution | None, site: str) -> str:
    assert attribution is not None
    question = Question(None, 0.0, ((("site", site),),))
    if attribution.named:
        return question.verdict(attribution.named[0].where)
    if attribution.likely is not None:
        return f"likely {question.verdict(attribution.likely.where)}"
    return "none"


def _scored() -> Sequence[tuple[str, ScoredUtterance]]:
    normaliser, made = Normaliser("en"), []
    for line in read_lines("hospital"):
        counts = align(normaliser.tokens(line["reference"]), normaliser.tokens(line["hypothesis"]))
        values = line["attributes"]
        scored = ScoredUtterance(
            values["accent"],
            datetime.fromisoformat(line["spoken_at"]).timestamp(),
            counts,
            line["speaker_id"],
            session=line["session_id"],
            attributes=tuple(sorted(values.items())),
        )
        made.append((line["utterance_id"], scored))
    return made
