"""What scoring and watching cost, against jiwer and against river's ADWIN."""

from __future__ import annotations

from collections.abc import Callable

import jiwer
from river.drift import ADWIN
from simulation import Stream, simulate

from benchmarks.figures import Asked, Figure, Section, compared
from benchmarks.timing import ROUNDS, turns
from detectors.alignment import align
from detectors.monitor import Monitor, MonitorSettings
from detectors.text import Normaliser
from service.demo.recording import read_lines
from service.privacy import Hasher

PAIRS = 1_000
STREAM = 8_000


def run() -> Section:
    """Time both in turn."""
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

    def hash_and_score() -> None:
        for reference, hypothesis in joined:
            align(hasher.tokens(reference.split()), hasher.tokens(hypothesis.split()))

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

    return Section(
        "Cost of one utterance",
        [
            _figure(
                "score a pair of normalised tokens / jiwer.process_words",
                PAIRS,
                score,
                score_with_jiwer,
                Asked(0.2, "less"),
            ),
            _figure("hash its tokens and score it / the same", PAIRS, hash_and_score, score_with_jiwer),
            _figure("normalise a reference / jiwer.process_words", PAIRS, normalise, score_with_jiwer),
            _figure(
                "watch a scored utterance, 30 cohorts / river ADWIN",
                STREAM,
                watch,
                watch_with_adwin,
                Asked(30.0, "less"),
            ),
        ],
        [f"Medians of {ROUNDS} runs in turn, over the same normalised strings; jiwer splits them itself."],
    )


def _figure(
    what: str,
    count: int,
    ours: Callable[[], object],
    baseline: Callable[[], object],
    asked: Asked | None = None,
) -> Figure:
    pairs = turns(ours, baseline)
    us = 1e6 / count
    return compared(what, "us", [us * own for own, _ in pairs], [us * other for _, other in pairs], asked)
