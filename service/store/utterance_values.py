"""An utterance as a row of the store."""

from __future__ import annotations

import json
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from msgspec.structs import astuple

from detectors.unit import Attributes
from service.records import Utterance

COLUMNS = (
    *("utterance_id", "content", "cohort", "attributes", "speaker", "session", "recording", "spoken_at"),
    *("received_at", "duration_s", "confidence", "word_confidences", "audio", "normaliser"),
    *("hypothesis_words", "hypothesis"),
)
"""Of a row, without its number: the first fields of an `Utterance`."""
USUAL_COLUMNS = tuple(name for name in COLUMNS if name not in {"recording", "word_confidences"})
"""Those without the two that most utterances have nothing for: each costs, though it holds nothing."""
UNSCORED_COLUMNS = (
    "number, utterance_id, cohort, attributes, speaker, session, spoken_at, confidence, normaliser, "
    "hypothesis"
)


@dataclass(frozen=True, slots=True)
class Unscored:
    """What is needed of an utterance to score it; the tokens are None where it was erased."""

    number: int
    utterance_id: str
    cohort: str
    attributes: str
    speaker: str | None
    session: str | None
    spoken_at: float
    confidence: float | None
    normaliser: str
    tokens: array[int] | None


def utterance_values(utterances: Sequence[Utterance]) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """The columns that utterances have something for, and what these hold of each."""
    rare = [each for each in utterances if each.recording is not None or each.word_confidences is not None]
    names, picked = (COLUMNS, _all) if rare else (USUAL_COLUMNS, _usual)
    return names, [picked(astuple(each)) for each in utterances]


_all, _usual = (itemgetter(*map(COLUMNS.index, names)) for names in (COLUMNS, USUAL_COLUMNS))


def unscored_of(row: tuple[Any, ...]) -> Unscored:
    """What `UNSCORED_COLUMNS` hold."""
    return Unscored(*(*row[:-1], tokens_or_none(row[-1])))


@lru_cache(maxsize=1_024)
def attributes_of(text: str) -> Attributes:
    """Attributes as the store holds them, in order of their names.

    Examples
    --------
    >>> attributes_of('{"site": "ward-7", "accent": "en-IN"}')
    (('accent', 'en-IN'), ('site', 'ward-7'))
    """
    return tuple(sorted(json.loads(text).items()))


def tokens_of(blob: bytes) -> array[int]:
    """Token hashes as they were before `array.tobytes`."""
    tokens = array("Q")
    tokens.frombytes(blob)
    return tokens


def tokens_or_none(blob: bytes | None) -> array[int] | None:
    """The same where there may be none."""
    return None if blob is None else tokens_of(blob)
