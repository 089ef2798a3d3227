"""What a service had answered, and a command had said, when the power failed: read from its system calls."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from power.trace import STDOUT, Call

_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that came whole; ``status`` once it is answered."""

    method: str
    route: str
    body: bytes
    status: int | None = None

    @property
    def objects(self) -> list[dict[str, Any]]:
        """What was sent in it, in JSON."""
        return [json.loads(line) for line in self.body.splitlines()]


@dataclass(slots=True)
class Answers:
    """Puts together what came and went through sockets.

    Attributes
    ----------
    heard
        Every request that came whole, and again once it was answered.
    said
        What programs printed.
    """

    heard: list[Exchange] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    _came: dict[str, bytes] = field(default_factory=dict)
    _asked: dict[str, Exchange] = field(default_factory=dict)

    @property
    def answered(self) -> list[Exchange]:
        """The requests that were answered with a 2xx."""
        return [each for each in self.heard if each.status is not None and 200 <= each.status < 300]

    def hear(self, call: Call) -> None:
        """Take in what a call received or sent."""
        if call.name == "recvfrom":
            self._receive(call.words[0], call.data(1)[: call.result])
        elif call.name == "sendto":
            self._answer(call.words[0], call.data(1))
        elif call.name == "write" and call.number(0) == STDOUT:
            self.said.append(call.data(1).decode())

    def _receive(self, socket: str, data: bytes) -> None:
        came = self._came.get(socket, b"") + data
        self._came[socket] = came
        head, end, body = came.partition(_HEAD_END)
        if not end:
            return
        lines = head.decode().splitlines()
        headers = dict(line.lower().split(": ", 1) for line in lines[1:])
        if len(body) < int(headers.get("content-length", 0)):
            return
        method, route, _ = lines[0].split(" ")
        self._came[socket] = b""
        self._asked[socket] = Exchange(method, route, body)
        self.heard.append(self._asked[socket])

    def _answer(self, socket: str, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1 ") and socket in self._asked:
            asked = self._asked.pop(socket)
            self.heard.append(replace(asked, status=int(data[9:12])))
