"""Requests of the usual form are read as h11 reads them, and answered as they are on the long way."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator

import h11
import pytest
from bearer import Bearer
from conftest import PATIENCE_S, RunningService
from hypothesis import example, given
from hypothesis import strategies as st

from service.listeners.usual_requests import answer_bytes, usual_request

NAMES = st.sampled_from(
    [
        "Host",
        "Content-Length",
        "content-length",
        "Connection",
        "Transfer-Encoding",
        "Expect",
        "X-A",
        "Ho st",
        "",
    ]
)
VALUES = st.sampled_from(
    "x|0|3|03|+3|3, 3|3 | 3|keep-alive|Keep-Alive, close|close|chunked||100-continue|a\tb|a\x00b|\xe9".split(
        "|"
    )
)
LINES = st.lists(st.builds("{}: {}".format, NAMES, VALUES), max_size=5)
TARGETS = st.sampled_from(["/v1/utterances", "/", "/v1/%75", "/v1/u?a=b", "*", "/v1/u u", "http://x/v1/u"])
VERSIONS = st.sampled_from(["HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "http/1.1", ""])
ENDS = st.sampled_from(["\r\n", "\n", "\r\n "])
BODIES = st.sampled_from(["{}\n", "", "{}", "{}\n{}", "GET / HTTP/1.1\r\n\r\n"])


def as_h11_reads(data: bytes) -> tuple[bytes, bytes, list[tuple[bytes, bytes]], bytes]:
    """Method, path, headers and body of a request that is all of what came."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    request, body = connection.next_event(), b""
    assert isinstance(request, h11.Request)
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        assert isinstance(event, h11.Data)
        body += event.data
    assert connection.trailing_data == (b"", False)
    assert connection.states[h11.CLIENT] is h11.DONE
    return request.method, request.target, list(request.headers), body


@given(TARGETS, VERSIONS, LINES, ENDS, BODIES)
@example("/v1/utterances", "HTTP/1.1", ["Host: x", "Content-Length: 3"], "\r\n", "{}\n")
@example("/v1/utterances", "HTTP/1.1", ["Host: x", "Content-Length: 3", "Connection: close"], "\r\n", "{}\n")
def test_what_is_taken_for_usual_is_what_h11_reads(
    target: str, version: str, lines: list[str], end: str, body: str
) -> None:
    head = end.join([f"POST {target} {version}", *lines, "", ""])
    data = (head + body).encode("latin-1")
    found = usual_request(data)
    if found is not None:
        assert as_h11_reads(data) == (b"POST", *found)


@pytest.mark.parametrize("cut", [1, 20, 60, -1])
def test_a_part_of_a_request_is_not_taken(cut: int) -> None:
    data = b"POST /v1/utterances HTTP/1.1\r\nHost: x\r\nUser-Agent: a b\r\nContent-Length: 3\r\n\r\n{}\n"
    assert usual_request(data) is not None
    assert usual_request(data[:cut]) is None
    assert usual_request(data + data) is None


def test_a_header_cannot_bring_another_line_into_an_answer() -> None:
    with pytest.raises(ValueError, match="end of line"):
        answer_bytes(200, [(b"x-a", b"b\r\nx-c: d")], b"")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, bearer: Bearer) -> Iterator[RunningService]:
    service = RunningService(tmp_path_factory.mktemp("usual"), bearer=bearer).start()
    yield service
    service.kill()


def connect(service: RunningService) -> socket.socket:
    host, port = service.api.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE_S)


def request(body: str, path: str = "/v1/utterances", more: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Request-Id: r\r\n{more}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def answer(connection: socket.socket) -> bytes:
    """One answer without its date."""
    received = b""
    while True:
        piece = connection.recv(65_536)
        assert piece, received
        received += piece
        head, found, body = received.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if found and length is not None and len(body) == int(length[1]):
            return re.sub(rb"date: [^\r]*\r\n", b"", received)


BODIES_SENT = {
    "an utterance": json.dumps({"utterance_id": "u", "hypothesis": "no fever"}),
    "a duplicate": json.dumps({"utterance_id": "u", "hypothesis": "no fever"}),
    "no JSON": "{",
    "a fault": json.dumps({"utterance_id": "u"}),
}


def test_both_ways_give_the_same_answers(service: RunningService) -> None:
    usual, long = [
        {name: answered(service, body.replace('"u"', f'"{way}"'), way) for name, body in BODIES_SENT.items()}
        for way in ("a", "b")
    ]
    assert {name: each.replace(b'"a"', b'"b"') for name, each in usual.items()} == long


def answered(service: RunningService, body: str, way: str) -> bytes:
    with connect(service) as connection:
        whole = request(body)
        if way == "a":
            connection.sendall(whole)
        else:
            connection.sendall(whole[:40])
            time.sleep(0.05)
            connection.sendall(whole[40:])
        return answer(connection)


def test_a_connection_takes_requests_of_both_kinds_in_turn(service: RunningService) -> None:
    with connect(service) as connection:
        for number, more in enumerate(["", "TE: gzip\r\n", "", "A: b\r\n"]):
            connection.sendall(
                request(json.dumps({"utterance_id": f"t{number}", "hypothesis": "x"}), more=more)
            )
            assert answer(connection).startswith(b"HTTP/1.1 202 ")


def test_what_comes_before_the_answer_is_answered_after_it(service: RunningService) -> None:
    names = [f"behind-{number}" for number in range(20)]
    with connect(service) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for name in names:
            connection.sendall(request(json.dumps({"utterance_id": name, "hypothesis": "x"})))
            time.sleep(0.0005)
        received = b""
        while received.count(b"HTTP/1.1 202") < len(names):
            piece = connection.recv(65_536)
            assert piece, received
            received += piece
    places = [received.index(name.encode()) for name in names]
    assert places == sorted(places)


def test_no_request_hides_in_the_body_of_one_that_tells_its_length_twice(service: RunningService) -> None:
    hidden = request(json.dumps({"utterance_id": "hidden", "hypothesis": "x"}))
    head = "POST /v1/utterances HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
    with connect(service) as connection:
        both = f"{head}Content-Length: {5 + len(hidden)}\r\n\r\n0\r\n\r\n"
        connection.sendall(both.encode() + hidden)
        refused = answer(connection)
        assert refused.startswith(b"HTTP/1.1 400 ")
        assert b"not both" in refused
        assert connection.recv(1) == b""
    sent = service.post("/v1/utterances", {"utterance_id": "hidden", "hypothesis": "x"})
    assert sent.json()["status"] == "accepted"


def test_a_client_that_asks_for_it_is_let_go(service: RunningService) -> None:
    with connect(service) as connection:
        body = json.dumps({"utterance_id": "last", "hypothesis": "x"})
        connection.sendall(request(body, more="Connection: close\r\n"))
        assert answer(connection).startswith(b"HTTP/1.1 202 ")
        assert connection.recv(1) == b""


def test_a_path_that_is_not_there_is_told_so(service: RunningService) -> None:
    with connect(service) as connection:
        connection.sendall(request("{}", "/v1/nothing"))
        assert answer(connection).startswith(b"HTTP/1.1 404 ")
