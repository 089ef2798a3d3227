"""Recorded outputs of real engines; without them tests skip, and fail where CI is set."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.detection import recordings
from conftest import missing

DATASETS = ("afrispeech", "earnings21", "edacc", "eka-noise", "primock57", "svarah")


def need_recordings() -> None:
    """Let a test go on only with the recordings."""
    if not recordings.are_there():
        missing("the folder of recorded engines", "name it in RECORDED_ENGINES")


def recorded_file(dataset: str) -> Path:
    """Where its rows are."""
    need_recordings()
    return recordings.folder() / f"{dataset}.dev.ndjson.gz"


def recorded(dataset: str) -> Iterator[dict[str, Any]]:
    """Its rows: one for each utterance and engine."""
    with gzip.open(recorded_file(dataset), "rt") as lines:
        for line in lines:
            yield json.loads(line)
