"""Other draws of the demo's references: what the alert says when it fires, and an hour before repair."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from benchmarks.attribution.judging import Question
from detectors.alignment import align
from detectors.attribution import Attribution
from detectors.event import Change, Signal
from detectors.monitor import Monitor, MonitorSettings
from detectors.text import Normaliser
from detectors.unit import ScoredUtterance
from service.demo.recording import REFERENCE_EVERY, read_lines, read_truth


def measure(draws: int) -> list[list[str]]:
    """Cells for a table."""
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
