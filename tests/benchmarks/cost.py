"""What scoring and watching cost, against jiwer and against river's ADWIN."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import jiwer
from river.drift import ADWIN
from simulation import Stream, simulate

from benchmarks.figures import Asked, Figure, Section, compared
from benchmarks.timing import ROUNDS, turns
from detectors.alignment import align
from detectors.claims.claim import Claim, ClaimTest
from detectors.monitor import Monitor, MonitorSettings
from detectors.normalisation.critical_terms import Lexicon
from detectors.text import Normaliser
from detectors.unit import ScoredUtterance
from service.demo.recording import read_lines
from service.privacy import Hasher

PAIRS = 1_000
CRITICAL_TIMES = 8
"""Words that are heard no more often are the critical ones."""
CLAIMS = 10
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
    whole = list(simulate(Stream(2 * STREAM, 1, cohorts=cohorts, references_per_day=2_000)))
    stream, later = whole[:STREAM], whole[STREAM:]

    def score() -> None:
        for reference, hypothesis in hashed:
            align(reference, hypothesis)

    known = Counter(token for reference, _ in hashed for token in reference)
    rare = [token for token, times in known.items() if times <= CRITICAL_TIMES]
    lexicon = Lexicon([token] for token in rare)
    share = sum(bool(lexicon.occurrences(reference)) for reference, _ in hashed) / len(hashed)

    def score_with_critical_terms() -> None:
        for reference, hypothesis in hashed:
            align(reference, hypothesis)
            lexicon.count(reference, hypothesis)

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
        _watch(Monitor(MonitorSettings()), stream)

    def watch_with_adwin() -> None:
        _watch_with_adwin({name: _adwin() for name, _, _ in cohorts}, stream)

    def judge_claims() -> None:
        claims = [Claim({"cohort": name}, 0.08, 0.025, 0.0) for name, _, _ in cohorts[:CLAIMS]]
        tests = [ClaimTest.start(claim) for claim in claims]
        for scored in stream:
            for claim, test in zip(claims, tests, strict=True):
                test.update(claim, scored, scored.at_s)

    monitor, adwins = Monitor(MonitorSettings()), {name: _adwin() for name, _, _ in cohorts}
    _watch(monitor, stream)
    _watch_with_adwin(adwins, stream)
    state = monitor.to_state()
    learned = iter([Monitor.from_state(state, MonitorSettings()) for _ in range(ROUNDS + 1)])

    def watch_on() -> None:
        _watch(next(learned), later)

    def watch_on_with_adwin() -> None:
        _watch_with_adwin(adwins, later)

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
            _figure(
                f"score it and count {len(rare)} critical terms, in {share:.0%} of references / score it",
                PAIRS,
                score_with_critical_terms,
                score,
            ),
            _figure("normalise a reference / jiwer.process_words", PAIRS, normalise, score_with_jiwer),
            _figure(
                "watch a scored utterance, 30 cohorts / river ADWIN",
                STREAM,
                watch,
                watch_with_adwin,
                Asked(30.0, "less"),
            ),
            _figure("the same, once all 30 are learned", STREAM, watch_on, watch_on_with_adwin),
            _figure(f"judge {CLAIMS} claims by it / watch it", STREAM, judge_claims, watch),
        ],
        [f"Medians of {ROUNDS} runs in turn, over the same normalised strings; jiwer splits them itself."],
    )


def _adwin() -> ADWIN:
    return ADWIN()  # type: ignore[no-untyped-call]


def _watch(monitor: Monitor, stream: list[ScoredUtterance]) -> None:
    for scored in stream:
        monitor.update(scored)


def _watch_with_adwin(detectors: dict[str, ADWIN], stream: list[ScoredUtterance]) -> None:
    for scored in stream:
        detectors[scored.cohort].update(scored.counts.wer or 0.0)  # type: ignore[no-untyped-call]


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
