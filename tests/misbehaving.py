"""A server on a bad day, by default a receiver of notices.

It hangs, breaks off, drips, refuses, and now and then says yes.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HANG_S = 30.0
DRIPS_S = 0.05
BAD_WAYS = (
    "hang after taking it",
    "reset",
    "refuse",
    "wait",
    "drip",
    "nonsense",
    "reset after taking it",
    "hang",
)
ANSWERS = {
    "refuse": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
    "wait": b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
    "nonsense": b"no HTTP at all\r\n\r\n",
}


def webhook(headers: dict[str, str], body: bytes) -> tuple[str, Any]:
    """A notice's id and content."""
    return headers["webhook-id"], json.loads(body)


def no_content(_: Any) -> bytes:
    """How a receiver says yes."""
    return b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass
class Misbehaving:
    """What it took is in ``taken``, twice where it did not say so; ``seen`` counts the ways it behaved.

    Of so many calls (``yes_every``) one is taken, none if that is 0; the others fail in every way in turn.
    ``read`` makes of headers and body what is taken, and ``yes`` of that the answer.
    """

    url: str
    yes_every: int
    read: Callable[[dict[str, str], bytes], tuple[str, Any]]
    yes: Callable[[Any], bytes]
    taken: list[tuple[str, Any]] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def way(self) -> str:
        with self._one_at_a_time:
            calls = self.seen.total() + 1
            bad = calls - self.seen["take"] - 1
            is_taken = self.yes_every and calls % self.yes_every == 0
            way = "take" if is_taken else BAD_WAYS[bad % len(BAD_WAYS)]
            self.seen[way] += 1
            return way

    def once_each(self) -> dict[str, Any]:
        """What whoever knows a message by its key has, in the order in which it came."""
        first: dict[str, Any] = {}
        for identity, body in self.taken:
            first.setdefault(identity, body)
        return first


@contextmanager
def misbehaving(
    yes_every: int,
    certificate: Path | None = None,
    read: Callable[[dict[str, str], bytes], tuple[str, Any]] = webhook,
    yes: Callable[[Any], bytes] = no_content,
) -> Iterator[Misbehaving]:
    """A server, with TLS if it has a certificate."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        scheme = "http" if certificate is None else "https"
        state = Misbehaving(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/", yes_every, read, yes)
        context = None
        if certificate is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate)
        stopped = threading.Event()

        def serve() -> None:
            while not stopped.is_set():
                with suppress(OSError):
                    told = (state, listener.accept()[0], context, stopped)
                    threading.Thread(target=_answer, args=told, daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield state
        stopped.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _answer(
    state: Misbehaving, plain: socket.socket, context: ssl.SSLContext | None, stopped: threading.Event
) -> None:
    with suppress(OSError), plain:
        plain.settimeout(HANG_S)
        connection = plain if context is None else context.wrap_socket(plain, server_side=True)
        got = _request(connection, state.read)
        if got is None:
            return
        way = state.way()
        if way.startswith("take") or way.endswith("taking it"):
            state.taken.append(got)
        if way.startswith("hang"):
            stopped.wait(HANG_S)
        elif way.startswith("reset"):
            # Closed so, the kernel breaks the connection off.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif way == "drip":
            for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000:
                connection.sendall(bytes([byte]))
                time.sleep(DRIPS_S)
        else:
            connection.sendall(state.yes(got[1]) if way == "take" else ANSWERS[way])
        connection.close()


def _request(
    connection: socket.socket, read: Callable[[dict[str, str], bytes], tuple[str, Any]]
) -> tuple[str, Any] | None:
    """What was sent; None if its sender was gone before it was whole."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65_536)
        if not part:
            return None
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:])
    while len(body) < int(headers["content-length"]):
        part = connection.recv(65_536)
        if not part:
            return None
        body += part
    return read(headers, body)
