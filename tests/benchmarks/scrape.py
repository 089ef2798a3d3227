"""What a scrape of many cohorts costs, against prometheus_client alone with as many series."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import generate_latest
from simulation import Stream, simulate

from benchmarks.figures import Asked, Figure, Section, compared
from benchmarks.running import BEGIN_S
from benchmarks.timing import ROUNDS, turns
from detectors.alignment import ErrorCounts
from service.api.translate import Translator
from service.api.wire import ReferenceIn
from service.config import Config
from service.pipeline import Pipeline
from service.records import Record
from service.store.reader import Reader
from service.telemetry.metrics import Metrics

COHORTS = 200
REFERENCES = 20_000


def run() -> Section:
    """Scrape both in turn."""
    with tempfile.TemporaryDirectory() as folder:
        config = Config.model_validate({"data_dir": folder, "cohorts": {"max": COHORTS}})
        pipeline = Pipeline(config)
        pipeline.start()
        reader = Reader(Path(folder))
        try:
            asyncio.run(pipeline.accept(_references(pipeline)))
            while pipeline.watch.go_on(1.0):
                pass
            ours = Metrics(pipeline, reader).registry
            plain = _as_gauges(ours)
            pairs = turns(lambda: generate_latest(ours), lambda: generate_latest(plain))
            samples = sum(len(family.samples) for family in ours.collect())
        finally:
            reader.close()
            pipeline.close()
    figure = compared(
        f"scrape {COHORTS} cohorts / prometheus_client with as many series",
        "ms",
        [1e3 * own for own, _ in pairs],
        [1e3 * other for _, other in pairs],
        Asked(2.0, "less"),
    )
    return Section(
        "A scrape", [figure, Figure("series", samples, "")], [f"Medians of {ROUNDS} scrapes in turn."]
    )


def _references(pipeline: Pipeline) -> list[Record]:
    translator = Translator(pipeline.config, pipeline.hasher, pipeline.counts)
    cohorts = tuple((f"c{number:03}", 0.1, 1.0) for number in range(COHORTS))
    stream = simulate(Stream(REFERENCES, 1, cohorts=cohorts, references_per_day=20_000))
    return [
        translator.reference(
            ReferenceIn(
                utterance_id=f"u{number}",
                hypothesis=_hypothesis(scored.counts),
                reference=" ".join(["right"] * scored.counts.reference_words),
                selection="random",
                probability=1.0,
                speaker_id=scored.speaker,
                attributes={"accent": scored.cohort},
            ),
            BEGIN_S + number,
        )
        for number, scored in enumerate(stream)
    ]


def _hypothesis(counts: ErrorCounts) -> str:
    right, wrong = counts.hits, counts.substitutions + counts.insertions
    return " ".join(["right"] * right + ["wrong"] * wrong)


def _as_gauges(registry: CollectorRegistry) -> CollectorRegistry:
    plain = CollectorRegistry()
    made: dict[str, Gauge] = {}
    for family in registry.collect():
        for sample in family.samples:
            if sample.name not in made:
                made[sample.name] = Gauge(
                    sample.name, family.documentation, list(sample.labels), registry=plain
                )
            series = made[sample.name]
            (series.labels(**sample.labels) if sample.labels else series).set(sample.value)
    return plain
