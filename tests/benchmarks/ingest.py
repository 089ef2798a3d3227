"""Durable ingest over HTTP, against a route that only validates the same body."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures import Asked, Figure, Section, compared
from benchmarks.load import Traffic
from benchmarks.running import load, running, service_in

CONNECTIONS = 32
BULK = 1_000
ROUNDS = 5
SECONDS = 4.0


@dataclass
class _Runs:
    """Figures of the same thing, in the order of the rounds."""

    per_s: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)


def run() -> Section:
    """Let both take turns."""
    bare, single, bulk, written, references = _Runs(), _Runs(), _Runs(), _Runs(), _Runs()
    with running("nothing") as url:
        [ceiling] = load(url, SECONDS, Traffic("/v1/utterances", 0, CONNECTIONS))
    with (
        running("bare") as bare_url,
        tempfile.TemporaryDirectory() as folder,
        service_in(Path(folder)) as service,
    ):
        begin = 0
        for _ in range(ROUNDS):
            _add(bare, bare_url, Traffic("/v1/utterances", 0, CONNECTIONS))
            end = _add(single, service.api, Traffic("/v1/utterances", begin, CONNECTIONS))
            known = Traffic("/v1/references", begin, CONNECTIONS, most=end - begin)
            _add(references, service.api, known)
            begin = _add(bulk, service.api, Traffic("/v1/utterances", end, 1, BULK))
            as_engines = Traffic("/v1/utterances", begin, 1, BULK, is_written=True)
            begin = _add(written, service.api, as_engines)
    return Section(
        f"Ingest over HTTP, {CONNECTIONS} connections",
        [
            Figure("the load generator against a server that only answers", ceiling.per_s, "requests/s"),
            compared(
                "one utterance, durable / a FastAPI route that only validates it",
                "requests/s",
                single.per_s,
                bare.per_s,
                Asked(1.0, "more"),
            ),
            compared("its 99th percentile", "ms", single.p99_ms, bare.p99_ms, Asked(3.0, "less")),
            compared(
                f"NDJSON of {BULK}, durable, one connection / the same route",
                "utterances/s",
                [BULK * each for each in bulk.per_s],
                bare.per_s,
                Asked(10.0, "more"),
            ),
            compared(
                "the same with capitals, signs and numbers, as engines write",
                "utterances/s",
                [BULK * each for each in written.per_s],
                bare.per_s,
            ),
            compared(
                "one reference: join, alignment, score, monitor, commit / one utterance",
                "requests/s",
                references.per_s,
                single.per_s,
                Asked(0.5, "more"),
            ),
        ],
        [f"Medians of {ROUNDS} runs of {SECONDS:g} s each, in turn; server and load on a processor each."],
    )


def _add(runs: _Runs, url: str, traffic: Traffic) -> int:
    [answers] = load(url, SECONDS, traffic)
    runs.per_s.append(answers.per_s)
    runs.p99_ms.append(1e3 * answers.p99_s)
    return answers.next
