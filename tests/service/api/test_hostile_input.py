"""What is sent to break it: a clear refusal, never a fault, and the neighbours are served and kept."""

import gzip
import itertools
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import psutil
import pytest
from bearer import Bearer
from conftest import PATIENCE_S, RunningService

from service.api.bounds import MOST_SAID

GROWTH_BYTES = 100_000_000
"""How much more memory it may hold after everything here than before."""


def fields(**changes: Any) -> dict[str, Any]:
    return {"utterance_id": "u", "hypothesis": "x", **changes}


def line(name: str) -> bytes:
    return json.dumps(fields(utterance_id=name)).encode()


def with_raw(raw: str) -> bytes:
    """A good object with something at its end that no encoder writes."""
    return b'{"utterance_id":"u","hypothesis":"x",' + raw.encode("utf-8", "surrogateescape") + b"}"


def with_raw_hypothesis(raw: bytes) -> bytes:
    return b'{"utterance_id":"u","hypothesis":"' + raw + b'"}'


BODIES: dict[str, tuple[bytes, int]] = {
    "cut off": (b'{"utterance_id":"u","hyp', 400),
    "cut off in a character": (with_raw_hypothesis("é".encode()[:1])[:-2], 400),
    "something behind the end": (b'{"utterance_id":"u","hypothesis":"x"} x', 400),
    "two objects": (b'{"utterance_id":"u","hypothesis":"x"}' * 2, 400),
    "a list": (b"[]", 422),
    "a list of objects": (json.dumps([fields()]).encode(), 422),
    "null": (b"null", 422),
    "a word": (b"nonsense", 400),
    "an empty object": (b"{}", 422),
    "no UTF-8": (with_raw_hypothesis(b"\xff"), 400),
    "overlong UTF-8": (with_raw_hypothesis(b"\xc0\x80"), 400),
    "a surrogate as UTF-8": (with_raw_hypothesis(b"\xed\xa0\x80"), 400),
    "a lone surrogate": (with_raw_hypothesis(rb"\ud800"), 400),
    "surrogates the wrong way round": (with_raw_hypothesis(rb"\udc00\ud800"), 400),
    "a lone surrogate as id": (b'{"utterance_id":"\\udfff","hypothesis":"x"}', 400),
    "a byte order mark": (b"\xef\xbb\xbf" + json.dumps(fields()).encode(), 400),
    "UTF-16": (json.dumps(fields()).encode("utf-16"), 400),
    "a raw control character": (with_raw_hypothesis(b"\x01"), 400),
    "a raw NUL": (with_raw_hypothesis(b"\x00"), 400),
    "NUL in an id": (json.dumps(fields(utterance_id="u\0")).encode(), 422),
    "a line break in an id": (json.dumps(fields(speaker_id="a\nb")).encode(), 422),
    "a control character in an attribute": (json.dumps(fields(attributes={"accent": "\x9f"})).encode(), 422),
    "NaN": (with_raw('"confidence":NaN'), 400),
    "Infinity": (with_raw('"duration_s":Infinity'), 400),
    "minus Infinity": (with_raw('"audio":{"snr_db":-Infinity}'), 400),
    "a number beyond floats": (with_raw('"audio":{"snr_db":1e999}'), 422),
    "a number of 100,000 digits": (with_raw('"confidence":' + "9" * 100_000), 422),
    "an exponent of 100,000 digits": (with_raw('"duration_s":1e' + "9" * 100_000), 422),
    "a negative duration": (with_raw('"duration_s":-1'), 422),
    "a boolean for a number": (with_raw('"confidence":true'), 422),
    "a number for a text": (b'{"utterance_id":"u","hypothesis":1}', 422),
    "a number for an id": (b'{"utterance_id":1,"hypothesis":"x"}', 422),
    "deep lists": (b'{"utterance_id":"u","hypothesis":' + b"[" * 100_000, 422),
    "deep objects": (with_raw('"attributes":' + '{"a":' * 40_000), 422),
    "closed deep lists": (with_raw('"audio":' + "[" * 50_000 + "]" * 50_000), 422),
    "10,000 unknown fields": (with_raw(",".join(f'"k{k}":1' for k in range(10_000))), 422),
    "10,000 attributes": (
        json.dumps(fields(attributes={f"k{k}": "v" for k in range(10_000)})).encode(), 422,
    ),
    "20,000 wrong confidences": (with_raw('"word_confidences":[' + "2," * 20_000 + "2]"), 422),
    "the year 9999": (with_raw('"spoken_at":"9999-12-31T23:59:59Z"'), 422),
    "the year 1": (with_raw('"spoken_at":"0001-01-01T00:00:00+23:59"'), 422),
    "the end of time": (with_raw('"spoken_at":"9999-12-31T23:59:59-23:59"'), 422),
    "no zone": (with_raw('"spoken_at":"2026-03-02T08:00:00"'), 422),
    "a date as number": (with_raw('"spoken_at":1e300'), 422),
    "a leap second": (with_raw('"spoken_at":"2016-12-31T23:59:60Z"'), 422),
    "100,000 words": (json.dumps(fields(hypothesis="a " * 100_000)).encode(), 422),
    "30,000 words": (json.dumps(fields(hypothesis="a " * 30_000)).encode(), 422),
    "30,000 words in one": (json.dumps(fields(hypothesis="5m" * 30_000)).encode(), 422),
    "ligatures that are 18 characters": (
        json.dumps(fields(hypothesis="\ufdfa" * 60_000), ensure_ascii=False).encode(), 422,
    ),
    "10 MB": (json.dumps(fields(hypothesis="a " * 4_999_900)).encode(), 413),
}  # fmt: skip


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, bearer: Bearer) -> Iterator[RunningService]:
    service = RunningService(
        tmp_path_factory.mktemp("hostile"), {"log_level": "debug"}, bearer=bearer
    ).start()
    before = memory(service)
    yield service
    grown = memory(service) - before
    service.stop()
    assert grown < GROWTH_BYTES
    assert '"level": "error"' not in service.log
    assert "Traceback" not in service.log


def memory(service: RunningService) -> int:
    assert service.process is not None
    return int(psutil.Process(service.process.pid).memory_info().rss)


def is_served(service: RunningService) -> bool:
    body = {"utterance_id": f"neighbour-{time.monotonic_ns()}", "hypothesis": "x"}
    return service.post("/v1/utterances", body).status_code == 202


def must_be_a_problem(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert len(told["detail"]) < 500


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_refused(service: RunningService, name: str) -> None:
    body, status = BODIES[name]
    must_be_a_problem(service.post("/v1/utterances", body), status)
    as_reference = body.replace(b'"hypothesis"', b'"reference"', 1)
    assert 400 <= service.post("/v1/references", as_reference).status_code < 500
    assert is_served(service)


@pytest.mark.parametrize(
    "route",
    [
        "/v1/rebaselines",
        "/v1/announcements",
        "/v1/silences",
        "/v1/claims",
        "/v1/claims/a/withdraw",
        "/v1/erasures",
        "/v1/alerts/a/acknowledge",
        "/v1/alerts/a/resolve",
    ],
)
@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_refused_where_people_say_something(
    service: RunningService, route: str, name: str
) -> None:
    answer = service.post(route, BODIES[name][0])
    must_be_a_problem(answer, answer.status_code)
    assert answer.status_code in ((413,) if len(BODIES[name][0]) > MOST_SAID else (400, 422))


def test_a_million_unknown_fields_are_not_looked_at(service: RunningService) -> None:
    body = b"{" + b",".join(b'"k%d":1' % number for number in range(700_000)) + b"}"
    for route in ("/v1/silences", "/v1/erasures"):
        must_be_a_problem(service.post(route, body), 413)
    assert is_served(service)


@pytest.mark.parametrize("value", ["\0", "\ud800", "x" * 10_000, "\n", "", " "])
def test_what_people_say_is_text_that_can_be_kept(service: RunningService, value: str) -> None:
    bodies = (
        ("/v1/announcements", {"description": value, "author": "a"}),
        ("/v1/announcements", {"description": "x", "author": value}),
        ("/v1/rebaselines", {"cohort": value, "author": "a", "note": "x"}),
        ("/v1/rebaselines", {"author": "a", "note": value}),
    )
    for route, body in bodies:
        assert service.post(route, json.dumps(body).encode()).status_code in (201, 400, 404, 422)
    assert service.get("/v1/interventions")["interventions"] is not None


def test_one_bad_line_of_a_thousand_leaves_the_others(service: RunningService) -> None:
    small = {name: body for name, (body, _) in BODIES.items() if len(body) < 200_000 and b"\n" not in body}
    lines: list[bytes] = []
    for number, (name, body) in enumerate(small.items()):
        lines += [line(f"{name}-{k}") for k in range(number % 4)]
        lines.append(body)
    lines += [line(f"rest-{k}") for k in range(1_000 - len(lines))]
    answer = service.post("/v1/utterances", b"\n".join(lines), **{"content-type": "application/x-ndjson"})
    told = answer.json()
    assert (told["lines"], told["accepted"], told["rejected"]) == (1_000, 1_000 - len(small), len(small))
    numbers = {lines.index(body) + 1: BODIES[name][1] for name, body in small.items()}
    assert {line["line"]: line["status"] for line in told["rejected_lines"]} == numbers


@pytest.mark.parametrize(
    ("body", "accepted"),
    [
        (b"\xff" * 9_000_000, 0),
        (b"\n" * 9_000_000, 0),
        (b"1\n" * 4_500_000, None),
        (b" \n" * 4_000, 0),
        (b"\r\n".join(line(f"crlf-{number}") for number in range(3)), 3),
        (line("long-1") + b'\n' + b'"' * 9_000_000 + b"\n" + line("long-2"), 2),
        (b"1\n" * 5_000, 0),
        (b"1\n" * 5_001, None),
    ],
)  # fmt: skip
def test_lines_of_all_shapes(service: RunningService, body: bytes, accepted: int | None) -> None:
    answer = service.post("/v1/utterances", body, **{"content-type": "application/x-ndjson"})
    if accepted is None:
        must_be_a_problem(answer, 413)
    elif body.strip():
        assert answer.json()["accepted"] == accepted
        assert len(answer.json()["rejected_lines"]) <= 1_000
    else:
        must_be_a_problem(answer, 400)
    assert is_served(service)


def test_a_key_that_stands_twice_counts_as_its_last(service: RunningService) -> None:
    body = b'{"utterance_id":"twice","hypothesis":"x"' + b',"hypothesis":"y"' * 10_000 + b"}"
    assert service.post("/v1/utterances", body).json()["status"] == "accepted"
    last = fields(utterance_id="twice", hypothesis="y")
    assert service.post("/v1/utterances", last).json()["status"] in ("duplicate", "replaced")


def test_what_is_packed_is_never_unpacked(service: RunningService) -> None:
    bomb = gzip.compress(b" " * 100_000_000)
    before = memory(service)
    for encoding in ("gzip", "deflate", "br", "zstd", "identity, gzip", "x"):
        for media_type in ("application/json", "application/x-ndjson"):
            headers = {"content-type": media_type, "content-encoding": encoding}
            must_be_a_problem(service.post("/v1/references", bomb, **headers), 415)
    assert memory(service) - before < GROWTH_BYTES


@pytest.mark.parametrize(
    "path",
    [
        "/v1/alerts?limit=x",
        "/v1/alerts?limit=0",
        "/v1/alerts?limit=" + "9" * 5_000,
        "/v1/alerts?limit=1e3",
        "/v1/interventions?limit=-1",
        "/v1/interventions?limit=%00",
        "/v1/alerts/" + "a" * 10_000,
        "/v1/alerts/%00",
        "/v1/alerts/%ff%fe",
        "/v1/alerts/%ed%a0%80",
        "/v1/cohorts/%00",
        "/v1/cohorts/" + "%2e%2e%2f" * 100,
        "/v1/cohorts/" + "/" * 1_000,
        "/v1/nothing",
        "//v1/alerts",
        "/%",
    ],
)  # fmt: skip
def test_a_bad_path_or_query_is_refused(service: RunningService, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = raw(service.api, request.encode(), is_all=False)
    status = int(answer.split(b" ")[1])
    assert status in (400, 404, 422), answer
    assert b"application/problem+json" in answer


def connect(url: str) -> socket.socket:
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE_S)


def raw(url: str, data: bytes, *, is_all: bool) -> bytes:
    """What is answered to these bytes until the service closes; it is told where they are all."""
    received = b""
    with connect(url) as connection, suppress(OSError):
        connection.sendall(data)
        if is_all:
            connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(65_536):
            received += piece
    return received


REQUEST = b"POST /v1/utterances HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "data",
    [
        b"\0" * 1_000,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 200_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 50_000,
        REQUEST + b"Content-Length: -1\r\n\r\n",
        REQUEST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        REQUEST + b"Content-Length: " + b"9" * 100 + b"\r\n\r\n{}",
        REQUEST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        REQUEST + b"Transfer-Encoding: gzip\r\n\r\n",
        REQUEST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n",
        REQUEST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        REQUEST + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"e" * 100_000 + b"\r\n",
        REQUEST + b"Content-Length: 100\r\n\r\n{}",
        REQUEST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n",
        REQUEST + b"Upgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 2\r\n\r\n{}",
        b"GET /v1/alerts HTTP/1.1\r\nHost: x\r\nX-Request-Id: \xff\xfe\r\nAuthorization: Bearer \xff\r\n\r\n",
    ],
)
def test_what_is_no_http_harms_nobody(service: RunningService, data: bytes) -> None:
    for url in (service.api, service.metrics):
        answer = raw(url, data, is_all=True)
        assert not answer.startswith(b"HTTP/1.1 5"), answer
    assert is_served(service)
    assert "werwatch_build_info" in service.scrape()


def words(first: str) -> str:
    """As many as are allowed, all different."""
    letters = "bcdfghjklmnpqrstvwxz"
    return " ".join(
        first + "".join(word) for word in itertools.islice(itertools.product(letters, repeat=4), 10_000)
    )


def test_others_are_served_while_pairs_without_a_common_word_are_scored(service: RunningService) -> None:
    pairs = 12
    body = b"\n".join(
        json.dumps(
            {
                "utterance_id": f"pair-{pair}",
                "reference": words("a"),
                "hypothesis": words("b"),
            }
        ).encode()
        for pair in range(pairs)
    )
    answers: list[httpx.Response] = []
    headers = {"content-type": "application/x-ndjson"}
    url, timeout_s = f"{service.api}/v1/references", PATIENCE_S

    def send() -> None:
        answers.append(httpx.post(url, content=body, headers=headers, timeout=timeout_s))

    sending = threading.Thread(target=send)
    sending.start()
    served = 0
    while sending.is_alive():
        served += is_served(service)
    sending.join()
    assert answers[0].json()["scored"] == pairs
    assert served > pairs


def test_a_body_that_is_no_http_while_it_is_refused_is_no_fault(service: RunningService) -> None:
    for head in (b"Content-Encoding: gzip\r\n", b"Content-Length: 2\r\n", b""):
        for pause_s in (0.0, 0.001, 0.05):
            host, port = service.api.removeprefix("http://").split(":")
            with (
                socket.create_connection((host, int(port)), timeout=PATIENCE_S) as connection,
                suppress(OSError),
            ):
                connection.sendall(REQUEST + head + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n")
                time.sleep(pause_s)
                connection.sendall(b"xyz\r\n" * 10)
                assert connection.recv(65_536)[:10] in (b"HTTP/1.1 4", b"")
    assert is_served(service)
