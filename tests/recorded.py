"""Recorded outputs of real engines, in the folder that RECORDED_ENGINES names; without it tests skip."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmarks.detection import recordings

DATASETS = ("afrispeech", "earnings21", "edacc", "eka-noise", "primock57", "svarah")


def recorded_file(dataset: str) -> Path:
    """Where its rows are."""
    if not recordings.are_there():
        pytest.skip("the recordings of real engines are not here: set RECORDED_ENGINES")
    return recordings.folder() / f"{dataset}.dev.ndjson.gz"


def recorded(dataset: str) -> Iterator[dict[str, Any]]:
    """Its rows: one for each utterance and engine."""
    with gzip.open(recorded_file(dataset), "rt") as lines:
        for line in lines:
            yield json.loads(line)
