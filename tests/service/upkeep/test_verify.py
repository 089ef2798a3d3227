"""What is wrong with a store is found and named; nothing is changed by looking."""

import json
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from bearer import Bearer
from chaos.stream import DETECTION
from commands import call
from conftest import BadDay, RunningService, catches_up, eventually, score

from service.store import id_faults
from service.store.filed_ids import FiledIds, id_key, id_keys, pairs_of
from service.store.store import FILE_NAME

DAY_S = 86_400.0
NAME = "SELECT utterance_id FROM utterances WHERE number ="


def verify(service: RunningService) -> tuple[int, list[str]]:
    done = call("verify", "--config", service.folder / "werwatch.yaml")
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def ask(path: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as db, db:
        return db.execute(query).fetchall()


@pytest.fixture(scope="module")
def aged(tmp_path_factory: pytest.TempPathFactory, bearer: Bearer) -> Path:
    """A data folder whose first rows went by age."""
    folder = tmp_path_factory.mktemp("service")
    day = BadDay(folder)
    service = RunningService(folder, {"detection": DETECTION}, day.program, bearer).start()
    score(service, 0, 700)
    # Looking at a store that is written to is no different.
    assert verify(service)[0] == 0
    assert catches_up(service)
    assert service.stop() == 0
    day.becomes(clock_s=401 * DAY_S)
    service.start()
    assert eventually(lambda: ask(service.data_dir / FILE_NAME, "SELECT COUNT(*) FROM scored") == [(0,)])
    score(service, 700, 800)
    assert service.post("/v1/announcements", {"description": "new engine", "author": "ann"}).is_success
    score(service, 800, 1_000)
    assert catches_up(service)
    assert service.stop() == 0
    return service.data_dir


@pytest.fixture
def service(aged: Path, tmp_path: Path, bearer: Bearer) -> RunningService:
    """Stopped, with a copy of that folder to be spoilt."""
    folder = tmp_path / "service"
    shutil.copytree(aged, folder / "data")
    (folder / "werwatch.yaml").write_text(
        json.dumps({"data_dir": str(folder / "data"), "detection": DETECTION})
    )
    return RunningService(folder, bearer=bearer)


def test_a_whole_store_is_called_good_and_left_as_it_is(service: RunningService) -> None:
    path = service.data_dir / FILE_NAME
    before = path.read_bytes()
    assert verify(service) == (
        0,
        [
            f"file: good: {path} is whole",
            "ids: good: 300 utterances have each an id of their own that leads to them",
            "sums: good: the totals are those of 1,000 scored utterances",
            "state: good: the saved one is what the rows 701 to 1,000 lead to",
        ],
    )
    assert path.read_bytes() == before


DIFFERENT = "state: BAD: the saved one is not what the rows 701"


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (
            "UPDATE totals SET errors = errors + 1 WHERE cohort = 'en-AU'",
            "sums: BAD: the totals of en-AU are not",
        ),
        # Not filed yet, both of them.
        (
            "UPDATE utterances SET utterance_id = 'u-704' WHERE number = 3",
            "ids: BAD: 1 utterances have the id of another (rows 3 and 5), so one of them may count twice",
        ),
        ("UPDATE scored SET utterance_number = 1 WHERE seq = 801", "ids: BAD: 1 scored rows (seq 801) name"),
        (
            "INSERT INTO young_ids VALUES (0, x'39300000000000000700000000000000')",
            "ids: BAD: of 0 utterances the id does not",
        ),
        ("DELETE FROM hourly", "sums: BAD: the totals of en-AU, "),
        (
            "UPDATE scored SET speaker = 'another' WHERE seq = 750",
            "state: BAD: the saved one is not what the rows 701",
        ),
        (
            "UPDATE base SET state = (SELECT state FROM snapshot)",
            "state: BAD: the saved one is not what the rows 701",
        ),
        ("UPDATE snapshot SET state = substr(state, 1, 1000)", "state: BAD: the saved one cannot be used"),
        ("DELETE FROM snapshot", "state: good: none is saved yet"),
        ("PRAGMA user_version = 3", "layout: BAD: layout 3, this version's is 10"),
    ],
)
def test_what_does_not_fit_is_named(spoil: str, line: str, service: RunningService) -> None:
    ask(service.data_dir / FILE_NAME, spoil)
    code, lines = verify(service)
    assert code == (0 if ": good: " in line else 1)
    assert any(each.startswith(line) for each in lines), lines


def test_where_retention_took_all_rows_there_are_none_to_lead_to_the_state(service: RunningService) -> None:
    path = service.data_dir / FILE_NAME
    ask(path, "INSERT OR REPLACE INTO base SELECT id, seq, intervention, state FROM snapshot")
    code, lines = verify(service)
    assert code == 0
    state = "the saved one is what the state after row 1,000, with which the history begins, leads to"
    assert lines[-1] == f"state: good: {state}"


def test_a_state_of_other_settings_is_named(service: RunningService) -> None:
    (service.folder / "werwatch.yaml").write_text(json.dumps({"data_dir": str(service.data_dir)}))
    code, lines = verify(service)
    assert code == 1
    assert lines[-1].endswith("the state was saved under other settings or by another version")


@pytest.mark.parametrize("page", [0, 3])
def test_damaged_pages_are_named(page: int, service: RunningService) -> None:
    path = service.data_dir / FILE_NAME
    content = bytearray(path.read_bytes())
    content[4_096 * page : 4_096 * (page + 5)] = secrets.token_bytes(4_096 * 5)
    path.write_bytes(content)
    code, lines = verify(service)
    assert code == 1
    assert lines[0].startswith("file: BAD: ")


REMEDY = "DELETE FROM young_ids; DELETE FROM old_ids; UPDATE filed SET number = 0;"


def file_all(path: Path) -> None:
    """File the ids of the first hundred rows as old ones, the others as young ones."""
    with ids_of(path) as (db, ids):
        for put, rows in ((ids.file_large, "number <= 100"), (ids.file, "number > 100")):
            names, numbers = zip(
                *db.execute(f"SELECT utterance_id, number FROM utterances WHERE {rows}"), strict=True
            )
            put(pairs_of(id_keys(names), numbers))
        db.execute("UPDATE filed SET number = (SELECT MAX(number) FROM utterances)")


@contextmanager
def ids_of(path: Path) -> Iterator[tuple[sqlite3.Connection, FiledIds]]:
    with closing(sqlite3.connect(path)) as db:
        yield db, FiledIds(db)
        db.commit()


def unfile(path: Path, *numbers: int) -> list[int]:
    """Take the ids of rows out; return their keys."""
    keys = [id_key(name) for number in numbers for (name,) in ask(path, f"{NAME} {number}")]
    with ids_of(path) as (_, ids):
        ids.unfile(list(zip(keys, numbers, strict=True)))
    return keys


def rename(path: Path) -> None:
    script(path, "UPDATE utterances SET utterance_id = 'u-710' WHERE number = 20")


def lose(path: Path) -> None:
    unfile(path, 50, 51)


def mislead(path: Path) -> None:
    keys = unfile(path, 50)
    with ids_of(path) as (_, ids):
        ids.file_large(pairs_of(keys, [60]))


@pytest.mark.parametrize(
    ("spoil", "line", "remedy"),
    [
        (
            rename,
            "ids: BAD: 1 utterances have the id of another (rows 11 and 20), so one of them may count twice",
            "",
        ),
        (
            lose,
            "ids: BAD: of 2 utterances (rows 50, 51) the id does not lead to the row, and 0 ids lead to no",
            REMEDY,
        ),
        (
            mislead,
            "ids: BAD: of 1 utterances (rows 50) the id does not lead to the row, and 1 ids lead to no row",
            REMEDY,
        ),
    ],
)
def test_ids_that_are_filed_wrongly_are_named_and_filed_again_as_it_says(
    spoil: Callable[[Path], None], line: str, remedy: str, service: RunningService
) -> None:
    path = service.data_dir / FILE_NAME
    file_all(path)
    assert verify(service)[0] == 0
    spoil(path)
    code, lines = verify(service)
    assert code == 1
    assert any(each.startswith(line) for each in lines), lines
    if remedy:
        script(path, remedy)
        service.settings["detection"] = DETECTION
        service.start()
        assert service.stop() == 0
        assert verify(service)[0] == 0


def test_ids_are_looked_at_in_portions(service: RunningService, monkeypatch: pytest.MonkeyPatch) -> None:
    path = service.data_dir / FILE_NAME
    file_all(path)
    unfile(path, 290)
    monkeypatch.setattr(id_faults, "ROWS_AT_ONCE", 7)
    with closing(sqlite3.connect(path)) as db:
        found = id_faults.id_faults(db)
    assert found == id_faults.IdFaults(300, [], [290], 0, [])


def script(path: Path, statements: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(statements)
