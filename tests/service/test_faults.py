"""Faults injected for real: what the service answers, and that it recovers by itself."""

import json
import re
import resource
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from commands import call
from conftest import CLIENT, BadDay, RunningService, eventually, must_mount, program

from service.commands.healthcheck import ask
from service.errors import NotReady
from service.store.store import FILE_NAME

LINES = 500


def ready(service: RunningService) -> tuple[int, dict[str, Any]]:
    answer = CLIENT.get(service.metrics + "/readyz")
    return answer.status_code, answer.json()


def sample(service: RunningService, name: str) -> float:
    [line] = [line for line in service.scrape().splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[1])


def utterance(number: int) -> dict[str, Any]:
    # Every number has words of its own, so that it takes its room on the disk.
    words = " ".join(f"word{number}x{n}" for n in range(200))
    return {"utterance_id": f"u{number}", "hypothesis": words}


def fill(service: RunningService) -> tuple[int, httpx.Response]:
    """Post until something is refused; return how many were accepted, and the refusal."""
    for number in range(20_000):
        answer = service.post("/v1/utterances", utterance(number))
        if answer.status_code >= 300:
            return number, answer
    raise AssertionError("the disk never filled up")


def hold_everything(service: RunningService, accepted: int, refusal: httpx.Response) -> None:
    assert refusal.status_code == 503
    assert refusal.headers["retry-after"] == "30"
    assert "the store cannot be written" in refusal.json()["detail"]
    assert sample(service, "werwatch_store_writable") == 0
    assert sample(service, "werwatch_store_write_failures_total") >= 1
    status, content = ready(service)
    assert status == 503
    assert content["status"].startswith("the store cannot be written: ")
    address = service.metrics.removeprefix("http://")
    with pytest.raises(NotReady, match=f"^{re.escape(f'{address}: the store cannot be written: ')}"):
        ask(address)
    # What only reads goes on.
    assert service.get("/v1/alerts")["alerts"] == []
    assert accepted > 0


def recover(service: RunningService, accepted: int, data_dir: Path) -> None:
    assert eventually(lambda: ready(service)[0] == 200)
    assert sample(service, "werwatch_store_writable") == 1
    assert service.post("/v1/utterances", utterance(accepted)).status_code == 202
    # SQLite would not find its files through another process's root, so a copy is looked at.
    copy = service.folder / "copy"
    shutil.copytree(data_dir, copy, ignore=shutil.ignore_patterns("*-shm"))
    with closing(sqlite3.connect(copy / FILE_NAME)) as db:
        kept = {row[0] for row in db.execute("SELECT utterance_id FROM utterances")}
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert kept == {f"u{number}" for number in range(accepted + 1)}
    assert service.log.count("everything is refused until it can") >= 1
    assert "the store can be written again" in service.log


def test_a_full_disk_refuses_and_recovers_by_itself_with_everything_that_was_accepted(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    day = BadDay(tmp_path)
    service = make_service(*day.program)
    service.post("/v1/utterances", utterance(0))
    day.becomes(file_bytes=400_000)
    accepted, refusal = fill(service)
    hold_everything(service, accepted, refusal)
    day.becomes()
    recover(service, accepted, service.data_dir)
    assert service.stop() == 0


def test_of_many_lines_a_full_disk_says_how_many_are_kept(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service()
    assert service.process is not None
    lines = "\n".join(json.dumps(utterance(number)) for number in range(LINES)).encode()
    ndjson = {"content-type": "application/x-ndjson"}
    resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))
    refusal = service.post("/v1/utterances", lines, **ndjson)
    kept = refusal.json()["kept"]
    assert (refusal.status_code, refusal.headers["retry-after"]) == (503, "30")
    assert refusal.json()["detail"].startswith(f"only {kept} lines are kept: the store cannot be written: ")
    assert sample(service, 'werwatch_receipts_total{outcome="accepted"}') == kept
    resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    assert eventually(lambda: ready(service)[0] == 200)
    answer = service.post("/v1/utterances", lines, **ndjson).json()
    assert (answer["duplicate"], answer["accepted"]) == (kept, LINES - kept)


def test_a_small_disk_that_another_program_fills_does_no_harm(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    must_mount()
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f'mount -t tmpfs -o size=1m none "{disk}" && exec "$@"'
    service = make_service(
        program("unshare", "util-linux"),
        "--mount",
        "sh",
        "-c",
        mount,
        "sh",
        *RunningService.program,
        data_dir=str(disk),
    )
    assert service.process is not None
    # The disk is the child's alone, so it is looked at through the child.
    seen = Path(f"/proc/{service.process.pid}/root") / disk.relative_to("/")
    (seen / "filler").write_bytes(bytes(400_000))
    accepted, refusal = fill(service)
    hold_everything(service, accepted, refusal)
    assert "database or disk is full" in refusal.json()["detail"]
    (seen / "filler").unlink()
    recover(service, accepted, seen)
    assert service.stop() == 0


def test_a_store_that_is_damaged_in_the_middle_says_so_and_what_to_do(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service()
    lines = "\n".join(json.dumps(utterance(number)) for number in range(LINES)).encode()
    ndjson = {"content-type": "application/x-ndjson"}
    assert service.post("/v1/utterances", lines, **ndjson).status_code == 200
    assert service.stop() == 0
    damage(service.data_dir / FILE_NAME, 0.3, 0.9)
    service.start()
    refusal = service.post("/v1/utterances", lines, **ndjson)
    unreadable = CLIENT.get(service.metrics + "/metrics")
    for answer in (refusal, unreadable):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
        assert "is damaged; stop werwatch and put a backup in its place" in answer.json()["detail"]
    assert service.get("/v1/alerts")["alerts"] == []
    assert "the store cannot be written, everything is refused until it can" in service.log
    assert "the store cannot be read: " in service.log
    # Whoever needs nothing of what is damaged is answered as before.
    assert service.post("/v1/utterances", b"{").status_code == 400
    assert service.stop() == 0
    done = call("rotate-key", "--yes", "--author", "a", "--config", service.folder / "werwatch.yaml")
    assert done.returncode != 0
    assert "is damaged; stop werwatch and put a backup in its place" in done.stderr
    assert "Traceback" not in done.stderr


def damage(path: Path, begin: float, end: float) -> None:
    """Overwrite a part of a file."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(int(begin * size))
        file.write(b"\xa5" * int((end - begin) * size))
