"""The proxy ends, or the service is gone: what becomes of calls and copies then."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
from conftest import CLIENT, PATIENCE_S, RunningService, eventually
from engine_server import Engine, Handler
from proxy_process import AUDIO, TEXT, Proxy, says, utterances


def answered_under_load(proxy: Proxy, end: Callable[[], None]) -> set[str]:
    """Names of the calls that were answered whole before and while the proxy was ended."""
    answered: set[str] = set()
    ended = threading.Event()

    def call(worker: int) -> None:
        for number in itertools.count():
            name = f"u-{worker}-{number}"
            try:
                answer = CLIENT.post(proxy.url, content=AUDIO, headers={"x-werwatch-utterance-id": name})
            except httpx.TransportError:
                if ended.is_set():
                    return
                continue
            assert (answer.status_code, answer.json()) == (200, TEXT)
            assert answer.headers["x-werwatch-event"] == name
            answered.add(name)

    with ThreadPoolExecutor(6) as apps:
        calling = [apps.submit(call, worker) for worker in range(6)]
        try:
            assert eventually(lambda: len(answered) > 60)
            end()
        finally:
            # Whatever went wrong, they come to their end.
            ended.set()
            proxy.process.kill()
        for each in calling:
            each.result()
    return answered


def test_it_ends_once_calls_and_copies_are_through(
    make_proxy: Callable[..., Proxy], make_service: Callable[..., RunningService]
) -> None:
    service = make_service()
    has_come, goes_on = threading.Event(), threading.Event()

    def later(handler: Handler) -> None:
        has_come.set()
        assert goes_on.wait(PATIENCE_S)
        says()(handler)

    with Engine(later) as engine:
        proxy = make_proxy(engine.url, service.api)
        answers: list[httpx.Response] = []
        asking = threading.Thread(target=lambda: answers.append(httpx.post(f"{proxy.url}/", content=AUDIO)))
        asking.start()
        assert has_come.wait(PATIENCE_S)
        proxy.process.terminate()
        goes_on.set()
        asking.join()
        assert proxy.process.wait(PATIENCE_S) == 0
    assert answers[0].json() == TEXT
    assert utterances(service) == {"unknown": 1}


def test_it_ends_under_load_with_every_answer_whole_and_every_copy_kept(
    make_proxy: Callable[..., Proxy], make_service: Callable[..., RunningService]
) -> None:
    service = make_service()
    with Engine(says()) as engine:
        proxy = make_proxy(engine.url, service.api)

        def end() -> None:
            proxy.process.terminate()
            assert proxy.process.wait(PATIENCE_S) == 0

        answered = answered_under_load(proxy, end)
    verdicts = [json.dumps({"utterance_id": name, "verdict": "correct"}) for name in sorted(answered)]
    lines = "\n".join(verdicts).encode()
    kept = service.post("/v1/references", lines, **{"content-type": "application/x-ndjson"}).json()
    assert kept["scored"] == len(answered)
    assert [line for line in proxy.log.splitlines() if '"level": "info"' not in line] == []


def test_a_killed_proxy_takes_its_copies_with_it_and_nothing_else(
    make_proxy: Callable[..., Proxy],
    make_service: Callable[..., RunningService],
    hold_port: Callable[[], int],
) -> None:
    service, place = make_service(), f"127.0.0.1:{hold_port()}"
    with Engine(says()) as engine:
        proxy = make_proxy(engine.url, service.api, "--listen", place)

        def end() -> None:
            proxy.process.kill()
            proxy.process.wait(PATIENCE_S)

        answered = answered_under_load(proxy, end)
        again = make_proxy(engine.url, service.api, "--listen", place)
        assert CLIENT.post(again.url, content=AUDIO).json() == TEXT
        assert again.becomes("copies", "kept")
    # Each call is an utterance at most, whatever became of its answer.
    assert 1 < sum(utterances(service).values()) <= len(engine.requests)
    assert len(answered) <= len(engine.requests)


def test_calls_go_through_while_the_service_is_gone_and_their_copies_come_later(
    make_proxy: Callable[..., Proxy],
    make_service: Callable[..., RunningService],
    hold_port: Callable[[], int],
) -> None:
    place = f"127.0.0.1:{hold_port()}"
    with Engine(says()) as engine:
        proxy = make_proxy(engine.url, f"http://{place}")
        for _ in range(3):
            answer = httpx.post(f"{proxy.url}/v1/audio/transcriptions", content=AUDIO)
            assert (answer.status_code, answer.json()) == (200, TEXT)
        assert eventually(lambda: proxy.metric("werwatch_proxy_copies_waiting") == 3)
        service = make_service(listen=place)
        assert proxy.becomes("copies", "kept", 3)
    assert utterances(service) == {"unknown": 3}


def test_copies_that_nobody_took_until_the_end_are_told(
    make_proxy: Callable[..., Proxy], hold_port: Callable[[], int]
) -> None:
    with Engine(says()) as engine:
        proxy = make_proxy(engine.url, f"http://127.0.0.1:{hold_port()}")
        for _ in range(3):
            assert CLIENT.post(proxy.url, content=AUDIO).json() == TEXT
        proxy.process.terminate()
        assert proxy.process.wait(PATIENCE_S) == 0
    assert "3 copies go with the proxy, werwatch did not take them" in proxy.log
