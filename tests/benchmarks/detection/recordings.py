"""The recorded outputs of real engines as streams with a known truth.

The recordings and ``make_replay.py``, which orders them, are not part of the project: they are read from the
folder that the environment variable RECORDED_ENGINES names, by default ``../shared/data`` beside the
repository.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from detectors.alignment import ErrorCounts, align
from detectors.text import Normaliser
from detectors.unit import ScoredUtterance

ORDERS = ("concurrent", "blocks", "shuffled")
AT_ONCE = 8
"""Recordings that go on at the same time in the concurrent order."""
CHANGE_AT = 0.5
FIRST_S = 1_700_006_400.0
GAP_S = 60.0
_REPOSITORY = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Replay:
    """One replay: ``start`` is the index of the change, None where nothing changes.

    ``before`` and ``after`` hold the counts that each utterance has under the engine before and after the
    change, whichever was played.
    """

    scenario: str
    order: str
    seed: int
    repeat: int
    utterances: list[ScoredUtterance]
    before: list[ErrorCounts]
    after: list[ErrorCounts]
    start: int | None
    targets: tuple[str, ...]

    @property
    def middle(self) -> int:
        """Index of the change, or of where it would be."""
        return self.start if self.start is not None else int(len(self.utterances) * CHANGE_AT)


def folder() -> Path:
    """Where the recordings are."""
    default = _REPOSITORY.parent / "shared" / "data"
    return Path(os.environ.get("RECORDED_ENGINES") or default)


def are_there() -> bool:
    """Whether the recordings can be read."""
    return (folder() / "make_replay.py").exists()


@lru_cache(maxsize=1)
def replayer() -> Any:
    """The module ``make_replay``.

    Raises
    ------
    FileNotFoundError
        If the folder is not there.
    """
    path = folder() / "make_replay.py"
    if not path.exists():
        raise FileNotFoundError(f"{path.name}: not in {folder()}; set RECORDED_ENGINES")
    spec = importlib.util.spec_from_file_location("make_replay", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    dont_write, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = dont_write
    return module


def scenarios() -> dict[str, dict[str, Any]]:
    """All scenarios by name."""
    found: dict[str, dict[str, Any]] = replayer().SC
    return found


@lru_cache(maxsize=2)
def recordings(dataset: str) -> dict[str, dict[str, dict[str, Any]]]:
    """Every utterance of a dataset: engine to row."""
    found: dict[str, dict[str, dict[str, Any]]] = replayer().load(dataset, "dev")
    return found


@lru_cache(maxsize=1)
def _normaliser() -> Normaliser:
    return Normaliser("en")


@lru_cache(maxsize=64)
def scores(dataset: str, engine: str) -> dict[str, ErrorCounts]:
    """The counts of every utterance that the engine transcribed, by utterance."""
    tokens = _normaliser().tokens
    return {
        utterance: align(tokens(row["reference"]), tokens(row["hypothesis"]))
        for utterance, engines in recordings(dataset).items()
        if (row := engines.get(engine)) is not None
    }


def replay(name: str, order: str, seed: int, repeat: int = 1) -> Replay:
    """The scenario in an order; one utterance a minute.

    The speaker's key is the data's. Where the data has no speakers every utterance is a unit of its own.
    """
    make, scenario = replayer(), scenarios()[name]
    dataset = scenario["dataset"]
    utterances = recordings(dataset)
    ids = make.stream(utterances, scenario, seed, order, AT_ONCE, repeat)
    changes = bool(scenario["changes"])
    start = int(len(ids) * CHANGE_AT) if changes else None
    scored, before, after = [], [], []
    for index, utterance in enumerate(ids):
        row = next(iter(utterances[utterance].values()))
        cohort = make.cohort(scenario, row)
        before.append(scores(dataset, make.engine(scenario, cohort, False))[utterance])
        after.append(scores(dataset, make.engine(scenario, cohort, changes))[utterance])
        is_after = start is not None and index >= start
        scored.append(
            ScoredUtterance(
                cohort,
                FIRST_S + GAP_S * index,
                after[-1] if is_after else before[-1],
                row["speaker"],
                "" if row["speaker"] else f"{utterance}#{index}",
                row["recording"],
            )
        )
    targets = tuple(scenario["target"] or ()) if changes else ()
    return Replay(name, order, seed, repeat, scored, before, after, start, targets)


def true_effect(name: str) -> tuple[float, float]:
    """Rise of the targets and of the rest in WER points, errors capped, as ``make_replay`` counts them."""
    scenario = scenarios()[name]
    found = replayer().effects(scenario, recordings(scenario["dataset"]))
    target, rest = found.get("target"), found.get("rest")
    return (
        target[3] - target[2] if target else float("nan"),
        rest[3] - rest[2] if rest else float("nan"),
    )
