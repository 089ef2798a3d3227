"""A copy of the store, made while it is written to, can take its place; nothing is overwritten."""

import json
import secrets
import shutil
import sqlite3
import stat
import subprocess
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from bearer import Bearer
from chaos.stream import DETECTION, said
from commands import call
from conftest import RunningService, score

from service.config import Config
from service.errors import StartError
from service.store.schema import MIGRATIONS
from service.store.store import FILE_NAME
from service.upkeep.backup import back_up, restore

NEWER = len(MIGRATIONS) + 1


def run(service: RunningService, *command: str) -> subprocess.CompletedProcess[str]:
    return call(*command, "--config", service.folder / "werwatch.yaml")


def ask(path: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as db, db:
        return db.execute(query).fetchall()


def ids(path: Path) -> set[str]:
    return {name for (name,) in ask(path, "SELECT utterance_id FROM scored")}


def test_a_copy_of_a_store_that_is_written_to_goes_on_in_another_folder(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    service = make_service(detection=DETECTION)
    score(service, 0, 600)
    stops = threading.Event()

    def go_on() -> None:
        index = 600
        while not stops.is_set():
            score(service, index, index + 20)
            index += 20

    writing = threading.Thread(target=go_on)
    writing.start()
    copy = tmp_path / "copy.db"
    done = run(service, "backup", str(copy))
    stops.set()
    writing.join()
    assert (done.returncode, done.stderr) == (0, "")
    assert "scored utterances" in done.stdout
    assert "the hashing key is not in it" in done.stdout
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    # One file, and nothing beside it.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "service-0"]
    copied = ids(copy)
    assert copied >= {f"u-{index}" for index in range(600)}
    assert service.stop() == 0

    service.settings["data_dir"] = str(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    shutil.copy(service.data_dir / "key", tmp_path / "elsewhere" / "key")
    write_settings(service)
    done = run(service, "restore", str(copy))
    assert (done.returncode, done.stderr) == (0, "")
    service.start()
    assert service.post("/v1/references", said(0, 1).both()).json()["status"] == "duplicate"
    missing = sorted({f"u-{index}" for index in range(900)} - copied, key=lambda name: int(name[2:]))
    for name in missing[:50]:
        assert service.post("/v1/references", said(int(name[2:]), 1).both()).json()["status"] == "scored"
    done = run(service, "verify")
    assert (done.returncode, done.stdout.count(": good: ")) == (0, 4)
    assert service.stop() == 0
    assert ids(tmp_path / "elsewhere" / FILE_NAME) == copied | set(missing[:50])


def write_settings(service: RunningService) -> None:
    """Let commands see the settings of the next start."""
    (service.folder / "werwatch.yaml").write_text(json.dumps(service.settings))


def test_a_store_that_is_there_is_moved_aside_whole_and_only_when_asked_to(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    service = make_service(detection=DETECTION)
    score(service, 0, 20)
    copy = tmp_path / "copy.db"
    assert run(service, "backup", str(copy)).returncode == 0
    score(service, 20, 50)
    done = run(service, "restore", "--force", str(copy))
    assert done.returncode == 2
    assert "is in use by another werwatch" in done.stderr
    # Its last rows are in the log alone.
    service.kill()
    done = run(service, "restore", str(copy))
    assert done.returncode == 2
    assert "holds a store already" in done.stderr
    done = run(service, "restore", "--force", str(copy))
    assert (done.returncode, done.stderr) == (0, "")
    [aside] = service.data_dir.glob("replaced-*")
    assert str(aside) in done.stdout
    assert len(ids(aside / FILE_NAME)) == 50
    assert len(ids(service.data_dir / FILE_NAME)) == 20
    assert stat.S_IMODE((service.data_dir / FILE_NAME).stat().st_mode) == 0o600
    service.start()
    score(service, 20, 30)
    assert service.stop() == 0


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory, bearer: Bearer) -> Path:
    """The data folder of a stopped service with a few rows."""
    service = RunningService(tmp_path_factory.mktemp("service"), bearer=bearer).start()
    score(service, 0, 5)
    assert service.stop() == 0
    return service.data_dir


@pytest.fixture
def config(stopped: Path, tmp_path: Path) -> Config:
    """Of a folder like that, to be spoilt."""
    return Config(data_dir=shutil.copytree(stopped, tmp_path / "data"))


def test_nothing_is_overwritten_by_a_copy(config: Config, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("something dear")
    with pytest.raises(StartError, match="is not overwritten"):
        back_up(config, copy)
    assert copy.read_text() == "something dear"
    with pytest.raises(StartError, match="cannot be written: No such file"):
        back_up(config, tmp_path / "none" / "copy.db")
    with pytest.raises(StartError, match="holds no store"):
        back_up(Config(data_dir=tmp_path / "none"), tmp_path / "other.db")
    assert not (tmp_path / "none").exists()


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4_096 * 3 : 4_096 * 8] = secrets.token_bytes(4_096 * 5)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (damage, "is damaged|cannot be copied"),
        (lambda path: path.write_text("no database " * 1_000), "cannot be copied: file is not a database"),
        (lambda path: path.write_bytes(b""), "is no store of werwatch"),
        (lambda path: path.unlink(), "no such file"),
        (
            lambda path: ask(path, f"PRAGMA user_version = {len(MIGRATIONS) + 1}"),
            "written by a newer werwatch",
        ),
        (lambda path: ask(path, "UPDATE hashing_key SET check_value = x'00'"), "another hashing key"),
    ],
)
def test_a_copy_that_is_of_no_use_is_refused_and_the_store_left_as_it_is(
    spoil: Callable[[Path], Any], message: str, config: Config, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    back_up(config, copy)
    spoil(copy)
    before = (config.data_dir / FILE_NAME).read_bytes()
    with pytest.raises(StartError, match=message):
        restore(config, copy, is_forced=True)
    assert (config.data_dir / FILE_NAME).read_bytes() == before
    assert {path.name for path in config.data_dir.iterdir()} <= {
        FILE_NAME,
        "key",
        "lock",
        f"{FILE_NAME}-wal",
        f"{FILE_NAME}-shm",
    }


def test_a_copy_whose_key_is_not_there_is_refused(config: Config, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    back_up(config, copy)
    with pytest.raises(StartError, match="put it there first"):
        restore(Config(data_dir=tmp_path / "other"), copy, is_forced=False)


def test_a_store_that_is_damaged_beyond_reading_is_moved_aside_too(config: Config, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    back_up(config, copy)
    (config.data_dir / FILE_NAME).write_text("no database " * 1_000)
    _, aside = restore(config, copy, is_forced=True)
    assert aside is not None
    assert (aside / FILE_NAME).read_text() == "no database " * 1_000
    assert len(ids(config.data_dir / FILE_NAME)) == 5
