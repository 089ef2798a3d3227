"""What is kept of an utterance besides its words, in one form: recognises a submission that comes again.

It is what ``json.dumps`` with sorted keys writes, the same however an absent field was spelt. It stays so,
because the digests of a store are made of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

import msgspec

_quoted = json.encoder.encode_basestring_ascii
_encode = msgspec.json.Encoder().encode


def canonical(
    attributes: str,
    audio: str,
    recording: str,
    session: str,
    speaker: str,
    confidence: float | None = None,
    duration_s: float | None = None,
    spoken_at: datetime | None = None,
    word_confidences: list[float] | None = None,
) -> bytes:
    """The whole: of parts that were made before, and of values; in the order of the fields' names.

    Examples
    --------
    >>> canonical(attributes_part({"site": "a"}), "", "", named_part("session_id", "s"), "", confidence=1.0)
    b'{"attributes": {"site": "a"}, "confidence": 1.0, "session_id": "s"}'
    """
    shares = "" if confidence is None else f', "confidence": {confidence!r}'
    lasts = "" if duration_s is None else f', "duration_s": {duration_s!r}'
    # As `datetime.isoformat` writes it, but with Z for UTC.
    at = "" if spoken_at is None else f', "spoken_at": {_encode(spoken_at).decode()}'
    words = "" if word_confidences is None else f', "word_confidences": {word_confidences!r}'
    return f"{{{attributes}{audio}{shares}{lasts}{recording}{session}{speaker}{at}{words}}}".encode()


def attributes_part(attributes: Mapping[str, str]) -> str:
    """The first part."""
    return f'"attributes": {json.dumps(attributes, sort_keys=True)}'


def audio_part(audio: Mapping[str, float]) -> str:
    """Numbers by name."""
    named = [f"{_quoted(name)}: {value!r}" for name, value in sorted(audio.items())]
    return f', "audio": {{{", ".join(named)}}}'


def named_part(field: str, value: str) -> str:
    """A name."""
    return f', "{field}": {_quoted(value)}'
