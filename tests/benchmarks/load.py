"""The load generator: keep-alive connections over plain sockets, in a process of its own.

It reads a plan as JSON from its standard input, and writes what it saw as JSON to its standard output.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmarks.bodies import Bodies

WARM_S = 0.2
"""Answers that come before this do not count."""
END_OF_HEAD = b"\r\n\r\n"

Request = tuple[bytes, int]
"""What is sent, and the number of the utterance that follows."""


@dataclass(frozen=True)
class Traffic:
    """What some connections send, one request after the other.

    Parameters
    ----------
    route
        ``/v1/utterances`` or ``/v1/references``.
    first
        The number of the first utterance; the others follow.
    lines
        Objects a request; one is sent as JSON, more as NDJSON.
    most
        How many requests; without it as many as the time allows.
    stride
        From one utterance's number to the next.
    is_written
        Whether hypotheses are as engines write them, with capitals, signs and numbers.
    """

    route: str
    first: int
    connections: int = 1
    lines: int = 1
    most: int | None = None
    stride: int = 1
    is_written: bool = False


@dataclass(frozen=True)
class Plan:
    """Everything that is sent at the same time, for how long, and when the first utterance was spoken."""

    host: str
    port: int
    begin_s: float
    seconds: float
    traffic: list[Traffic]


@dataclass
class Seen:
    """What became of one kind of traffic: times of the answers after the warm-up, and where it ended."""

    statuses: Counter[int] = field(default_factory=Counter)
    latencies_s: list[float] = field(default_factory=list)
    seconds: float = 0.0
    next: int = 0


class Connection(asyncio.Protocol):
    """One connection that sends the next request when the last is answered.

    Parameters
    ----------
    requests
        Each with the number of the utterance that follows.
    is_alone
        Whether nobody else takes of the requests: then the next is made while the server works on the last.
    """

    def __init__(
        self, requests: Iterator[Request], seen: Seen, counts_from: float, until: float, *, is_alone: bool
    ) -> None:
        self._requests = requests
        self._is_alone = is_alone
        self._made: Request | None = None
        self._seen = seen
        self._counts_from, self._until = counts_from, until
        self._received = b""
        self._sent_at = 0.0
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        """Take an answer; go on once it is whole."""
        self._received += data
        head, found, body = self._received.partition(END_OF_HEAD)
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
        if len(body) < length:
            return
        now = time.perf_counter()
        self._received = b""
        self._seen.statuses[int(head[9:12])] += 1
        if self._counts_from <= now <= self._until:
            self._seen.latencies_s.append(now - self._sent_at)
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Say so, where answers were still awaited."""
        if not self.over.done():
            self.over.set_exception(exc or ConnectionError("the server closed the connection"))

    def _send(self) -> None:
        made, self._made = self._made, None
        is_over = time.perf_counter() >= self._until
        made = None if is_over else made or next(self._requests, None)
        if made is None:
            self.over.set_result(None)
            self._transport.close()
            return
        request, self._seen.next = made
        self._sent_at = time.perf_counter()
        self._transport.write(request)
        if self._is_alone:
            self._make()

    def _make(self) -> None:
        if self._transport.get_write_buffer_size() > 0:
            asyncio.get_running_loop().call_later(0.0002, self._make)
        elif self._made is None:
            self._made = next(self._requests, None)


def requests_of(traffic: Traffic, bodies: Bodies) -> Iterator[Request]:
    """Whole requests, each with the number of the utterance that follows."""
    body_of: Callable[[int], bytes] = bodies.reference
    if traffic.route == "/v1/utterances":
        body_of = bodies.written_utterance if traffic.is_written else bodies.utterance
    kind = "application/json" if traffic.lines == 1 else "application/x-ndjson"
    head = f"POST {traffic.route} HTTP/1.1\r\nHost: werwatch\r\nContent-Type: {kind}\r\nContent-Length: "
    end = traffic.first
    for _ in range(traffic.most) if traffic.most is not None else itertools.count():
        begin, end = end, end + traffic.lines * traffic.stride
        body = b"\n".join(map(body_of, range(begin, end, traffic.stride)))
        yield f"{head}{len(body)}\r\n\r\n".encode() + body, end


async def send(plan: Plan) -> list[Seen]:
    """Send everything; return what was seen of each kind of traffic."""
    loop = asyncio.get_running_loop()
    bodies = Bodies(plan.begin_s)
    all_seen, connections = [], []
    started = time.perf_counter()
    counts_from, until = started + WARM_S, started + WARM_S + plan.seconds
    for traffic in plan.traffic:
        seen = Seen(next=traffic.first)
        all_seen.append(seen)
        requests, is_alone = requests_of(traffic, bodies), traffic.connections == 1
        for _ in range(traffic.connections):

            def connection(
                requests: Iterator[Request] = requests, seen: Seen = seen, is_alone: bool = is_alone
            ) -> Connection:
                return Connection(requests, seen, counts_from, until, is_alone=is_alone)

            connections.append((await loop.create_connection(connection, plan.host, plan.port))[1])
    await asyncio.gather(*(connection.over for connection in connections))
    took = min(time.perf_counter(), until) - counts_from
    for seen in all_seen:
        seen.seconds = took
    return all_seen


def main() -> None:
    """Read the plan, carry it out, write what was seen."""
    said: dict[str, Any] = json.load(sys.stdin)
    plan = Plan(**{**said, "traffic": [Traffic(**each) for each in said["traffic"]]})
    json.dump([vars(seen) for seen in asyncio.run(send(plan))], sys.stdout)


if __name__ == "__main__":
    main()
