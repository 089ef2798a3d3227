"""A data folder that becomes read-only while the service runs: everything is refused until it can be written.

A file system that met an error is made read-only by the kernel under open files, which nobody else can do to
it: so ``strace`` lets every call that would write there fail as it does then.
"""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import httpx
import pytest
from child import child, stop
from conftest import CLIENT, STOP_S, RunningService, eventually, program

from service.store.store import FILE_NAME

WRITING = "pwrite64,ftruncate,fallocate,fsync,fdatasync,unlink,rename"
SYNCHRONISING = "fsync,fdatasync"
RETRIES = 20


@contextmanager
def failing(service: RunningService, calls: str) -> Iterator[None]:
    """Let these calls of a service fail in its data folder for as long as this lasts."""
    assert service.process is not None
    files = [f"-P{path}" for path in (service.data_dir, *service.data_dir.iterdir())]
    fault = ("-e", f"inject={calls}:error=EROFS", "-e", f"trace={calls}", "-o", "/dev/null")
    command = [program("strace", "strace"), "-f", "-p", str(service.process.pid), *files, *fault]
    with child(command, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        try:
            # It says so once every thread is held.
            assert "attached" in tracer.stderr.readline()
            yield
        finally:
            # It lets go of them before it ends.
            stop(tracer, STOP_S)


def send(service: RunningService, number: int) -> httpx.Response:
    body = {"utterance_id": f"u-{number}", "hypothesis": "no fever"}
    return service.post("/v1/utterances", body)


@pytest.mark.parametrize("calls", [WRITING, SYNCHRONISING])
def test_it_refuses_and_recovers_by_itself_with_everything_that_was_accepted(
    calls: str, make_service: Callable[..., RunningService]
) -> None:
    service = make_service()
    accepted = [number for number in range(RETRIES) if send(service, number).status_code == 202]
    assert len(accepted) == RETRIES
    with failing(service, calls):
        for number in range(RETRIES, 2 * RETRIES):
            refusal = send(service, number)
            assert (refusal.status_code, refusal.headers["retry-after"]) == (503, "30")
            assert "the store cannot be written: " in refusal.json()["detail"]
        ready = CLIENT.get(service.metrics + "/readyz")
        assert (ready.status_code, ready.json()["status"][:28]) == (503, "the store cannot be written:")
        assert "werwatch_store_writable 0.0" in service.scrape()
        # What only reads goes on.
        assert service.get("/v1/alerts")["alerts"] == []
    assert eventually(lambda: CLIENT.get(service.metrics + "/readyz").status_code == 200)
    assert send(service, 2 * RETRIES).status_code == 202
    # A power loss aside, what is in the log now is what was accepted, and nothing that was refused.
    service.kill()
    service.start()
    assert service.stop() == 0
    with closing(sqlite3.connect(service.data_dir / FILE_NAME)) as db:
        kept = [name for (name,) in db.execute("SELECT utterance_id FROM utterances ORDER BY number")]
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert kept == [f"u-{number}" for number in (*accepted, 2 * RETRIES)]
