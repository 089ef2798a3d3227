"""An utterance as a row of the store."""

from __future__ import annotations

import json
from array import array
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from msgspec.structs import astuple

from detectors.unit import Attributes
from service.records import Utterance

COLUMNS = 16
UTTERANCE_COLUMNS = (
    "utterance_id, content, cohort, attributes, speaker, session, recording, spoken_at, received_at, "
    "duration_s, confidence, word_confidences, audio, normaliser, hypothesis_words, hypothesis"
)
"""Named and ordered as the first fields of an `Utterance`."""
PLACES = f"({', '.join('?' * (COLUMNS + 1))})"
"""Of the row's number, then of `UTTERANCE_COLUMNS`."""
UNSCORED_COLUMNS = (
    "utterance_id, cohort, attributes, speaker, session, spoken_at, confidence, normaliser, hypothesis"
)


@dataclass(frozen=True, slots=True)
class Unscored:
    """What is needed of an utterance to score it; the tokens are None where it was erased."""

    utterance_id: str
    cohort: str
    attributes: str
    speaker: str | None
    session: str | None
    spoken_at: float
    confidence: float | None
    normaliser: str
    tokens: array[int] | None


def utterance_values(utterance: Utterance) -> tuple[Any, ...]:
    """What `UTTERANCE_COLUMNS` hold of an utterance."""
    return astuple(utterance)[:COLUMNS]


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
