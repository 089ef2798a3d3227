"""Requests of the form in which clients send nearly all of theirs, taken past the parser for all of HTTP.

A post of one object comes in one piece: a plain head with its length, and as many bytes. h11, in pure Python,
takes as long for that and for its answer as all the rest of taking an utterance. What differs in anything is
left to h11, which alone decides what is HTTP.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, RequestResponseCycle

from service.listeners.one_write import OneWrite

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent, ASGISendEvent

Headers = list[tuple[bytes, bytes]]

LONGEST = 65_536
"""Bytes of the longest request that is looked at; a longer one is much more work than its parsing."""
MOST_HEADERS = 64
_HEAD = re.compile(
    rb"POST (/[a-z0-9_/]+) HTTP/1\.1\r\n"
    rb"((?:[A-Za-z0-9-]+:[ ]?[!-~](?:[ -~]*[!-~])?\r\n){1,%d})\r\n" % MOST_HEADERS
)
_LENGTH = re.compile(rb"0|[1-9][0-9]{0,9}")
_LEFT_TO_H11 = frozenset([b"transfer-encoding", b"expect", b"upgrade", b"te", b"trailer"])
_LENGTH_NAME = b"content-length"


def usual_request(data: bytes) -> tuple[bytes, Headers, bytes] | None:
    r"""Path, headers and body of a request that is all of what came; None for any that is not of this form.

    Examples
    --------
    >>> usual_request(b"POST /v1/u HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
    (b'/v1/u', [(b'host', b'a'), (b'content-length', b'2')], b'{}')
    >>> usual_request(b"POST /v1/u HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n{}") is None
    True
    """
    found = _HEAD.match(data) if len(data) <= LONGEST else None
    if found is None:
        return None
    headers: Headers = []
    for line in found[2].split(b"\r\n")[:-1]:
        name, _, value = line.partition(b":")
        headers.append((name.lower(), value.lstrip(b" ")))
    fields = dict(headers)
    length = fields.get(_LENGTH_NAME, b"")
    is_usual = (
        len(fields) == len(headers)
        and b"host" in fields
        and fields.get(b"connection", b"keep-alive").lower() == b"keep-alive"
        and _LEFT_TO_H11.isdisjoint(fields)
        and _LENGTH.fullmatch(length) is not None
    )
    if not is_usual or found.end() + int(length) != len(data):
        return None
    return found[1], headers, data[found.end() :]


class UsualCycle(RequestResponseCycle):
    """Such a request and its answer, which goes out in one piece; h11 hears of neither.

    Parameters
    ----------
    body
        All of the request's.
    out
        Takes the answer.
    uvicorns
        What uvicorn makes a cycle from.
    """

    def __init__(self, body: bytes, out: OneWrite, **uvicorns: Any) -> None:
        super().__init__(transport=out, message_event=asyncio.Event(), **uvicorns)
        self._whole_body = body
        self._out = out

    async def send(self, message: ASGISendEvent) -> None:
        """Hold the answer back until it is whole."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        said = cast("dict[str, Any]", message)
        if said["type"] == "http.response.start":
            self.response_started = True
            self._status, self._headers = said["status"], [*self.default_headers, *said.get("headers", ())]
            self._pieces: list[bytes] = []
            return
        self._pieces.append(said.get("body", b""))
        if said.get("more_body", False):
            return
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self._headers.append(CLOSE_HEADER)
        answer = answer_bytes(self._status, self._headers, b"".join(self._pieces))
        self._out.write_out(answer)
        if any(name.lower() == b"connection" for name, _ in self._headers):
            self.transport.close()
        self.on_response()

    async def receive(self) -> ASGIReceiveEvent:
        """The whole body; then nothing until the answer is out, or nobody waits for it any more."""
        if self.more_body and not self.disconnected:
            self.more_body = False
            return {"type": "http.request", "body": self._whole_body, "more_body": False}
        if not self.disconnected and not self.response_complete:
            await self.message_event.wait()
        return {"type": "http.disconnect"}


def answer_bytes(status: int, headers: Headers, body: bytes) -> bytes:
    r"""An answer as it goes out.

    Raises
    ------
    ValueError
        If a header would end its line.

    Examples
    --------
    >>> answer_bytes(202, [(b"content-type", b"text/plain")], b"ok")
    b'HTTP/1.1 202 Accepted\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok'
    """
    lines = [b"HTTP/1.1 %d %b" % (status, STATUS_PHRASES[status])]
    lines += [b"%b: %b" % pair for pair in headers]
    if not any(name.lower() == _LENGTH_NAME for name, _ in headers):
        lines.append(b"%b: %d" % (_LENGTH_NAME, len(body)))
    head = b"\r\n".join(lines)
    if head.count(b"\n") + 1 != len(lines) or head.count(b"\r") + 1 != len(lines):
        raise ValueError("a header holds an end of line")
    return b"%b\r\n\r\n%b" % (head, body)
