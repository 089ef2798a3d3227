"""Ingest while everything else happens too: bulk, references, scrapes of metrics, saved states."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from benchmarks.figures import Asked, Figure, Section
from benchmarks.load import Traffic
from benchmarks.running import load, service_in

ROUNDS = 5
SECONDS = 12.0
"""Five of them hold two saved states of the monitor, which come every 30 s."""
SINGLES, BULKS, REFERENCES = 16, 1, 8
BULK = 1_000
KNOWN = 40_000
"""Utterances a round whose references can come."""


def run() -> Section:
    """Send all of it at once."""
    singles, bulks, references = [], [], []
    with tempfile.TemporaryDirectory() as folder, service_in(Path(folder)) as service:
        begin = 0
        for _ in range(ROUNDS):
            load(service.api, 600.0, Traffic("/v1/utterances", begin, 1, BULK, most=KNOWN // BULK))
            single, bulk, reference = load(
                service.api,
                SECONDS,
                Traffic("/v1/utterances", begin + KNOWN, SINGLES),
                # Far enough away that the singles do not meet them.
                Traffic("/v1/utterances", begin + 5 * KNOWN, BULKS, BULK),
                Traffic("/v1/references", begin, REFERENCES, most=KNOWN),
            )
            begin = bulk.next
            singles.append(single)
            bulks.append(bulk)
            references.append(reference)
    p99_ms = [1e3 * each.p99_s for each in singles]
    return Section(
        f"Full mixed load: {SINGLES} connections with one utterance each, {BULKS} with NDJSON of {BULK}, "
        f"{REFERENCES} with references",
        [
            Figure(
                "one utterance, 99th percentile",
                statistics.median(p99_ms),
                "ms",
                asked=Asked(100.0, "less", "value"),
            ),
            Figure("the worst round's", max(p99_ms), "ms"),
            Figure("one utterance, median", 1e3 * statistics.median(each.median_s for each in singles), "ms"),
            Figure("one utterance", statistics.median(each.per_s for each in singles), "requests/s"),
            Figure("in bulk", BULK * statistics.median(each.per_s for each in bulks), "utterances/s"),
            Figure("references", statistics.median(each.per_s for each in references), "requests/s"),
            Figure(
                "a reference, 99th percentile", 1e3 * statistics.median(r.p99_s for r in references), "ms"
            ),
        ],
        [f"Medians of {ROUNDS} runs of {SECONDS:g} s; the monitor's state is saved every 30 s meanwhile."],
    )
