"""Utterances as clients write them line after line: read with less work than one that may hold anything.

Most lines are plain: no escapes, no control characters, the same few attributes. They are decoded into fields
of which some stay as they came, so that what was made of the same bytes before can be taken again. Whatever
is not plain, or has a fault, is left to `service.api.wire`, which says what is wrong.
"""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from service.api.wire import (
    EARLIEST,
    FUTURE_S,
    Attributes,
    Audio,
    Identifier,
    Moment,
    Probability,
    Seconds,
    Transcript,
    must_begin_within,
)

_NONE = msgspec.Raw(b"null")
_BREAKS = re.compile(rb"\xe2(?:\x80[\xa8-\xae]|\x81[\xa6-\xa9])")
"""Separators of lines and marks of direction, which begin as quotes and dashes do."""
_EARLIEST_S = EARLIEST.timestamp()
_ESCAPE, _DEL, _LATIN, _GENERAL = b"\\\x7f\xc2\xe2"
"""Control characters in names come as escapes, as DEL, or as C2 80 to C2 9F."""
_LONGEST_RAW = 1_024
"""Bytes of what stays as it came: it is remembered, and blanks in it have no bounds but the line's."""


class UsualLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Fields of `UtteranceIn`, but for ``word_confidences``; ``attributes`` and ``audio`` as they came."""

    utterance_id: Identifier
    hypothesis: Transcript
    recording_id: Identifier | None = None
    session_id: Identifier | None = None
    speaker_id: Identifier | None = None
    attributes: msgspec.Raw = msgspec.Raw(b"{}")
    confidence: Probability | None = None
    duration_s: Seconds | None = None
    audio: msgspec.Raw = _NONE
    spoken_at: Moment | None = None


_decode = msgspec.json.Decoder(UsualLine).decode
FAULTS = (msgspec.MsgspecError, ValueError, RecursionError)
_decode_attributes = msgspec.json.Decoder(Attributes).decode
_decode_audio = msgspec.json.Decoder(Audio | None).decode


def usual_line(line: bytes, now: float) -> tuple[UsualLine, float] | None:
    """The fields of a plain line and when it was spoken, now if it does not say; None for any other line."""
    if _ESCAPE in line or _DEL in line or _LATIN in line or (_GENERAL in line and _BREAKS.search(line)):
        return None
    # Of what is named twice the last counts, but a fault in the first is one.
    if line.count(b'"attributes"') > 1 or line.count(b'"audio"') > 1:
        return None
    try:
        found = _decode(line)
    except FAULTS:
        return None
    spoken_at: datetime | None = found.spoken_at
    at_s = now if spoken_at is None else spoken_at.timestamp()
    return (found, at_s) if _EARLIEST_S <= at_s <= now + FUTURE_S else None


def decode_attributes(sent: bytes) -> dict[str, str]:
    """The attributes; one of `FAULTS` is raised where they have one, or are too long to be remembered."""
    _must_be_short(sent)
    return _decode_attributes(sent)


def decode_audio(sent: bytes) -> dict[str, float] | None:
    """The numbers about the sound; one of `FAULTS` is raised as for attributes."""
    _must_be_short(sent)
    found = _decode_audio(sent)
    if found is not None:
        must_begin_within(found)
    return found


def _must_be_short(sent: bytes) -> None:
    if len(sent) > _LONGEST_RAW:
        raise ValueError("too long")
