"""Asked to stop, the service answers or refuses everybody, saves, and waits for nobody longer than 10 s."""

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from chaos.stream import DETECTION, said
from child import child
from conftest import STOP_S, RunningService, catches_up, eventually

from service.pipeline import CLOSE_S, LAST_TURN_S
from service.serve import ANSWER_S
from service.store.data_dir import LOCK_FILE
from service.store.store import FILE_NAME

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
WITHIN_S = 10
"""Nobody is waited for longer than this in all; a receiver and clients that hang would take far longer."""
HANGS: dict[str, Any] = {"timeout": "5m", "read_timeout": "5m"}
BEFORE, BUSY = 1_300, 800
"""Utterances after which some alerts have fired, and those that are being scored at the stop."""


@contextmanager
def receiver_that_hangs() -> Iterator[tuple[str, list[socket.socket]]]:
    """Takes notices and never answers."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hold() -> None:
            while True:
                try:
                    held.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=hold, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/", held
        server.shutdown(socket.SHUT_RDWR)
    for each in held:
        each.close()


def connect(service: RunningService) -> socket.socket:
    host, port = service.api.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=STOP_S)


def has_read(service: RunningService, *connections: socket.socket) -> bool:
    """Whether the service has taken up all that was sent to it through these."""
    api = int(service.api.rpartition(":")[2])
    ours = {connection.getsockname()[1] for connection in connections}
    unsent, unread = {}, {}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, _, queues, *_ = line.split()
        here, there = (int(address.partition(":")[2], 16) for address in (local, remote))
        to_send, to_read = (int(queue, 16) for queue in queues.split(":"))
        if here in ours and there == api:
            unsent[here] = to_send
        elif here == api and there in ours:
            unread[there] = to_read
    return unsent == unread == dict.fromkeys(ours, 0)


def head(service: RunningService, length: int) -> bytes:
    host = service.api.removeprefix("http://")
    return (
        f"POST /v1/references HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-ndjson\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def answer_on(connection: socket.socket) -> tuple[int, dict[str, str], Any]:
    received = b""
    while piece := connection.recv(65_536):
        received += piece
    top, _, body = received.partition(b"\r\n\r\n")
    status, *lines = top.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(status.split()[1]), headers, json.loads(body)


def bulk(begin: int, end: int) -> bytes:
    return "\n".join(json.dumps(said(index, seed=2).both()) for index in range(begin, end)).encode()


def test_everybody_is_answered_or_refused_and_it_is_gone_in_time(
    make_service: Callable[..., RunningService],
) -> None:
    with receiver_that_hangs() as (url, held):
        receiver = {"name": "oncall", "kind": "webhook", "url": url, "secret": SECRET, **HANGS}
        service = make_service(detection=DETECTION, receivers=[receiver], limits={"client_timeout": "1h"})
        service.post("/v1/references", bulk(0, BEFORE), **{"content-type": "application/x-ndjson"})
        assert eventually(lambda: held)
        assert catches_up(service)
        whole = bulk(BEFORE, BEFORE + BUSY)
        with connect(service) as idle, connect(service) as silent, connect(service) as slow:
            with connect(service) as busy:
                idle.sendall(b"GET /v1/alerts HTTP/1.1\r\nHost: a\r\n\r\n")
                assert idle.recv(65_536).startswith(b"HTTP/1.1 200")
                silent.sendall(b"POST /v1/utter")
                slow.sendall(head(service, 1_000) + b'{"utterance_id"')
                busy.sendall(head(service, len(whole)) + whole)
                assert eventually(lambda: has_read(service, idle, silent, slow, busy))
                assert service.process is not None
                service.process.send_signal(signal.SIGTERM)
                status, _, content = answer_on(busy)
                assert (status, content["scored"]) == (200, BUSY)
            status, headers, content = answer_on(slow)
            assert (status, headers["retry-after"]) == (503, "1")
            assert headers["content-type"] == "application/problem+json"
            assert "the service is stopping" in content["detail"]
            for connection in (idle, silent):
                while connection.recv(65_536):
                    pass
        assert service.process.wait(STOP_S) == 0
    assert ANSWER_S + CLOSE_S + 2 * LAST_TURN_S < WITHIN_S
    assert "everything that was accepted is on disk" in service.log
    with closing(sqlite3.connect(service.data_dir / FILE_NAME)) as db:
        assert db.execute("SELECT COUNT(*) FROM scored").fetchone() == (BEFORE + BUSY,)
        assert db.execute("SELECT seq FROM snapshot").fetchone() == (BEFORE + BUSY,)
        assert db.execute("SELECT COUNT(*) FROM outbox WHERE state = 'pending'").fetchone() > (0,)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_more_signals_until_it_is_gone_break_nothing_off(
    number: signal.Signals, make_service: Callable[..., RunningService]
) -> None:
    service = make_service()
    assert service.process is not None
    deadline = time.monotonic() + STOP_S
    while service.process.poll() is None and time.monotonic() < deadline:
        service.process.send_signal(number)
        time.sleep(0.001)
    assert service.process.wait(STOP_S) == 0
    assert "everything that was accepted is on disk" in service.log


def on_any_port(folder: Path) -> Path:
    config = folder / "werwatch.yaml"
    addresses = {"listen": "127.0.0.1:0", "metrics_listen": "127.0.0.1:0"}
    config.write_text(yaml.safe_dump({**addresses, "data_dir": str(folder)}))
    return config


def test_it_can_be_stopped_while_it_still_starts(tmp_path: Path) -> None:
    with child([*RunningService.program, "serve", "--config", str(on_any_port(tmp_path))]) as process:
        lock = tmp_path / LOCK_FILE
        assert eventually(lambda: lock.exists() and lock.read_text() == f"{process.pid}\n")
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_S) == 0


# A signal to a process that is inside a finaliser, where Python drops what the handler raises.
DROPPED = """
import service.serve, signal
from service.cli import main

class Dropped:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)

endpoints = service.serve.endpoints
service.serve.endpoints = lambda config: (Dropped(), endpoints(config))[1]
main()
"""


def test_a_stop_that_comes_inside_a_finaliser_is_not_forgotten(tmp_path: Path) -> None:
    command = [sys.executable, "-c", DROPPED, "serve", "--config", str(on_any_port(tmp_path))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=STOP_S, check=False)
    assert (done.returncode, "everything that was accepted is on disk" in done.stdout) == (0, True), done


def test_a_hangup_is_no_reason_to_stop(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    assert service.process is not None
    service.process.send_signal(signal.SIGHUP)
    assert eventually(lambda: "the configuration was read again; changed: nothing" in service.log)
    assert service.post("/v1/utterances", {"utterance_id": "a", "hypothesis": "no fever"}).status_code == 202
    assert service.stop() == 0
