"""What scoring and watching cost, against jiwer and against river's ADWIN."""

from __future__ import annotations

import jiwer
from river.drift import ADWIN
from simulation import Stream, simulate

from benchmarks.timing import paired, table
from detectors.alignment import align
from detectors.monitor import Monitor, MonitorSettings
from detectors.text import Normaliser
from service.demo.recording import read_lines
from service.privacy import Hasher

PAIRS = 1_000
STREAM = 8_000


def run() -> None:
    """Print the table."""
    normaliser, hasher = Normaliser("en"), Hasher(bytes(32))
    lines = [line for _, line in zip(range(PAIRS), read_lines("hospital"), strict=False)]
    texts = [line["reference"] for line in lines]
    tokens = [(normaliser.tokens(line["reference"]), normaliser.tokens(line["hypothesis"])) for line in lines]
    joined = [(" ".join(reference), " ".join(hypothesis)) for reference, hypothesis in tokens]
    hashed = [(hasher.tokens(reference), hasher.tokens(hypothesis)) for reference, hypothesis in tokens]
    cohorts = tuple((f"c{n:02}", 0.08 + 0.005 * n, 1.0) for n in range(30))
    stream = list(simulate(Stream(STREAM, 1, cohorts=cohorts, references_per_day=2_000)))

    def score() -> None:
        for reference, hypothesis in hashed:
            align(reference, hypothesis)

    def score_with_jiwer() -> None:
        for reference, hypothesis in joined:
            jiwer.process_words(reference, hypothesis)

    def normalise() -> None:
        for text in texts:
            normaliser.tokens(text)

    def watch() -> None:
        monitor = Monitor(MonitorSettings())
        for scored in stream:
            monitor.update(scored)

    def watch_with_adwin() -> None:
        detectors = {name: ADWIN() for name, _, _ in cohorts}  # type: ignore[no-untyped-call]
        for scored in stream:
            detectors[scored.cohort].update(scored.counts.wer or 0.0)  # type: ignore[no-untyped-call]

    rows = [["what", "ours", "baseline", "ratio"]]
    ours, baseline = paired(score, score_with_jiwer)
    rows.append(_row("score a pair of hashed token lists / jiwer.process_words", ours, baseline, PAIRS))
    ours, baseline = paired(normalise, score_with_jiwer)
    rows.append(_row("normalise a reference / jiwer.process_words", ours, baseline, PAIRS))
    ours, baseline = paired(watch, watch_with_adwin, rounds=3)
    rows.append(_row("watch a scored utterance, 30 cohorts / river ADWIN", ours, baseline, STREAM))
    table("cost of one utterance", rows)


def _row(name: str, ours_s: float, baseline_s: float, count: int) -> list[str]:
    us = 1e6 / count
    return [name, f"{ours_s * us:.1f} us", f"{baseline_s * us:.1f} us", f"{ours_s / baseline_s:.2f}"]
