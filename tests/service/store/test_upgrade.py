"""A store of an earlier layout is written anew at the first start: told of meanwhile, whole or as it was."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest
from conftest import STOP_S, BadDay, RunningService, eventually
from held_port import held_port

from service.errors import StartError
from service.store.schema import MIGRATIONS
from service.store.store import FILE_NAME, Store

LAYOUT = 7
MANY = 40_000
HELD_AT = 4_000_000
"""Bytes of the log at which an upgrade is in its middle."""
HELD = """
import sys, time
from pathlib import Path
import service.cli
from service.store import upgrade

go_on, look = Path(sys.argv.pop(1)), upgrade._Progress.look

def held(progress):
    while progress._log.exists() and progress._log.stat().st_size > HELD_AT and not go_on.exists():
        time.sleep(0.01)
    return look(progress)

upgrade._Progress.look = held
service.cli.main()
""".replace("HELD_AT", str(HELD_AT))
"""A service that stays in the middle of its upgrade until a file is there."""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The file of an earlier layout, with more rows than are written in a moment."""
    path = tmp_path / "service" / "data" / FILE_NAME
    path.parent.mkdir(parents=True, mode=0o700)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA auto_vacuum = 2")
        db.executescript((Path(__file__).parent / "layouts" / f"layout_{LAYOUT}.sql").read_text())
        columns = [row[1] for row in db.execute("PRAGMA table_info(utterances)") if row[1] != "number"]
        chosen = {"utterance_id": "'n-' || value", "hypothesis": "randomblob(160)", "scored_seq": "NULL"}
        values = ", ".join(chosen.get(name, name) for name in columns)
        db.execute(
            "WITH RECURSIVE every (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM every LIMIT "
            f"{MANY}) INSERT INTO utterances ({', '.join(columns)}) SELECT {values} FROM every, "
            "(SELECT * FROM utterances WHERE number = 1)"
        )
        db.execute("DELETE FROM hashing_key")
        db.commit()
    path.chmod(0o600)
    return path


def content(store: Path) -> tuple[int, int, list[str]]:
    """Layout, number of utterances, and what is wrong with the file."""
    with closing(sqlite3.connect(store)) as db:
        [(version,)] = db.execute("PRAGMA user_version")
        [(rows,)] = db.execute("SELECT COUNT(*) FROM utterances WHERE utterance_id LIKE 'n-%'")
        return version, rows, [row[0] for row in db.execute("PRAGMA integrity_check")]


GO_ON = "go-on"
WHOLE = (len(MIGRATIONS), MANY, ["ok"])
AS_IT_WAS = (LAYOUT, MANY, ["ok"])


@pytest.fixture
def service(store: Path) -> Iterator[RunningService]:
    key = store.parent.parent / "key"
    key.write_bytes(bytes(32))
    key.chmod(0o600)
    with ExitStack() as held:
        ports = {
            name: f"127.0.0.1:{held.enter_context(held_port())}" for name in ("listen", "metrics_listen")
        }
        with RunningService(store.parent.parent, {"privacy": {"key_file": str(key)}, **ports}) as service:
            yield service


def begin(service: RunningService, store: Path) -> Future[RunningService]:
    """Start, and do not wait until it is up: it is in the middle of its upgrade until `go_on`."""
    service.program = (sys.executable, "-c", HELD, str(service.folder / GO_ON))
    log = store.with_name(f"{FILE_NAME}-wal")
    starting: Future[RunningService] = Future()

    def start() -> None:
        try:
            starting.set_result(service.start())
        except RuntimeError as error:
            starting.set_exception(error)

    threading.Thread(target=start).start()
    assert eventually(lambda: log.exists() and log.stat().st_size > HELD_AT)
    return starting


def go_on(service: RunningService) -> None:
    (service.folder / GO_ON).touch()


def test_while_it_goes_on_the_process_lives_and_is_not_ready(service: RunningService, store: Path) -> None:
    starting = begin(service, store)
    metrics, api = (f"http://{service.settings[name]}" for name in ("metrics_listen", "listen"))
    assert "upgrading the store from layout" in service.log
    assert httpx.get(metrics + "/healthz").json() == {"status": "ok"}
    told = f"upgrading the store from layout {LAYOUT} to {len(MIGRATIONS)}"
    ready, sent = (
        httpx.get(metrics + "/readyz"),
        httpx.post(api + "/v1/utterances", json={"utterance_id": "x"}),
    )
    assert (ready.status_code, ready.json()["status"].startswith(told)) == (503, True)
    assert (sent.status_code, sent.headers["retry-after"]) == (503, "30")
    assert sent.json()["detail"].startswith(told)
    go_on(service)
    starting.result()
    assert httpx.get(metrics + "/readyz").status_code == 200
    assert service.stop() == 0
    assert content(store) == WHOLE


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_it_leaves_the_store_as_it_was(
    end: signal.Signals, service: RunningService, store: Path
) -> None:
    starting = begin(service, store)
    assert service.process is not None
    service.process.send_signal(end)
    code = service.process.wait(STOP_S)
    with pytest.raises(RuntimeError, match="did not start"):
        starting.result()
    assert code == (0 if end is signal.SIGTERM else -signal.SIGKILL)
    assert ("the next start begins it again" in service.log) == (end is signal.SIGTERM)
    assert content(store) == AS_IT_WAS
    go_on(service)
    service.start()
    assert service.stop() == 0
    assert content(store) == WHOLE


def test_without_room_for_it_nothing_is_begun(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(store.parent)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage._replace(free=3 * store.stat().st_size - 1))
    with pytest.raises(StartError, match=r"has layout 7 .* needs \d+ MB free beside it, and \d+ are; free"):
        Store(store.parent)
    assert content(store) == AS_IT_WAS
    monkeypatch.undo()
    Store(store.parent).close()
    assert content(store) == WHOLE


def test_a_disk_that_becomes_full_leaves_the_store_as_it_was(service: RunningService, store: Path) -> None:
    day = BadDay(service.folder, file_bytes=store.stat().st_size + 1_000_000)
    service.program = day.program
    with pytest.raises(RuntimeError, match="the service did not start"):
        service.start()
    assert "the disk did not take that (disk I/O error); free some space" in service.log
    assert "Traceback" not in service.log
    assert content(store) == AS_IT_WAS
    day.becomes()
    service.start()
    assert service.stop() == 0
    assert content(store) == WHOLE


def test_a_long_log_that_a_killed_process_left_is_told_of_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.store.damage.LONG_LOG_BYTES", 1_000_000)
    said: list[str] = []
    with closing(Store(tmp_path, said.append)) as store:
        with store.transaction():
            store._db.execute("CREATE TABLE long (content BLOB)")
            store._db.execute("INSERT INTO long VALUES (randomblob(2500000))")
        assert said == []
        left = tmp_path / "left"
        shutil.copytree(tmp_path, left)
    Store(left, said.append).close()
    assert said == ["reading 2 MB of the write-ahead log"]
