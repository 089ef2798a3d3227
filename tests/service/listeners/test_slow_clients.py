"""Clients that are slow, silent or many: each is waited for a bounded time, others are served meanwhile."""

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psutil
import pytest
from bearer import Bearer
from conftest import PATIENCE_S, RunningService, eventually

from service.listeners.connections import MOST_OPEN

HEAD = "POST {} HTTP/1.1\r\nHost: x\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, bearer: Bearer) -> Iterator[RunningService]:
    limits = {"client_timeout": "1s", "body_bytes": 1_000_000}
    service = RunningService(tmp_path_factory.mktemp("slow"), {"limits": limits}, bearer=bearer).start()
    yield service
    service.kill()


def connect(service: RunningService) -> socket.socket:
    host, port = service.api.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE_S)


def rest(connection: socket.socket) -> bytes:
    """All that comes until the service closes; fails if it does not."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65_536):
            received += piece
    return received


def trickle(connection: socket.socket, data: bytes, at_a_time: int = 1) -> threading.Thread:
    """Send a few bytes at a time beside the test, until the service closes."""

    def send() -> None:
        with contextlib.suppress(OSError):
            for begin in range(0, len(data), at_a_time):
                connection.sendall(data[begin : begin + at_a_time])
                time.sleep(0.05)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread


def is_served(service: RunningService, name: str = "neighbour") -> bool:
    body = {"utterance_id": f"{name}-{time.monotonic_ns()}", "hypothesis": "x"}
    return httpx.post(service.api + "/v1/utterances", json=body, timeout=PATIENCE_S).status_code == 202


def problem(received: bytes) -> dict[str, Any]:
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    found: dict[str, Any] = json.loads(body)
    return found


def test_a_head_that_never_ends_is_given_up(service: RunningService) -> None:
    with connect(service) as connection:
        trickle(connection, b"GET /v1/alerts HTTP/1.1\r\n" + b"X-A: b\r\n" * 10_000)
        assert is_served(service)
        assert rest(connection) == b""
    assert is_served(service)


@pytest.mark.parametrize(
    ("route", "media_type"),
    [
        ("/v1/utterances", "application/json"),
        ("/v1/references", "application/x-ndjson"),
        ("/v1/rebaselines", "application/json"),
    ],
)
def test_a_body_that_does_not_come_in_time_is_refused(
    service: RunningService, route: str, media_type: str
) -> None:
    with connect(service) as connection:
        connection.sendall(HEAD.format(route, media_type, 10_000).encode())
        trickle(connection, b'{"utterance_id": "u"' + b" " * 10_000)
        assert is_served(service)
        told = problem(rest(connection))
    assert (told["status"], told["detail"]) == (408, "the body did not come within 1 s")


def test_a_slow_body_that_comes_in_time_is_taken(shared_service: RunningService) -> None:
    body = b'{"utterance_id": "slow", "hypothesis": "x"}'
    with connect(shared_service) as connection:
        connection.sendall(HEAD.format("/v1/utterances", "application/json", len(body)).encode())
        trickle(connection, body, at_a_time=16)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 202")


def test_a_refused_body_that_goes_on_for_ever_is_given_up(service: RunningService) -> None:
    with connect(service) as connection:
        connection.sendall(HEAD.format("/v1/utterances", "application/json", 10**9).encode())
        trickle(connection, b" " * 100_000)
        assert problem(rest(connection))["status"] == 413


def test_a_body_without_a_length_is_bounded_as_well(service: RunningService) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(1_000):
            yield b" " * 10_000

    for route in ("/v1/utterances", "/v1/rebaselines"):
        headers = {"content-type": "application/json"}
        answer = httpx.post(service.api + route, content=pieces(), headers=headers)
        assert (answer.status_code, answer.json()["title"]) == (413, "Request Entity Too Large")


def test_a_connection_is_closed_once_it_is_silent_for_long(service: RunningService) -> None:
    used = http.client.HTTPConnection(service.api.removeprefix("http://"), timeout=PATIENCE_S)
    with connect(service) as silent, contextlib.closing(used):
        used.connect()
        first = used.sock
        for _ in range(15):
            time.sleep(0.1)
            used.request("GET", "/v1/interventions")
            assert used.getresponse().read() == b'{"interventions":[],"next":null}'
        assert used.sock is first
        assert rest(silent) == rest(first) == b""


def test_requests_that_come_together_are_answered_in_order(service: RunningService) -> None:
    names = [f"together-{time.monotonic_ns()}-{number}" for number in range(5)]
    bodies = [json.dumps({"utterance_id": name, "hypothesis": "x"}) for name in names]
    requests = [HEAD.format("/v1/utterances", "application/json", len(body)) + body for body in bodies]
    with connect(service) as connection:
        connection.sendall("".join(requests).encode())
        answers = rest(connection).decode()
    places = [answers.index(name) for name in names]
    assert places == sorted(places)
    assert answers.count("HTTP/1.1 202") == len(names)


def test_an_answer_that_nobody_reads_is_given_up(service: RunningService) -> None:
    with connect(service) as connection:
        port = connection.getsockname()[1]
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        with contextlib.suppress(ConnectionError, TimeoutError):
            connection.settimeout(0.5)
            for _ in range(2_000):
                connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
        assert is_served(service)
        assert eventually(lambda: port not in peers(service))


def test_idle_connections_give_way_to_new_ones_and_are_closed(service: RunningService) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(MOST_OPEN + 100):
            stack.enter_context(connect(service))
        assert all(is_served(service) for _ in range(5))
        assert len(peers(service)) <= MOST_OPEN
        assert 'werwatch_connections_crowded_out_total{listener="api"} 10' in service.scrape()
        assert eventually(lambda: not peers(service))
    assert '"level": "error"' not in service.log


def test_requests_that_never_get_beyond_their_head_keep_nobody_out(
    make_service: Callable[..., RunningService],
) -> None:
    # So long that none of them is given up before the others are served.
    service = make_service(limits={"client_timeout": "60s"})
    with contextlib.ExitStack() as stack:
        for _ in range(MOST_OPEN + 100):
            stack.enter_context(connect(service)).sendall(
                b"POST /v1/utterances HTTP/1.1\r\nHost: x\r\nX-A: b"
            )
        assert all(is_served(service) for _ in range(5))
        assert len(peers(service)) <= MOST_OPEN
        assert service.stop() == 0
    assert '"level": "error"' not in service.log


def test_bodies_that_together_are_too_large_are_put_off(make_service: Callable[..., RunningService]) -> None:
    # Longer than it takes to send them all.
    service = make_service(limits={"client_timeout": "5s", "body_bytes": 1_000_000})
    head = HEAD.format("/v1/utterances", "application/x-ndjson", 1_000_000).encode()
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connect(service)) for _ in range(6)]
        for connection in connections:
            with contextlib.suppress(ConnectionError):
                connection.sendall(head + b" " * 900_000)
        answers = [rest(connection) for connection in connections]
    statuses = sorted(problem(answer)["status"] for answer in answers)
    assert set(statuses) == {408, 503}
    assert b"retry-after: 1" in next(answer for answer in answers if b"HTTP/1.1 503" in answer)
    assert eventually(lambda: not peers(service))
    assert is_served(service)


def peers(service: RunningService) -> set[int]:
    """The other ends' ports of the connections that the service has open."""
    assert service.process is not None
    port = int(service.api.rpartition(":")[2])
    connections = psutil.Process(service.process.pid).net_connections("tcp")
    return {each.raddr.port for each in connections if each.raddr and each.laddr.port == port}
