"""An answer in one piece: head, body and end go to the operating system together.

uvicorn writes each by itself, and each write is a system call and, for the client, a packet.
"""

from __future__ import annotations

import asyncio
from typing import Any

MOST_BYTES = 16_384
"""What is held back before it goes out by itself."""


class OneWrite(asyncio.Transport):
    """A transport that holds back what is written until `flush`, or the end of the loop's turn."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []
        self._size = 0
        self._is_due = False

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Take some bytes; they go out in order."""
        self._pieces.append(bytes(data))
        self._size += len(data)
        if self._size > MOST_BYTES:
            self.flush()
        elif not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._flush_due)

    def write_out(self, data: bytes) -> None:
        """Let out what was written so far and these bytes."""
        self._pieces.append(data)
        self.flush()

    def flush(self) -> None:
        """Let out what was written so far."""
        pieces, self._pieces, self._size = self._pieces, [], 0
        if pieces:
            self._transport.write(b"".join(pieces))

    def close(self) -> None:
        """Close when everything is out."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._pieces.clear()
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether it is closed, or will be."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What the transport beneath knows."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Take nothing more for now."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take up again what comes."""
        self._transport.resume_reading()

    def _flush_due(self) -> None:
        self._is_due = False
        self.flush()
