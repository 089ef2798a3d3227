"""Request bodies: read within limits, as one JSON object or as lines."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import Request
from starlette.requests import ClientDisconnect

from service.api.headers import header
from service.config import Limits
from service.errors import Refused

JSON = "application/json"
NDJSON = "application/x-ndjson"


async def read_body(request: Request, limits: Limits) -> tuple[bytes, bool]:
    """The body and whether it holds lines.

    Raises
    ------
    Refused
        415 for another content type or an encoding, 413 for too much, 400 for nothing, 408 for a sender that
        went away or is late.
    """
    media_type = header(request.scope, b"content-type", JSON).partition(";")[0].strip().lower()
    if media_type not in (JSON, NDJSON):
        raise Refused(415, f"expected Content-Type {JSON} for one object or {NDJSON} for many")
    if header(request.scope, b"content-encoding", "identity").lower() != "identity":
        raise Refused(415, "expected a body without Content-Encoding")
    is_lines = media_type == NDJSON
    limit = limits.body_bytes if is_lines else limits.line_bytes
    pieces, size = [], 0
    async for piece in _stream(request, limit):
        size += len(piece)
        if size > limit:
            raise Refused(413, f"the body is larger than {limit} bytes; split it")
        pieces.append(piece)
    body = b"".join(pieces)
    if not body.strip():
        raise Refused(400, "the body is empty")
    return body, is_lines


async def _stream(request: Request, limit: int) -> AsyncIterator[bytes]:
    declared = header(request.scope, b"content-length")
    if declared.isdecimal() and int(declared) > limit:
        raise Refused(413, f"the body is larger than {limit} bytes; split it")
    try:
        async for piece in request.stream():
            yield piece
    except ClientDisconnect:
        # Nobody reads this answer; what was broken off is only counted.
        raise Refused(408, "the body was broken off") from None


def split_lines(body: bytes, limits: Limits) -> list[tuple[int, bytes]]:
    """Numbered lines, from 1, without the blank ones.

    Raises
    ------
    Refused
        413 if there are too many.
    """
    count = body.removesuffix(b"\n").count(b"\n") + 1
    if count > limits.lines:
        raise Refused(413, f"the body has {count} lines, more than {limits.lines}; split it")
    return [(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
