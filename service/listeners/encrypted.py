"""Connections that are encrypted: bounded from their first packet on, as those are that are not.

asyncio tells nobody of a connection before hands are shaken, and waits a minute for that: a thousand clients
that only connect, which takes no token and no certificate, would use up the files that a process may open.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from service.listeners.connections import CLOSE_S, BoundedConnection, make_room

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState


class EncryptedConnection(asyncio.Protocol):
    """A connection until its client has shaken hands; from then on a `BoundedConnection` takes its place.

    Among too many connections, those whose clients have not shaken hands are closed first.

    Parameters
    ----------
    context
        Gives what the service shows, and asks for, now.
    note_crowded_out
        As for `BoundedConnection`.
    config, server_state, uvicorns
        What uvicorn makes a connection from.
    """

    def __init__(
        self,
        context: Callable[[], ssl.SSLContext],
        note_crowded_out: Callable[[], None],
        *,
        config: Config,
        server_state: ServerState,
        **uvicorns: Any,
    ) -> None:
        self._context = context
        self._note_crowded_out = note_crowded_out
        self._timeout_s = config.timeout_keep_alive
        # Closed at the end as all others are.
        self._connections = cast("set[asyncio.Protocol]", server_state.connections)
        self._uvicorns = {"config": config, "server_state": server_state, **uvicorns}
        self._transport: asyncio.Transport | None = None
        self._shaking: asyncio.Task[None] | None = None
        self._made_at = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Shake hands; among too many connections, close one."""
        loop = asyncio.get_running_loop()
        self._transport, self._made_at = transport, loop.time()
        self._connections.add(self)
        self._shaking = loop.create_task(self._shake_hands(loop, transport))
        make_room(self._connections, self, self._note_crowded_out)

    @property
    def is_closing(self) -> bool:
        """Whether it is closed, or will be."""
        return self._transport is None or self._transport.is_closing()

    @property
    def is_idle(self) -> bool:
        """Whether no request is lost if it is closed."""
        return True

    def idle_until(self) -> float:
        """Before all others, which are given up only some time from now; the sooner, the older it is."""
        return self._made_at

    def give_up(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def shutdown(self) -> None:
        """Close at once: no request has come."""
        self.give_up()

    async def _shake_hands(self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport) -> None:
        early, encrypted = _Early(), None
        try:
            # Who cannot, or does not in time, is closed and told by TLS itself.
            with suppress(OSError):
                encrypted = await loop.start_tls(
                    transport,
                    early,
                    self._context(),
                    server_side=True,
                    ssl_handshake_timeout=self._timeout_s,
                    ssl_shutdown_timeout=CLOSE_S,
                )
        finally:
            self._connections.discard(self)
        if encrypted is None or early.is_lost:
            return
        connection = BoundedConnection(self._note_crowded_out, **self._uvicorns)
        encrypted.set_protocol(connection)
        connection.connection_made(encrypted)
        if early.data:
            connection.data_received(early.data)
        if early.is_over:
            connection.eof_received()


class _Early(asyncio.Protocol):
    """What comes together with the end of the handshake, before anybody can take it."""

    def __init__(self) -> None:
        self.data = b""
        self.is_over = self.is_lost = False

    def data_received(self, data: bytes) -> None:
        """Keep it; as little as one turn of the loop brings."""
        self.data += data

    def eof_received(self) -> None:
        """Note that nothing more comes."""
        self.is_over = True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio tells
        """Note that nobody is there."""
        self.is_lost = True
