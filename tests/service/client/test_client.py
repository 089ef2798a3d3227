"""The client serves an app that must never notice it: whatever the service, the network or the app does."""

import asyncio
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from authority import Authority
from conftest import PATIENCE_S, RunningService, eventually
from misbehaving import BAD_WAYS, misbehaving
from stand_in import Got, Reply, stand_in

from service.client import AsyncClient, Client
from service.client.buffer import Buffer

NOWHERE = "http://127.0.0.1:1"


def answer_to(lines: list[Any], rejected: int = 0) -> bytes:
    told = [{"line": 1, "utterance_id": None, "status": 422, "detail": "why"}] * rejected
    return json.dumps({"lines": len(lines), "rejected": rejected, "rejected_lines": told}).encode()


def lines_of(body: bytes) -> list[Any]:
    return [json.loads(line) for line in body.split(b"\n")]


def ids(got: list[Got]) -> list[str]:
    return [line["utterance_id"] for each in got for line in lines_of(each.body)]


def say(client: Client | AsyncClient, *numbers: int) -> None:
    for number in numbers:
        client.utterance(f"u-{number}", "no fever", speaker_id="ann", attributes={"accent": "en-IE"})


def script(text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", text, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def test_what_is_handed_over_is_scored(shared_service: RunningService) -> None:
    with Client(shared_service.api) as client:
        client.utterance("two-1", "no fever since monday", attributes={"accent": "two"})
        client.reference("two-1", "No fever since on Monday.", selection="random", probability=0.125)
        client.reference("two-2", hypothesis="yes", verdict="correct", attributes={"accent": "two"})
    assert (client.counts.taken, client.counts.waiting, client.counts.refused) == (3, 0, 0)
    [cohort] = [each for each in shared_service.get("/v1/cohorts")["cohorts"] if each["cohort"] == "two"]
    assert cohort["scored_utterances"] == 1  # a volunteered one feeds nothing


def test_an_app_with_a_loop_awaits_only_the_end(shared_service: RunningService) -> None:
    async def app() -> int:
        async with AsyncClient(shared_service.api) as client:
            say(client, 1, 2, 3)
            assert await client.flush(PATIENCE_S)
            say(client, 4)
        return client.counts.taken

    assert asyncio.run(app()) == 4


def test_what_waits_when_a_loop_ends_is_sent_in_the_next(shared_service: RunningService) -> None:
    client = AsyncClient(shared_service.api, interval_s=30)
    say(client, 11)

    async def app(number: int) -> None:
        say(client, number)

    asyncio.run(app(12))
    assert client.counts.waiting == 2
    assert asyncio.run(client.close(PATIENCE_S))
    assert client.counts.taken == 2


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_while_the_service_is_away_the_oldest_are_dropped_and_counted(
    kind: type[Client | AsyncClient],
    make_service: Callable[..., RunningService],
    hold_port: Callable[[], int],
) -> None:
    place = f"127.0.0.1:{hold_port()}"

    async def app() -> None:
        client = kind(f"http://{place}", most_bytes=100_000)
        say(client, *range(5_000))
        while not client.counts.failed_attempts:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        counts = client.counts
        assert counts.waiting + counts.dropped == 5_000
        assert 200 < counts.waiting < 400
        service = await asyncio.to_thread(make_service, listen=place)
        closed = client.close(PATIENCE_S)
        assert closed if isinstance(closed, bool) else await closed
        assert (client.counts.taken, client.counts.waiting) == (counts.waiting, 0)
        newest = {"utterance_id": "u-4999", "reference": "no fever", "selection": "random", "probability": 1}
        assert service.post("/v1/references", newest).json()["status"] == "scored"

    asyncio.run(app())


def test_what_is_more_than_may_wait_pushes_nothing_out() -> None:
    client = Client(NOWHERE, most_bytes=20_000)
    say(client, *range(5))
    client.utterance("huge", "x" * 30_000)
    assert (client.counts.waiting, client.counts.dropped) == (5, 1)
    client.close(0)


def test_what_does_not_fit_beside_what_is_on_its_way_pushes_nothing_out() -> None:
    buffer = Buffer(most_bytes=10_000)
    buffer.put("/v1/utterances", b"x" * 6_000)
    [away] = buffer.take()
    buffer.put("/v1/utterances", b"{}")
    buffer.put("/v1/utterances", b"x" * 6_000)
    assert (buffer.counts.waiting, buffer.counts.dropped) == (2, 1)
    buffer.settle([away])
    assert [line.body for line in buffer.take()] == [b"{}"]


def test_everything_arrives_through_bad_days() -> None:
    def yes(lines: list[Any]) -> bytes:
        body = answer_to(lines)
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    with misbehaving(4, read=lambda _, body: ("", lines_of(body)), yes=yes) as bad:
        client = Client(bad.url, timeout_s=0.5, interval_s=0.01)
        for number in range(len(BAD_WAYS)):
            say(client, number)
            assert client.flush(PATIENCE_S)
        client.close()
    assert set(bad.seen) == {"take", *BAD_WAYS}
    assert client.counts.taken == len(BAD_WAYS)
    assert client.counts.dropped == client.counts.refused == 0
    # Sent again it is the same, so the service counts it once.
    sent = {json.dumps(line) for _, lines in bad.taken for line in lines}
    assert len(sent) == len(BAD_WAYS)


def test_the_app_waits_for_nobody_while_a_request_hangs() -> None:
    release = threading.Event()

    def hang(got: Got) -> Reply:
        release.wait(PATIENCE_S)
        return Reply(200, answer_to(lines_of(got.body)))

    with stand_in(hang) as server:
        client = Client(server.url, interval_s=0, timeout_s=PATIENCE_S)
        say(client, 0)
        assert eventually(lambda: server.got)
        app = threading.Thread(target=say, args=(client, *range(1, 2_000)))
        app.start()
        app.join(PATIENCE_S)
        assert not app.is_alive()
        assert client.counts.waiting == 2_000
        release.set()
        assert client.close(PATIENCE_S)
    assert sorted(ids(server.got)) == sorted(f"u-{number}" for number in range(2_000))


@pytest.mark.parametrize(
    "value", [object(), b"\xff", "\ud800", {1: {2: 3j}}, 10**400, lambda: None, [[]] * 3, float("nan")]
)
def test_no_value_breaks_the_app(value: Any, shared_service: RunningService) -> None:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    with Client(shared_service.api) as client:
        client.utterance(value, "x")
        client.utterance("odd", value)
        client.utterance("odd", "x", attributes=value)
        client.utterance("odd", "x", misspelt=value)  # type: ignore[call-arg]
        client.reference(value, value, verdict=value, spoken_at=value)
        client.reference("odd", nested)  # type: ignore[arg-type]
    counts = client.counts
    assert counts.invalid + counts.refused + counts.taken == 6


def test_a_number_that_is_none_costs_no_transcript(
    shared_service: RunningService, caplog: pytest.LogCaptureFixture
) -> None:
    nan = float("nan")
    float32: Any = np.float32
    float64: Any = np.float64
    with Client(shared_service.api) as client:
        for number in range(2):
            client.utterance(f"nan-{number}", "the word is null", confidence=nan, word_confidences=[0.9, nan])
        client.utterance("nan-2", "x", audio={"snr_db": -nan, "gain_db": 2.0}, duration_s=float("inf"))
        client.utterance("nan-3", "x", attributes={"accent": "en-IE", "site": None})  # type: ignore[dict-item]
        client.utterance("nan-4", "x", confidence=float32(0.5), word_confidences=[float64(0.5)])
    assert (client.counts.taken, client.counts.refused, client.counts.invalid) == (5, 0, 0)
    assert client.counts.values_left_out == 6
    assert [each.getMessage() for each in caplog.records] == [
        "numbers that are not finite are left out of what is sent"
    ]


def test_what_cannot_be_sent_is_named_without_its_value(caplog: pytest.LogCaptureFixture) -> None:
    client = Client(NOWHERE)
    for _ in range(3):
        client.utterance("odd", b"secret \xff", confidence=object())  # type: ignore[arg-type]
    client.close(0)
    assert client.counts.invalid == 3
    [told] = [each.getMessage() for each in caplog.records if "JSON" in each.getMessage()]
    assert told == "what cannot be written as JSON is not sent: hypothesis (bytes), confidence (object)"
    assert "secret" not in caplog.text


def test_what_is_refused_is_counted_and_its_reason_logged_without_text(
    shared_service: RunningService, caplog: pytest.LogCaptureFixture
) -> None:
    with Client(shared_service.api) as client:
        client.utterance("", "a secret")
        client.utterance("fine", "a secret")
    assert (client.counts.refused, client.counts.taken) == (1, 1)
    [record] = caplog.records
    assert (record.name, record.levelno) == ("werwatch.client", logging.WARNING)
    assert "1 lines were refused, the first: utterance_id: expected" in record.getMessage()
    assert "secret" not in caplog.text


def test_what_is_too_large_is_sent_in_parts() -> None:
    def narrow(got: Got) -> Reply:
        lines = lines_of(got.body)
        return Reply(413) if len(lines) > 3 else Reply(200, answer_to(lines))

    with stand_in(narrow) as server:
        client = Client(server.url, interval_s=30)
        say(client, *range(10))
        assert client.close(PATIENCE_S)
    assert client.counts.taken == 10


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 500, 503, 301, 204])
def test_what_may_be_taken_another_time_is_sent_again(status: int) -> None:
    answers = iter([Reply(status, b"", {"Retry-After": "0"}), Reply(200, b"a proxy's page")])
    with stand_in(lambda got: next(answers, Reply(200, answer_to(lines_of(got.body))))) as server:
        client = Client(server.url)
        say(client, 1)
        assert client.close(PATIENCE_S)
    assert (client.counts.taken, client.counts.failed_attempts) == (1, 2)
    assert server.got[0].body == server.got[1].body == server.got[2].body


def test_after_its_close_it_only_counts() -> None:
    client = Client(NOWHERE)
    say(client, 1)
    assert not client.close(timeout_s=0)
    say(client, 2)
    assert (client.counts.dropped, client.counts.waiting) == (2, 0)
    assert eventually(lambda: "werwatch-client" not in {each.name for each in threading.enumerate()})


def test_a_fork_sends_what_it_hands_over_itself() -> None:
    app = """
import os, sys
from service.client import Client
client = Client(sys.argv[1], interval_s=0.2)
client.utterance("before", "x")
child = os.fork()
if child == 0:
    client.utterance("child", "x")
    os._exit(0 if client.flush(30) and client.counts.taken == 1 else 1)
assert os.waitpid(child, 0)[1] == 0
client.utterance("parent", "x")
assert client.close(30)
assert client.counts.taken == 2
"""
    with stand_in(lambda got: Reply(200, answer_to(lines_of(got.body)))) as server:
        done = script(app, server.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(ids(server.got)) == ["before", "child", "parent"]


APP = """
import sys
from service.client import Client
client = Client(sys.argv[1])
client.utterance("last words", "x")
"""


def test_the_end_of_the_process_waits_for_what_was_said_last() -> None:
    with stand_in(lambda got: Reply(200, answer_to(lines_of(got.body)))) as server:
        done = script(APP, server.url.replace("127.0.0.1", "localhost"))
    assert (done.returncode, done.stderr) == (0, "")
    assert ids(server.got) == ["last words"]


def test_a_process_ends_whether_the_service_is_there_or_not() -> None:
    done = script(APP, NOWHERE)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


def test_it_brings_token_and_certificate(make_service: Callable[..., RunningService], tmp_path: Path) -> None:
    authority = Authority(tmp_path).make()
    server, app = str(authority.issue("server")), authority.issue("app")
    token = tmp_path / "token"
    token.write_text("an-old-token-of-the-app")
    tls = {"cert_file": server, "key_file": server, "client_ca_file": str(authority.certificate)}
    new = tmp_path / "new"
    new.write_text("the-new-token-of-the-app")
    tokens = [{"name": "app", "token_file": str(new), "scopes": ["ingest"]}]
    service = make_service(tls=tls, api_tokens=tokens)
    client = Client(service.api, token_file=token, ca_file=str(authority.certificate), client_cert=app)
    say(client, 1)
    assert eventually(lambda: client.counts.failed_attempts)
    new.replace(token)
    assert client.close(PATIENCE_S)
    assert client.counts.taken == 1


@pytest.mark.parametrize(
    "token", ["a-token-of-some\nlength", "a-token-of-some-\u20acength", "a-token-of-some-\0", ""]
)
def test_a_token_that_no_header_can_hold_is_named_and_not_logged(
    token: str, caplog: pytest.LogCaptureFixture
) -> None:
    with stand_in() as server:
        client = Client(server.url, token=token)
        say(client, 1)
        assert eventually(lambda: "token holds" in caplog.text)
        client.close(timeout_s=0.2)
    assert not server.got
    assert "of-some" not in caplog.text


def test_blanks_around_a_token_are_no_part_of_it() -> None:
    with stand_in(lambda got: Reply(body=answer_to(lines_of(got.body)))) as server:
        with Client(server.url, token="a-token-of-some-length\n") as client:
            say(client, 1)
        assert server.got[0].headers["authorization"] == "Bearer a-token-of-some-length"


def test_files_that_are_missing_break_nothing(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    client = Client("https://127.0.0.1:1", ca_file=tmp_path / "none")
    say(client, 1)
    assert eventually(lambda: client.counts.failed_attempts)
    client.close(0)
    assert "cannot be used" in caplog.text


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8600", "ftp://x", "http://[", "http://x:99999", "http://\x00"]
)
def test_a_url_that_is_none_breaks_nothing(url: str) -> None:
    client = Client(url)
    say(client, 1)
    assert eventually(lambda: client.counts.failed_attempts)
    assert not client.close(0)


def test_it_imports_nothing_of_the_service() -> None:
    done = script("import service.client, sys; print(*sys.modules)")
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "httpx" in loaded
    assert loaded.isdisjoint(
        {"fastapi", "river", "numpy", "scipy", "pydantic", "yaml", "uvicorn", "detectors"}
    )
