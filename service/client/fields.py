"""What an app may say of an utterance or a reference, and how it goes on its way as a line of JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TypedDict

import msgspec


class About(TypedDict, total=False):
    """What can be said of an utterance besides its text; None says nothing."""

    recording_id: str | None
    session_id: str | None
    speaker_id: str | None
    attributes: Mapping[str, str]
    confidence: float | None
    word_confidences: Sequence[float] | None
    duration_s: float | None
    audio: Mapping[str, float] | None
    spoken_at: datetime | str | None


class Corrected(About, total=False):
    """What can be said of a reference; what is about the utterance only together with ``hypothesis``.

    Without an utterance's id, ``recording_id`` is what it is of.
    """

    hypothesis: str | None
    verdict: Literal["correct"] | None
    corrected_at: datetime | str | None
    reference_kind: Literal["verbatim", "edited", "read_script"]
    selection: Literal["random", "requested", "volunteered"]
    probability: float | None
    passage: bool
    utterances: int | None


def line_of(fields: Mapping[str, Any]) -> bytes:
    """The object as JSON on one line, without what is None.

    A transcript, with or without its reference, is spoken now if it does not say when: once on its way it may
    wait, and sent again it must be the same.

    Raises
    ------
    TypeError, ValueError, OverflowError, RecursionError
        If JSON has nothing for a value.
    """
    said = {name: _aware(value) for name, value in fields.items() if value is not None}
    if "hypothesis" in said:
        said.setdefault("spoken_at", datetime.now(UTC))
    return _encode(said)


def _aware(value: Any) -> Any:
    is_naive = isinstance(value, datetime) and value.tzinfo is None
    return value.astimezone() if is_naive else value


_encode = msgspec.json.Encoder().encode
