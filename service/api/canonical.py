"""What is kept of an utterance besides its words, in one form: recognises a submission that comes again.

It is what ``json.dumps`` with sorted keys writes, the same however an absent field was spelt. It stays so,
because the digests of a store are made of it. Each function makes one field's part of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

import msgspec

_quoted = json.encoder.encode_basestring_ascii
_encode = msgspec.json.Encoder().encode


def canonical(*parts: str) -> bytes:
    """The whole of its parts, which stand in the order of the fields' names.

    Examples
    --------
    >>> canonical(attributes_part({"site": "a"}), value_part("confidence", 1.0))
    b'{"attributes": {"site": "a"}, "confidence": 1.0}'
    """
    return f"{{{''.join(parts)}}}".encode()


def attributes_part(attributes: Mapping[str, str]) -> str:
    """The first part."""
    return f'"attributes": {json.dumps(attributes, sort_keys=True)}'


def audio_part(audio: Mapping[str, float]) -> str:
    """Numbers by name."""
    named = [f"{_quoted(name)}: {value!r}" for name, value in sorted(audio.items())]
    return f', "audio": {{{", ".join(named)}}}'


def value_part(field: str, value: float | list[float]) -> str:
    """A number, or some."""
    return f', "{field}": {value!r}'


def named_part(field: str, value: str) -> str:
    """A name."""
    return f', "{field}": {_quoted(value)}'


def moment_part(field: str, value: datetime) -> str:
    """A time, as `datetime.isoformat` writes it but with Z for UTC."""
    return f', "{field}": {_encode(value).decode()}'
