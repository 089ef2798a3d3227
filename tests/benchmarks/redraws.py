"""The recordings with other draws of the references: what is found, and what is made up."""

from __future__ import annotations

import hashlib
import statistics
from collections.abc import Iterator
from datetime import datetime

from benchmarks.timing import table
from detectors.alignment import align
from detectors.event import Change, Signal
from detectors.monitor import Monitor, MonitorSettings
from detectors.text import Normaliser
from detectors.unit import ScoredUtterance
from service.demo.recording import read_lines, read_truth

DRAWS = 24


def run() -> None:
    """Print the table."""
    rows = [["recording", "references", "found", "median delay", "anything else raised"]]
    for name in ("hospital", "control"):
        scored = list(_scored(name))
        rows += [[name, f"every {every}th", *_judge(name, scored, every)] for every in (8, 4)]
    table(f"the recordings, {DRAWS} draws of references, default settings", rows)


def _scored(name: str) -> Iterator[tuple[str, ScoredUtterance]]:
    normaliser = Normaliser("en")
    for line in read_lines(name):
        counts = align(normaliser.tokens(line["reference"]), normaliser.tokens(line["hypothesis"]))
        at_s = datetime.fromisoformat(line["spoken_at"]).timestamp()
        accent = line["attributes"]["accent"]
        yield line["utterance_id"], ScoredUtterance(accent, at_s, counts, line["speaker_id"])


def _judge(name: str, scored: list[tuple[str, ScoredUtterance]], every: int) -> list[str]:
    truth = read_truth(name)
    onset_s = truth.onset.timestamp() if truth.onset else float("inf")
    delays_h: list[float] = []
    others = 0
    for draw in range(DRAWS):
        monitor = Monitor(MonitorSettings())
        for utterance_id, utterance in scored:
            digest = hashlib.sha256(f"{draw} {utterance_id}".encode()).digest()
            if int.from_bytes(digest[:8], "big") % every:
                continue
            for event in monitor.update(utterance):
                if event.change is not Change.DEGRADED:
                    continue
                is_right = (event.signal, event.cohort) == (Signal.DIFFERENTIAL, truth.accent)
                if is_right and event.detected_s > onset_s:
                    delays_h.append((event.detected_s - onset_s) / 3_600)
                else:
                    others += 1
    median = f"{statistics.median(delays_h):.1f} h" if delays_h else "-"
    return [f"{len(delays_h)} of {DRAWS}", median, str(others)]
