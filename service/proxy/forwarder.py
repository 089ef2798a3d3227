"""Passes calls of the app to the engine, and its answers back, byte by byte as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

import httpcore
from starlette.types import Receive, Scope, Send

from service.api.beside import PREFIX
from service.api.problems import problem
from service.proxy.counts import Call, Counts
from service.proxy.tee import Headers, Tee

_OF_ONE_CONNECTION = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade")
)
_MADE_ANEW = frozenset((b"host", b"expect"))
_NO_WEBSOCKETS = (
    "the proxy passes no websockets: let the app open this stream at the engine itself, and post what is "
    "final to POST /v1/ingest/{provider} of werwatch"
)
_NO_LIMITS: dict[str, None] = {"connect": None, "read": None, "write": None, "pool": None}


class _AppGone(Exception):
    """The app closed its connection while it was still asking."""


class Forwarder:
    """The ASGI application that stands where the app looks for its engine.

    It adds no limit of time or size and changes neither a body nor a path. Headers that are meant for one
    connection end with it, ``Host`` becomes the engine's, and ``X-Werwatch-*`` go to werwatch alone.

    Parameters
    ----------
    pool
        Connections to the engine.
    engine
        Its URL; a path in it comes before that of each call.
    tee
        Makes what takes the copy of a call's answer, from the call's method, path and headers.
    """

    def __init__(
        self,
        pool: httpcore.AsyncConnectionPool,
        engine: str,
        tee: Callable[[str, str, Headers], Tee],
        counts: Counts,
    ) -> None:
        parts = urlsplit(engine)
        self._pool = pool
        self._scheme, self._host = parts.scheme.encode(), (parts.hostname or "").encode()
        self._port, self._authority = parts.port, parts.netloc.encode()
        self._prefix = parts.path.rstrip("/").encode()
        self._tee = tee
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward one call, for as long as the app waits for it."""
        if _is_websocket(scope["headers"]):
            self._counts.call(Call.WEBSOCKET)
            await problem(scope, 501, _NO_WEBSOCKETS)(scope, receive, send)
            return
        call = _Call(receive, send, self._tee(scope["method"], scope["path"], scope["headers"]))
        forwarding = asyncio.create_task(self._forward(scope, call))
        watching = asyncio.create_task(call.until_app_is_gone())
        try:
            await asyncio.wait((forwarding, watching), return_when=asyncio.FIRST_COMPLETED)
            if not forwarding.done() and not call.is_answered:
                self._counts.call(Call.GIVEN_UP)
            else:
                self._counts.call(await forwarding)
        finally:
            watching.cancel()
            forwarding.cancel()

    async def _forward(self, scope: Scope, call: _Call) -> Call:
        headers, has_body = self._asked(scope["headers"])
        try:
            async with self._pool.stream(
                scope["method"].encode(),
                self._url(scope),
                headers=headers,
                content=call.body() if has_body else None,
                extensions={"timeout": _NO_LIMITS},
            ) as answer:
                if not has_body:
                    call.has_asked.set()
                await call.pass_back(answer)
        except _AppGone:
            return Call.GIVEN_UP
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
            if call.has_begun:
                # The server closes a connection whose answer has no end: the app sees what the engine did.
                return Call.BROKEN_OFF
            detail = "the engine cannot be reached, or broke off before it answered"
            await problem(scope, 502, detail)(scope, call.receive, call.send)
            return Call.UNREACHABLE
        return Call.ANSWERED

    def _url(self, scope: Scope) -> httpcore.URL:
        target = self._prefix + bytes(scope["raw_path"])
        if scope["query_string"]:
            target += b"?" + scope["query_string"]
        return httpcore.URL(scheme=self._scheme, host=self._host, port=self._port, target=target)

    def _asked(self, headers: Headers) -> tuple[list[tuple[bytes, bytes]], bool]:
        """The call's headers for the engine, and whether a body comes after them."""
        kept = [(b"Host", self._authority)]
        kept += [
            (name, value)
            for name, value in _end_to_end(headers)
            if name not in _MADE_ANEW and not name.startswith(PREFIX)
        ]
        names = {name for name, _ in headers}
        if b"transfer-encoding" in names and b"content-length" not in names:
            return [*kept, (b"Transfer-Encoding", b"chunked")], True
        return kept, b"content-length" in names


class _Call:
    """One call, seen from the app's side."""

    def __init__(self, receive: Receive, send: Send, tee: Tee) -> None:
        self.receive = receive
        self.send = send
        self.has_asked = asyncio.Event()
        """The app has sent all that it has to send."""
        self.has_begun = False
        self.is_answered = False
        self._tee = tee

    async def body(self) -> AsyncIterator[bytes]:
        """What the app sends, as it comes."""
        has_more = True
        while has_more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise _AppGone
            if message.get("body"):
                yield message["body"]
            has_more = message.get("more_body", False)
        self.has_asked.set()

    async def until_app_is_gone(self) -> None:
        """Wait until nobody waits for the answer any more."""
        await self.has_asked.wait()
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def pass_back(self, answer: httpcore.Response) -> None:
        """Send the engine's answer on, and show it to the tee."""
        headers = _end_to_end(answer.headers)
        added = self._tee.begin(answer.status, headers)
        self.has_begun = True
        start = {"type": "http.response.start", "status": answer.status, "headers": [*headers, *added]}
        await self.send(start)
        async for part in answer.aiter_stream():
            await self.send({"type": "http.response.body", "body": part, "more_body": True})
            self._tee.add(part)
        self.is_answered = True
        await self.send({"type": "http.response.body", "body": b""})
        self._tee.end()


def _is_websocket(headers: Headers) -> bool:
    return any(
        name.lower() == b"upgrade" and value.strip().lower() == b"websocket" for name, value in headers
    )


def _end_to_end(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Headers without those that are for one connection, by rule or because ``Connection`` names them."""
    named = b",".join(value for name, value in headers if name.lower() == b"connection")
    dropped = _OF_ONE_CONNECTION | {name.strip().lower() for name in named.split(b",")}
    return [(name, value) for name, value in headers if name.lower() not in dropped]
