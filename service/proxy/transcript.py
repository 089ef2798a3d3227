"""Finding the final transcript in what an engine answered."""

from __future__ import annotations

import json
import zlib
from typing import Any

import msgspec

_DONE = "done"


class NoTranscript(Exception):
    """An answer in which no transcript can be looked for."""


def transcript(body: bytes, content_type: str, encoding: str, most_bytes: int) -> bytes:
    r"""The JSON of the final transcript: the whole answer, or of a stream of events the one that ends it.

    Parameters
    ----------
    content_type, encoding
        The answer's headers; of encodings, gzip and deflate can be undone.
    most_bytes
        How long it may become when it is unpacked.

    Raises
    ------
    NoTranscript
        If it is of another type or encoding, too long, no whole JSON (an answer that was broken off), or a
        stream without such an event.

    Examples
    --------
    >>> transcript(b'{"text": "no fever"}', "application/json; charset=utf-8", "", 100)
    b'{"text": "no fever"}'
    >>> events = b'data: {"type": "x.delta"}\n\ndata: {"type": "x.done", "text": "no"}\n\n'
    >>> transcript(events + b"data: [DONE]\n\n", "text/event-stream", "", 100)
    b'{"type": "x.done", "text": "no"}'
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "text/event-stream":
        return _last_event(_unpacked(body, encoding, most_bytes))
    if media_type == "application/json" or media_type.endswith("+json"):
        return _whole(_unpacked(body, encoding, most_bytes))
    raise NoTranscript


def _whole(text: bytes) -> bytes:
    """The text, if it is an object or an array in JSON and not a part of one."""
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        raise NoTranscript from None
    if text.lstrip()[:1] not in (b"{", b"["):
        raise NoTranscript
    return text


def _unpacked(body: bytes, encoding: str, most_bytes: int) -> bytes:
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body
    if name not in ("gzip", "deflate"):
        raise NoTranscript
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        plain = unpacking.decompress(body, most_bytes)
    except zlib.error:
        raise NoTranscript from None
    if not unpacking.eof:
        raise NoTranscript
    return plain


def _last_event(stream: bytes) -> bytes:
    for event in reversed(stream.replace(b"\r\n", b"\n").split(b"\n\n")):
        lines = [line.removeprefix(b"data:").strip() for line in event.split(b"\n") if line[:5] == b"data:"]
        data = b"\n".join(lines)
        if str(_field(data, "type")).rpartition(".")[2] == _DONE:
            return data
    raise NoTranscript


def _field(data: bytes, name: str) -> Any:
    try:
        return json.loads(data)[name]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
