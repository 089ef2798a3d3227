"""What an app may say of an utterance or a reference, and how it goes on its way as a line of JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from numbers import Real
from typing import Any, Literal, NamedTuple, TypedDict

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


class Said(NamedTuple):
    """An object as JSON on one line, and how many of its values had to be left out."""

    line: bytes
    left_out: int


class Unsendable(Exception):
    """No JSON can be made of a field; the message names it and the kind of its value, and never the value."""


def said(fields: Mapping[str, Any]) -> Said:
    """The object as it is sent, without what is None.

    A number that is not finite is left out; among others in a list, with the whole list. A transcript, with
    or without its reference, is spoken now if it does not say when: once on its way it may wait, and sent
    again it must be the same.

    Raises
    ------
    Unsendable
        If JSON has nothing for a value.

    Examples
    --------
    >>> said({"reference": "no fever", "duration_s": float("nan"), "verdict": None})
    Said(line=b'{"reference":"no fever"}', left_out=1)
    """
    given = {name: value for name, value in fields.items() if value is not None}
    left_out = 0
    try:
        kept = {name: _plain(value) for name, value in given.items()}
        if "hypothesis" in kept:
            kept.setdefault("spoken_at", datetime.now(UTC))
        line = _encode(kept)
        if b"null" in line:
            # What stands for NaN and infinities, unless somebody said so.
            left_out = sum(_clear(kept, name) for name in tuple(kept))
            line = _encode(kept)
    except Exception:  # noqa: BLE001 -- the app may hand over anything
        odd = {name: type(value).__name__ for name, value in given.items() if _fails(value)}
        raise Unsendable(", ".join(f"{name} ({kind})" for name, kind in odd.items())) from None
    return Said(line, left_out)


def _clear(kept: dict[str, Any], name: str) -> int:
    """Take what is no number out of a field; return whether it was there."""
    value = kept[name]
    if isinstance(value, Mapping):
        kept[name] = {key: each for key, each in value.items() if _encode(each) != _NULL}
        return sum(each is not None for each in value.values()) - len(kept[name])
    is_none = _encode(value) == _NULL if not isinstance(value, list | tuple) else _NULL in map(_encode, value)
    if is_none:
        del kept[name]
    return is_none


def _fails(value: Any) -> bool:
    try:
        _encode(_plain(value))
    except Exception:  # noqa: BLE001 -- as above
        return True
    return False


def _plain(value: Any) -> Any:
    """A field as the encoder may have it, which would take bytes, and write them as base64."""
    if isinstance(value, bytes | bytearray | memoryview):
        raise TypeError("expected text")
    is_naive = isinstance(value, datetime) and value.tzinfo is None
    return value.astimezone() if is_naive else value


def _number(value: Any) -> float:
    """What a number of another library, such as one of NumPy's, is in JSON."""
    if isinstance(value, Real):
        return float(value)
    raise NotImplementedError


_NULL = b"null"
_encode = msgspec.json.Encoder(enc_hook=_number).encode
