"""Ports of 127.0.0.1 for whoever must be told beforehand where to listen."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held_port() -> Iterator[int]:
    """A port that the system gives to nobody who asks for any, as long as this lasts.

    Who names it may listen there, again and again: it is bound, but nobody listens, and all that matter here
    (asyncio, Go and the service) bind with the same option.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
