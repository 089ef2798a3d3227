"""The proxy as the app, the engine and the service see it: three real servers and a client."""

from __future__ import annotations

import gzip
import json
import resource
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from authority import Authority
from commands import call
from conftest import CLIENT, PATIENCE_S, RunningService
from engine_server import Engine, Handler
from proxy_process import AUDIO, TEXT, Proxy, says, utterances


def test_bodies_pass_as_they_are_and_a_copy_is_kept(
    make_proxy: Callable[..., Proxy], make_service: Callable[..., RunningService]
) -> None:
    service = make_service()
    body = json.dumps(TEXT, indent=3).encode()
    with Engine(says(body=body, x_request_id="req-7", x_other="a")) as engine:
        proxy = make_proxy(f"{engine.url}/base", service.api)
        answer = httpx.post(
            f"{proxy.url}/v1/audio%2Ftranscriptions?a=b%20c&d",
            content=AUDIO,
            headers={
                "authorization": "Bearer key",
                "x-werwatch-accent": "en-IE",
                "connection": "x-a",
                "x-a": "1",
            },
        )
        assert (answer.status_code, answer.content) == (200, body)
        assert (answer.headers["x-other"], answer.headers["content-length"]) == ("a", str(len(body)))
        assert answer.headers["x-werwatch-event"] == "cloudevents:proxy:req-7"
        [asked] = engine.requests
        assert (asked.method, asked.target) == ("POST", "/base/v1/audio%2Ftranscriptions?a=b%20c&d")
        assert (asked.body, asked.header("authorization")) == (AUDIO, "Bearer key")
        assert asked.header("host") == engine.url.removeprefix("http://")
        assert asked.header("content-length") == str(len(AUDIO))
        assert [name for name, _ in asked.headers if name.lower() in ("x-werwatch-accent", "x-a")] == []
    assert proxy.becomes("copies", "kept")
    assert proxy.count("calls", "answered") == 1
    assert utterances(service) == {"en-IE": 1}
    reference = {"utterance_id": "cloudevents:proxy:req-7", "reference": "no fever since monday"}
    assert service.post("/v1/references", reference).json()["status"] == "scored"


def test_an_engine_is_spoken_to_over_tls_and_only_if_it_is_the_one(
    make_proxy: Callable[..., Proxy],
    make_service: Callable[..., RunningService],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority = Authority(tmp_path).make()
    service = make_service()
    with Engine(says(), authority.issue("engine")) as engine:
        stranger = make_proxy(engine.url, service.api)
        assert httpx.post(f"{stranger.url}/v1/audio/transcriptions", content=AUDIO).status_code == 502
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
        proxy = make_proxy(engine.url, service.api)
        assert CLIENT.post(f"{proxy.url}/", content=AUDIO).json() == TEXT
        assert len(engine.requests) == 1


def test_an_error_of_the_engine_passes_as_it_is_and_is_not_copied(
    make_proxy: Callable[..., Proxy], make_service: Callable[..., RunningService]
) -> None:
    service = make_service()
    with Engine(says(429, b"slow down", content_type="text/plain", retry_after="7")) as engine:
        proxy = make_proxy(engine.url, service.api)
        answer = httpx.post(f"{proxy.url}/v1/audio/transcriptions", content=AUDIO)
        assert (answer.status_code, answer.content, answer.headers["retry-after"]) == (429, b"slow down", "7")
        assert "x-werwatch-event" not in answer.headers
        assert proxy.becomes("calls", "answered")
    assert utterances(service) == {}


def bare(status: int, **headers: str) -> Callable[[Handler], None]:
    def answer(handler: Handler) -> None:
        handler.send_response_only(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()

    return answer


def test_an_answer_without_a_whole_body_passes_and_is_not_copied(
    make_proxy: Callable[..., Proxy], make_service: Callable[..., RunningService]
) -> None:
    service = make_service()

    def ends_with_the_connection(handler: Handler) -> None:
        bare(200, content_type="application/json", connection="close")(handler)
        handler.wfile.write(b'{"text": "secretword')
        handler.close_connection = True

    with Engine(bare(200, content_type="application/json", content_length="57")) as engine:
        proxy = make_proxy(engine.url, service.api)
        head = httpx.head(f"{proxy.url}/v1/audio")
        assert (head.status_code, head.headers["content-length"]) == (200, "57")
        assert "x-werwatch-event" not in head.headers
        engine.act = bare(204, content_type="application/json")
        assert httpx.post(f"{proxy.url}/v1/audio").status_code == 204
        engine.act = says(206, b'{"text": "secretword', content_range="bytes 0-19/57")
        assert httpx.get(f"{proxy.url}/v1/audio").status_code == 206
        engine.act = ends_with_the_connection
        assert httpx.get(f"{proxy.url}/v1/audio").content == b'{"text": "secretword'
        engine.act = says(body=b"")
        assert httpx.get(f"{proxy.url}/v1/audio").content == b""
        assert proxy.becomes("copies", "no_transcript", 2)
        assert proxy.count("copies", "refused") == 0
        assert proxy.count("calls", "answered") == 5
    assert utterances(service) == {}
    assert '"warning"' not in proxy.log


def test_a_websocket_is_refused_with_what_to_do_in_its_place(
    make_proxy: Callable[..., Proxy], make_service: Callable[..., RunningService]
) -> None:
    upgrade = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-version": "13",
    }
    with Engine(says()) as engine:
        proxy = make_proxy(engine.url, make_service().api)
        answer = httpx.get(f"{proxy.url}/v1/listen", headers=upgrade)
        assert answer.status_code == 501
        assert "open this stream at the engine itself" in answer.json()["detail"]
        assert engine.requests == []
        assert proxy.becomes("calls", "websocket_refused")
        # Any other protocol is for one connection, and the call passes in this one.
        assert httpx.get(proxy.url, headers={"connection": "Upgrade", "upgrade": "h2c"}).json() == TEXT
    assert '"warning"' not in proxy.log


def test_a_refused_copy_is_told_with_its_reason_and_without_its_words(
    make_proxy: Callable[..., Proxy], make_service: Callable[..., RunningService]
) -> None:
    with Engine(says(body={"text": "secretword"})) as engine:
        proxy = make_proxy(engine.url, make_service().api)
        httpx.post(proxy.url, headers={"x-werwatch-acent": "en-IE"})
        assert proxy.becomes("copies", "refused")
    assert "headers X-Werwatch-*: known are accent, " in proxy.log
    assert "secretword" not in proxy.log


def test_a_stream_passes_part_by_part_and_its_last_event_is_kept(
    make_proxy: Callable[..., Proxy], make_service: Callable[..., RunningService]
) -> None:
    service = make_service()
    goes_on = threading.Event()

    def stream(handler: Handler) -> None:
        handler.begin_stream("text/event-stream")
        handler.part(b'data: {"type": "transcript.text.delta", "delta": "No"}\n\n')
        assert goes_on.wait(PATIENCE_S)
        handler.part(b'data: {"type": "transcript.text.done", "text": "No fever."}\n\n')
        handler.part(b"data: [DONE]\n\n")
        handler.end_stream()

    with Engine(stream) as engine:
        proxy = make_proxy(engine.url, service.api)
        with httpx.stream("POST", f"{proxy.url}/v1/audio/transcriptions", content=AUDIO) as answer:
            parts = answer.iter_raw()
            first = next(parts)
            assert first == b'data: {"type": "transcript.text.delta", "delta": "No"}\n\n'
            goes_on.set()
            assert b"".join(parts).endswith(b"data: [DONE]\n\n")
    assert proxy.becomes("copies", "kept")
    assert utterances(service) == {"unknown": 1}


def test_what_is_packed_or_comes_in_chunks_passes_as_it_is(
    make_proxy: Callable[..., Proxy], make_service: Callable[..., RunningService]
) -> None:
    service = make_service()
    packed = gzip.compress(json.dumps(TEXT).encode())

    def chunks() -> Iterator[bytes]:
        yield AUDIO
        yield AUDIO

    with Engine(says(body=packed, content_encoding="gzip")) as engine:
        proxy = make_proxy(engine.url, service.api)
        with httpx.stream("POST", f"{proxy.url}/v1/audio/transcriptions", content=chunks()) as answer:
            assert b"".join(answer.iter_raw()) == packed
        assert engine.requests[0].body == 2 * AUDIO
    assert proxy.becomes("copies", "kept")


def test_what_the_service_refuses_or_nobody_can_read_is_counted_and_passes_all_the_same(
    make_proxy: Callable[..., Proxy], make_service: Callable[..., RunningService]
) -> None:
    service = make_service()
    with Engine(says(body={"models": []})) as engine:
        proxy = make_proxy(engine.url, service.api, "--path", "/v1/*")
        assert httpx.get(f"{proxy.url}/v1/models").json() == {"models": []}
        assert proxy.becomes("copies", "refused")
        engine.act = says(body=b"plain words", content_type="text/plain")
        assert httpx.post(f"{proxy.url}/v1/audio/transcriptions").content == b"plain words"
        assert proxy.becomes("copies", "no_transcript")
        engine.act = says(body=b'{"text": "' + b"a" * 10_000_001 + b'"}')
        assert len(httpx.post(f"{proxy.url}/v1/audio/transcriptions").content) > 10_000_000
        assert proxy.becomes("copies", "too_large")
        assert httpx.get(f"{proxy.url}/other").is_success
        assert proxy.becomes("calls", "answered", 4)
    assert utterances(service) == {}
    assert "plain words" not in proxy.log


def test_an_engine_that_cannot_be_reached_is_a_502_that_says_so(
    make_proxy: Callable[..., Proxy],
    make_service: Callable[..., RunningService],
    hold_port: Callable[[], int],
) -> None:
    proxy = make_proxy(f"http://127.0.0.1:{hold_port()}", make_service().api)
    answer = httpx.post(f"{proxy.url}/v1/audio/transcriptions", content=AUDIO)
    assert answer.status_code == 502
    assert "the engine cannot be reached" in answer.json()["detail"]
    assert proxy.becomes("calls", "engine_unreachable")


def test_an_answer_that_the_engine_breaks_off_is_broken_off_for_the_app(
    make_proxy: Callable[..., Proxy], make_service: Callable[..., RunningService]
) -> None:
    def break_off(handler: Handler) -> None:
        handler.begin_stream("application/json")
        handler.part(b'{"text": ')
        handler.close_connection = True

    with Engine(break_off) as engine:
        proxy = make_proxy(engine.url, make_service().api)
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.post(f"{proxy.url}/v1/audio/transcriptions", content=AUDIO)
    assert proxy.becomes("calls", "broken_off_by_engine")
    assert proxy.count("copies", "kept") == 0


def test_an_app_that_gives_up_lets_go_of_the_engine(
    make_proxy: Callable[..., Proxy], make_service: Callable[..., RunningService]
) -> None:
    has_come, let_go = threading.Event(), threading.Event()

    def wait(handler: Handler) -> None:
        has_come.set()
        if handler.rfile.read(1) == b"":
            let_go.set()
        handler.close_connection = True

    with Engine(wait) as engine:
        proxy = make_proxy(engine.url, make_service().api)
        host, port = proxy.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as app:
            head = (
                f"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(AUDIO)}\r\n\r\n"
            )
            app.sendall(head.encode() + AUDIO)
            assert has_come.wait(PATIENCE_S)
        assert let_go.wait(PATIENCE_S)
    assert proxy.becomes("calls", "given_up_by_app")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--engine", "api.openai.com"], "--engine: expected a URL like https://api.openai.com"),
        (["--engine", "https://u:p@x.org"], "--engine: expected no user or password"),
        (["--engine", "https://x.org", "--provider", "x"], "--provider: expected one of amazon_transcribe"),
    ],
)
def test_a_command_line_that_cannot_be_meant_is_explained(arguments: list[str], said: str) -> None:
    done = call("proxy", "--provider", "openai", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_fatal_signal_leaves_no_image_of_what_it_holds(
    make_proxy: Callable[..., Proxy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    try:
        with Engine(says(body={"text": "zygomaticus"})) as engine:
            proxy = make_proxy(engine.url, "http://127.0.0.1:1")
            httpx.post(proxy.url, content=AUDIO, headers={"authorization": "Bearer widdershins"})
            proxy.process.send_signal(signal.SIGABRT)
            assert proxy.process.wait(PATIENCE_S) == -signal.SIGABRT
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)
    assert "Fatal Python error" in proxy.log
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not [word for word in (b"zygomaticus", b"widdershins") if word in written]
