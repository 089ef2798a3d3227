"""What damage to the write-ahead log loses is known before SQLite drops it; nothing else is called a loss."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from conftest import RunningService, eventually

from service.store.store import FILE_NAME
from service.store.wal import FRAME, HEADER, Loss, loss

PAGE = 512
FRAME_BYTES = FRAME.size + PAGE
ROWS = 12
DAMAGES = {"page number": 1, "commit mark": 7, "salts": 9, "checksums": 17, "page": FRAME.size + 100}
"""Where in a frame a byte is flipped."""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store as a killed process leaves it, with one row a transaction, each of one frame or two."""
    live, left = tmp_path / "live", tmp_path / "left"
    with connect(live) as db:
        for number in range(ROWS):
            insert(db, number, 100 if number % 3 else 600)
        leave(live, left)
    return left


def connect(folder: Path) -> closing[sqlite3.Connection]:
    folder.mkdir()
    db = sqlite3.connect(folder / FILE_NAME, isolation_level=None)
    db.execute(f"PRAGMA page_size = {PAGE}")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE said (number INTEGER PRIMARY KEY, words BLOB)")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return closing(db)


def insert(db: sqlite3.Connection, number: int, size: int) -> None:
    db.execute("INSERT INTO said VALUES (?, ?)", (number, bytes([65 + number]) * size))


def leave(live: Path, left: Path) -> None:
    shutil.copytree(live, left, dirs_exist_ok=True)


def file(folder: Path, suffix: str = "") -> Path:
    return folder / f"{FILE_NAME}{suffix}"


def flip(path: Path, at: int) -> None:
    with path.open("r+b") as opened:
        opened.seek(at)
        [byte] = opened.read(1)
        opened.seek(at)
        opened.write(bytes([byte ^ 0xFF]))


def frames(folder: Path) -> int:
    return (file(folder, "-wal").stat().st_size - HEADER.size) // FRAME_BYTES


def kept(folder: Path) -> int:
    with closing(sqlite3.connect(file(folder))) as db:
        return int(db.execute("SELECT COUNT(*) FROM said").fetchone()[0])


def found(folder: Path) -> Loss | None:
    return loss(file(folder))


def test_an_undamaged_log_loses_nothing(store: Path) -> None:
    assert frames(store) > ROWS
    assert found(store) is None
    assert kept(store) == ROWS


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("has_index", [True, False])
def test_a_damaged_frame_loses_what_sqlite_drops(store: Path, damage: str, has_index: bool) -> None:
    if not has_index:
        file(store, "-shm").unlink()
    for number in range(frames(store)):
        copy = store.with_name(f"copy-{number}")
        shutil.copytree(store, copy)
        flip(file(copy, "-wal"), HEADER.size + number * FRAME_BYTES + DAMAGES[damage])
        said = found(copy)
        dropped = ROWS - kept(copy)
        assert dropped > 0
        is_in_the_last = dropped == 1
        if said is None:
            # Without an index nobody can tell a damaged last commit from one that was never whole.
            assert is_in_the_last
            assert not has_index
        else:
            # The damaged frame may have been a commit.
            assert max(1, dropped - 1) <= said.transactions <= dropped
            assert said.transactions <= said.pages <= frames(store)


@pytest.mark.parametrize("at", [0, 5, 14, 17, 25])
def test_a_damaged_header_loses_the_whole_log(store: Path, at: int) -> None:
    flip(file(store, "-wal"), at)
    said = found(store)
    assert said == Loss(ROWS, frames(store))
    assert kept(store) == 0


def test_a_log_that_is_cut_short_loses_what_the_index_counts(store: Path) -> None:
    with file(store, "-wal").open("r+b") as log:
        log.truncate(HEADER.size + (frames(store) - 3) * FRAME_BYTES)
    said = found(store)
    assert said is not None
    assert said.pages >= 3
    assert kept(store) < ROWS


def test_a_log_that_is_gone_loses_what_the_database_has_not_got(store: Path) -> None:
    count = frames(store)
    file(store, "-wal").unlink()
    assert found(store) == Loss(1, count)


def test_a_transaction_without_its_end_is_no_loss(tmp_path: Path) -> None:
    live, left = tmp_path / "live", tmp_path / "left"
    with connect(live) as db:
        insert(db, 0, 100)
        whole = file(live, "-wal").stat().st_size
        db.execute("PRAGMA cache_size = 1")
        db.execute("BEGIN")
        insert(db, 1, 100_000)
        assert eventually(lambda: file(live, "-wal").stat().st_size > whole + 10 * FRAME_BYTES)
        leave(live, left)
        db.execute("ROLLBACK")
    for cut in (0, 1, FRAME.size, FRAME_BYTES - 1):
        copy = left.with_name(f"copy-{cut}")
        shutil.copytree(left, copy)
        with file(copy, "-wal").open("r+b") as log:
            log.truncate(file(copy, "-wal").stat().st_size - cut)
        assert found(copy) is None
        assert kept(copy) == 1


def test_a_last_commit_that_was_being_written_is_no_loss(tmp_path: Path) -> None:
    live, left, later = tmp_path / "live", tmp_path / "left", tmp_path / "later"
    with connect(live) as db:
        insert(db, 0, 100)
        leave(live, left)
        insert(db, 1, 100)
        leave(live, later)
    begun = file(left, "-wal").stat().st_size
    log = file(later, "-wal").read_bytes()
    # Its 24 bytes are written before its page, over what may be there already.
    file(left, "-wal").write_bytes(log[: begun + FRAME.size] + bytes(PAGE))
    assert found(left) is None
    assert kept(left) == 1


def test_frames_from_before_the_log_began_anew_are_no_loss(tmp_path: Path) -> None:
    live, left = tmp_path / "live", tmp_path / "left"
    with connect(live) as db:
        for number in range(ROWS):
            insert(db, number, 100)
        db.execute("PRAGMA wal_checkpoint(RESTART)")
        insert(db, ROWS, 100)
        leave(live, left)
    assert frames(left) > 3
    assert found(left) is None
    file(left, "-shm").unlink()
    assert found(left) is None
    assert kept(left) == ROWS + 1


def test_a_store_that_was_closed_or_never_was_has_nothing_to_lose(tmp_path: Path) -> None:
    assert found(tmp_path) is None
    with connect(tmp_path / "live") as db:
        insert(db, 0, 100)
    assert found(tmp_path / "live") is None


def test_a_service_names_what_was_lost_and_takes_it_again(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service()
    bodies = [{"utterance_id": f"u{number}", "hypothesis": "no fever"} for number in range(5)]
    for body in bodies:
        assert service.post("/v1/utterances", body).status_code == 202
    service.kill()
    size = file(service.data_dir, "-wal").stat().st_size
    flip(file(service.data_dir, "-wal"), size - 100)
    service.start()
    assert "the write-ahead log was damaged: at least 1 committed transaction(s)" in service.log
    assert "send again everything since 20" in service.log
    assert "werwatch_store_lost_transactions 1.0" in service.scrape()
    again = [service.post("/v1/utterances", body).json()["status"] for body in bodies]
    assert again == ["duplicate"] * 4 + ["accepted"]
    service.kill()
    service.start()
    assert "werwatch_store_lost_transactions 0.0" in service.scrape()


def test_a_service_does_not_start_from_what_the_loss_left_inconsistent(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service()
    service.post("/v1/utterances", {"utterance_id": "a", "hypothesis": "no fever"})
    service.stop()
    service.start()
    service.post("/v1/utterances", {"utterance_id": "b", "hypothesis": "no fever"})
    service.kill()
    flip(file(service.data_dir, "-wal"), file(service.data_dir, "-wal").stat().st_size - 100)
    for page in range(2, 12):
        flip(file(service.data_dir), page * 4_096)
    with pytest.raises(RuntimeError, match="is damaged; stop werwatch and put a backup"):
        service.start()
