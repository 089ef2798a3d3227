"""What is answered on sockets that a service listens on already, while it cannot take requests yet."""

from __future__ import annotations

import json
import select
import socket
import ssl
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from service.errors import LATER_S

LOOK_EVERY_S, PATIENCE_S = 0.2, 1.0
MOST_BYTES = 16_384
UNAVAILABLE = "503 Service Unavailable"


class Meanwhile:
    """Threads that tell probes and clients how far a long start is; they run once there is something to say.

    The process is alive (``/healthz``), but not ready, and the API says when to ask again. Each socket has a
    thread, so that slow clients of the API keep no probe waiting.

    Parameters
    ----------
    api, metrics
        The two listening sockets. They can be used by others when it is closed.
    tls
        What the API's clients speak, if anything.
    """

    def __init__(self, api: socket.socket, metrics: socket.socket, tls: ssl.SSLContext | None) -> None:
        self._api = api
        self._metrics = metrics
        self._tls = tls
        self._status = ""
        self._threads: list[threading.Thread] = []
        self._ends = threading.Event()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        """Answer what has come, and nothing more."""
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def say(self, status: str) -> None:
        """Answer this from now on."""
        self._status = status
        if not self._threads:
            self._threads = [
                threading.Thread(target=self._run, args=(bound,), name="werwatch-meanwhile", daemon=True)
                for bound in (self._api, self._metrics)
            ]
            for thread in self._threads:
                thread.start()

    def _run(self, bound: socket.socket) -> None:
        while not self._ends.is_set():
            has_come, _, _ = select.select([bound], [], [], LOOK_EVERY_S)
            # Who goes away, or says what nobody understands, is owed nothing.
            with suppress(OSError):
                if has_come:
                    self._answer(bound)

    def _answer(self, bound: socket.socket) -> None:
        bound.settimeout(LOOK_EVERY_S)
        connection, _ = bound.accept()
        with connection:
            connection.settimeout(PATIENCE_S)
            if bound is self._api and self._tls is not None:
                with self._tls.wrap_socket(connection, server_side=True) as wrapped:
                    wrapped.sendall(self._told(bound, wrapped.recv(MOST_BYTES)))
                return
            connection.sendall(self._told(bound, connection.recv(MOST_BYTES)))
            connection.shutdown(socket.SHUT_WR)
            # Closed with something unread, it would take back the answer; but some go on for ever.
            ends_at = time.monotonic() + PATIENCE_S
            while connection.recv(MOST_BYTES) and time.monotonic() < ends_at:
                pass

    def _told(self, bound: socket.socket, request: bytes) -> bytes:
        path = request.partition(b" ")[2].partition(b" ")[0]
        if bound is self._metrics and path == b"/healthz":
            return _response("200 OK", "application/json", {"status": "ok"})
        if bound is self._metrics:
            return _response(UNAVAILABLE, "application/json", {"status": self._status, "notes": []})
        problem = {
            "type": "about:blank",
            "title": "Service Unavailable",
            "status": 503,
            "detail": self._status,
        }
        return _response(UNAVAILABLE, "application/problem+json", problem)


def _response(status: str, kind: str, content: dict[str, object]) -> bytes:
    body = json.dumps(content).encode()
    head = (
        f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n"
    )
    later = "" if status.startswith("200") else f"retry-after: {LATER_S}\r\n"
    return f"{head}{later}\r\n".encode() + body
