"""Request bodies: read within limits, as one JSON object or as lines."""

from __future__ import annotations

from starlette.types import Receive, Scope

from service.api.headers import header
from service.config import Limits
from service.errors import Refused

JSON = "application/json"
NDJSON = "application/x-ndjson"


async def read_body(scope: Scope, receive: Receive, limits: Limits) -> tuple[bytes, bool]:
    """The body and whether it holds lines.

    Raises
    ------
    Refused
        415 for another content type or an encoding, 413 for too much, 400 for nothing, 408 for a sender that
        went away or is late.
    """
    media_type = media_type_of(scope)
    if media_type not in (JSON, NDJSON):
        raise Refused(415, f"expected Content-Type {JSON} for one object or {NDJSON} for many")
    is_lines = media_type == NDJSON
    return await read_bytes(scope, receive, limits.body_bytes if is_lines else limits.line_bytes), is_lines


def media_type_of(scope: Scope) -> str:
    """The media type of a body, JSON where none is named."""
    return header(scope, b"content-type", JSON).partition(";")[0].strip().lower()


async def read_bytes(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The body, which may not be empty.

    Raises
    ------
    Refused
        As `read_body` does, but for the content type.
    """
    if header(scope, b"content-encoding", "identity").lower() != "identity":
        raise Refused(415, "expected a body without Content-Encoding")
    declared = header(scope, b"content-length")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)
    pieces, size, has_more = [], 0, True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            # Nobody reads this answer; what was broken off is only counted.
            raise Refused(408, "the body was broken off")
        piece = message.get("body", b"")
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
        pieces.append(piece)
        has_more = message.get("more_body", False)
    body = b"".join(pieces)
    if not body.strip():
        raise Refused(400, "the body is empty")
    return body


def _too_large(limit: int) -> Refused:
    return Refused(413, f"the body is larger than {limit} bytes; split it")


def split_lines(body: bytes, limits: Limits) -> list[tuple[int, bytes]]:
    """Numbered lines, from 1, without the blank ones.

    Raises
    ------
    Refused
        413 if there are too many.
    """
    lines = body.split(b"\n", limits.lines + 1)
    if not lines[-1]:
        lines.pop()
    if len(lines) > limits.lines:
        count = body.removesuffix(b"\n").count(b"\n") + 1
        raise Refused(413, f"the body has {count} lines, more than {limits.lines}; split it")
    numbered = enumerate(lines, 1)
    return list(numbered) if all(map(bytes.strip, lines)) else [each for each in numbered if each[1].strip()]
