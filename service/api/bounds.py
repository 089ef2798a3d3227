"""Bounds on every request, whatever its route: how much it brings, how long it takes, how much all bring."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.access import needed
from service.api.headers import header
from service.config import Limits
from service.config import Scope as Permission
from service.errors import Refused, StoreUnavailable
from service.listeners.connections import WHOLE_BODY

BODIES_AT_ONCE = 4
"""How many bodies of full size may be in memory at the same time."""
MOST_SAID = 65_536
"""Bytes of what people say, more than any route takes of it: pydantic reads it in the loop that answers
everybody, and of 8 MB of unknown fields it makes as many faults, for seconds."""


class Bounds:
    """Raises where the app receives a body, if that goes beyond the limits.

    Raises
    ------
    Refused
        413 for too much, 408 for what did not come within ``client_timeout``.
    StoreUnavailable
        While what is in memory at the same time fills the place allowed for it.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._most = limits.body_bytes
        self._most_said = min(limits.body_bytes, MOST_SAID)
        self._timeout_s = limits.client_timeout.total_seconds()
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app; what it has received counts until it has answered."""
        declared = header(scope, b"content-length")
        is_ingest = needed(scope["method"], scope["path"]) is Permission.INGEST
        most = self._most if is_ingest else self._most_said
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        size = 0
        is_whole = False

        async def bounded() -> Message:
            nonlocal size, is_whole
            if is_whole:
                return await receive()
            if declared.isdecimal():
                _must_fit(int(declared), most)
            message = await (receive() if WHOLE_BODY in scope else self._in_time(receive, deadline))
            piece = len(message.get("body", b""))
            size += piece
            self._held += piece
            is_whole = not message.get("more_body", False)
            _must_fit(size, most)
            if self._held > BODIES_AT_ONCE * self._most:
                raise StoreUnavailable("too many large bodies come at the same time")
            return message

        try:
            await self._app(scope, bounded, send)
        finally:
            self._held -= size

    async def _in_time(self, receive: Receive, deadline: float) -> Message:
        try:
            async with asyncio.timeout_at(deadline):
                return await receive()
        except TimeoutError:
            raise Refused(408, f"the body did not come within {self._timeout_s:g} s") from None


def _must_fit(size: int, most: int) -> None:
    if size > most:
        raise Refused(413, f"the body is larger than {most} bytes; send less at a time")
