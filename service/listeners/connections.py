"""Connections that wait a bounded time for their client, and give way to others when there are too many."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from typing import Any, Protocol, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from service.listeners.one_write import OneWrite
from service.listeners.usual_requests import Headers, UsualCycle, usual_request

MOST_OPEN = 400
"""Connections of one listener: those of both stay below the 1024 files that a process is usually allowed."""
CLOSE_S = 1.0
"""What a client that is late has left to read its refusal."""
WHOLE_BODY = "werwatch.whole_body"
"""Set in the scope of a request whose body has come to its end when the app is called."""


class Standing(Protocol):
    """A connection among others, of which one has to go where there are too many."""

    @property
    def is_closing(self) -> bool:
        """Whether it is closed, or will be."""

    @property
    def is_idle(self) -> bool:
        """Whether no request is lost if it is closed."""

    def idle_until(self) -> float:
        """When it will be given up, by the loop's clock: of those that are idle, the earliest goes."""

    def give_up(self) -> None:
        """Close at once."""


def make_room(among: Collection[object], newest: Standing, note_crowded_out: Callable[[], None]) -> None:
    """Among too many connections, close the one that has been idle for longest."""
    if len(among) <= MOST_OPEN:
        return
    # One that is given up stays among them until the loop comes round to it.
    standing = [each for each in cast("Iterable[Standing]", among) if not each.is_closing]
    if len(standing) > MOST_OPEN:
        idle = [each for each in standing if each.is_idle and each is not newest]
        min(idle, key=lambda each: each.idle_until(), default=newest).give_up()
        note_crowded_out()


class BoundedConnection(H11Protocol):
    """HTTP/1.1 for clients that may be slow, silent or gone.

    uvicorn's ``timeout_keep_alive`` bounds every wait for the client: until it begins a request, from the
    first byte of a request to its last, and for an answer to be read.

    Parameters
    ----------
    note_crowded_out
        Called for each connection that is closed to make room for another.
    uvicorns
        What uvicorn makes a connection from.
    """

    _give_up_at: float | None = None
    _is_between = False
    """Whether no byte of a next request has come since the connection, or the last answer, was made."""
    _behind: bytes | None = None
    """What came behind a usual request that is not answered yet; None where there is no such request."""
    _to_send: asyncio.TimerHandle | None = None
    _to_read: asyncio.TimerHandle | None = None

    def __init__(self, note_crowded_out: Callable[[], None], **uvicorns: Any) -> None:
        super().__init__(**uvicorns)
        self._note_crowded_out = note_crowded_out

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request; among too many connections, close the one that has been idle for longest."""
        self._out = OneWrite(transport, self.loop)
        super().connection_made(self._out)
        self._await_request()
        self._is_between = True
        make_room(self.connections, self, self._note_crowded_out)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        super().connection_lost(exc)
        for timer in (self._to_send, self._to_read):
            if timer is not None:
                timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Take up what came; the first byte of a request starts its time."""
        if self._behind is not None:
            # As h11 does with what comes before the answer to the request before it.
            self._behind += data
            self.flow.pause_reading()
            return
        if self._is_between:
            self._is_between = False
            usual = usual_request(data)
            if usual is not None:
                self._take(*usual)
                return
            self._await_request()
        super().data_received(data)
        self._stop_if_whole()

    def on_response_complete(self) -> None:
        """Let the answer out, and wait for the next request."""
        if self._behind is not None:
            self._go_on()
            return
        self._out.flush()
        super().on_response_complete()
        self._await_request()
        self._is_between = self.is_idle and not self.conn.trailing_data[0]
        if not self._is_between:
            self._stop_if_whole()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, unless an answer has begun; what the app answers still is for nobody."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.give_up()

    def pause_writing(self) -> None:
        """Wait for the client to read."""
        super().pause_writing()
        self._to_read = self.loop.call_later(self.timeout_keep_alive, self.give_up)

    def resume_writing(self) -> None:
        """Go on: the client has read."""
        super().resume_writing()
        if self._to_read is not None:
            self._to_read.cancel()

    @property
    def is_closing(self) -> bool:
        """Whether it is closed, or will be."""
        return self.transport.is_closing()

    @property
    def is_idle(self) -> bool:
        """Whether none of the last request is left, and of a next one no more than the beginning of its head.

        Where those counted as at work, some hundreds of them would keep out all others until they are late.
        """
        return self._behind is None and self.conn.their_state is h11.IDLE

    def idle_until(self) -> float:
        """When it will be given up, by the loop's clock: the sooner, the longer it has been idle."""
        return float("inf") if self._give_up_at is None else self._give_up_at

    def give_up(self) -> None:
        """Close at once: a polite end would wait for what the client does not read."""
        self.transport.abort()

    def _take(self, path: bytes, headers: Headers, body: bytes) -> None:
        self._behind, self._give_up_at = b"", None
        self._unset_keepalive_if_required()
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": "1.1",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "method": "POST",
            "root_path": self.root_path,
            "path": self.root_path + path.decode("ascii"),
            "raw_path": self.root_path.encode("ascii") + path,
            "query_string": b"",
            "headers": headers,
            "state": self.app_state.copy(),
            WHOLE_BODY: True,
        }
        self.scope = cast("Any", scope)
        self.cycle = UsualCycle(
            body,
            self._out,
            scope=self.scope,
            conn=self.conn,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            on_response=self.on_response_complete,
        )
        task = self.loop.create_task(self.cycle.run_asgi(self.app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def _go_on(self) -> None:
        behind, self._behind = self._behind, None
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self._await_request()
        self._is_between = True
        self.flow.resume_reading()
        if behind:
            self.data_received(behind)

    def _await_request(self) -> None:
        self._give_up_at = self.loop.time() + self.timeout_keep_alive + CLOSE_S
        if self._to_send is None:
            self._to_send = self.loop.call_at(self._give_up_at, self._look)

    def _look(self) -> None:
        # One timer looks after many requests: a timer for each would be a fair part of what a request costs.
        self._to_send = None
        if self._give_up_at is None:
            return
        if self.loop.time() >= self._give_up_at:
            self.give_up()
        else:
            self._to_send = self.loop.call_at(self._give_up_at, self._look)

    def _stop_if_whole(self) -> None:
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._give_up_at = None
            if self.scope is not None:
                cast("dict[str, Any]", self.scope)[WHOLE_BODY] = True
