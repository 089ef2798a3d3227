"""The store's file gives its space back, and keeps to its budget as long as something may go."""

import shutil
import sqlite3
import time
from array import array
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from conftest import BadDay, RunningService, eventually

from service.config import Config, Storage
from service.records import Reference, Utterance
from service.store.room import LOG_BYTES, SPARE_BYTES
from service.store.schema import migrate
from service.store.store import FILE_NAME, Store
from service.telemetry.counts import Counts
from service.upkeep.retention import Retention
from service.watching.watch import Watch

DAY_S = 86_400.0
LAYOUT_3 = Path(__file__).parent / "layouts" / "layout_3.sql"
LEAST_BUDGET = 20_000_000
SCORED = "SELECT seq, utterance_id, reference_content, cohort, spoken_at, deletions, hits FROM scored"


def sample(service: RunningService, name: str) -> float:
    [line] = [line for line in service.scrape().splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[1])


def forgotten(service: RunningService, kind: str, reason: str) -> float:
    return sample(service, f'werwatch_forgotten_rows_total{{kind="{kind}",reason="{reason}"}}')


def fill(service: RunningService, kind: str, numbers: range, received_at: float) -> None:
    """Put them into the store of a stopped service."""
    with closing(Store(service.data_dir)) as store:
        put(store, kind, numbers, received_at)


def put(store: Store, kind: str, numbers: range, received_at: float) -> None:
    """Put long utterances, or references, into a store; none finds its other half."""
    words = array("Q", range(2_000))
    nothing = (None, None, None)
    with store.transaction():
        for number in numbers:
            name, at_s = f"{kind}-{number}", received_at + number
            if kind == "utterance":
                times = (at_s, at_s)
                sent = Utterance(
                    name,
                    b"",
                    "A",
                    "{}",
                    *nothing,
                    *times,
                    None,
                    None,
                    None,
                    None,
                    "n",
                    2_000,
                    words.tobytes(),
                )
                store.put_utterance(sent, "A")
            else:
                store.waiting.put(
                    Reference(name, b"", words, "verbatim", "random", 0.5, "n", None, at_s, detects=True)
                )


def kept(service: RunningService, table: str) -> list[int]:
    with closing(sqlite3.connect(service.data_dir / FILE_NAME)) as db:
        names = [row[0] for row in db.execute(f"SELECT utterance_id FROM {table}")]
    return sorted(int(name.rpartition("-")[2]) for name in names)


def test_the_file_gives_back_the_space_of_what_is_too_old(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    service = make_service(*BadDay(tmp_path).program)
    service.stop()
    fill(service, "utterance", range(500), time.time() - 31 * DAY_S)
    assert (service.data_dir / FILE_NAME).stat().st_size > 8_000_000
    service.start()
    # What comes meanwhile is kept.
    assert service.post("/v1/utterances", {"utterance_id": "u-500", "hypothesis": "x"}).status_code == 202
    assert eventually(lambda: forgotten(service, "utterance", "age") == 500)
    assert eventually(lambda: sample(service, "werwatch_store_bytes") < 2 * SPARE_BYTES)
    assert service.stop() == 0
    assert kept(service, "utterances") == [500]
    with closing(sqlite3.connect(service.data_dir / FILE_NAME)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_without_room_the_oldest_that_was_never_joined_goes_first(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service(storage={"max_bytes": LEAST_BUDGET})
    service.stop()
    began = time.time() - DAY_S
    fill(service, "reference", range(300), began)
    fill(service, "utterance", range(300, 1_200), began)
    fill(service, "reference", range(1_200, 1_300), began)
    assert (service.data_dir / FILE_NAME).stat().st_size > LEAST_BUDGET
    service.start()
    assert eventually(lambda: sample(service, "werwatch_store_bytes") < LEAST_BUDGET - LOG_BYTES)
    gone = int(forgotten(service, "utterance", "size"))
    assert 0 < gone < 450
    assert forgotten(service, "reference", "size") == 300
    assert sample(service, "werwatch_store_over_budget") == 0
    assert service.post("/v1/utterances", {"utterance_id": "u-1300", "hypothesis": "x"}).status_code == 202
    assert service.stop() == 0
    assert kept(service, "waiting_references") == list(range(1_200, 1_300))
    assert kept(service, "utterances") == [*range(300 + gone, 1_200), 1_300]
    assert (service.data_dir / FILE_NAME).stat().st_size > LEAST_BUDGET / 2


def test_a_budget_that_what_was_scored_exceeds_is_said_and_nothing_of_it_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("service.upkeep.retention.LOOK_EVERY_S", 0.0)
    earlier(tmp_path)
    store = Store(tmp_path)
    config = Config.model_construct(storage=Storage.model_construct(max_bytes=LOG_BYTES))
    retention = Retention(store, config, Counts(), Watch(store, config, Counts()))
    scored = "SELECT COUNT(*) FROM scored"
    before = store._db.execute(scored).fetchone()
    for _ in range(5):
        retention.step(0.0, is_waited_for=False)
    assert retention.is_over_budget
    assert caplog.text.count("storage.max_bytes cannot be kept") == 1
    assert store._db.execute(scored).fetchone() == before
    assert store._db.execute("SELECT COUNT(*) FROM waiting_references").fetchone() == (0,)
    store.close()


def test_a_log_that_somebody_still_reads_is_folded_in_once_nobody_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.upkeep.retention.LOOK_EVERY_S", 0.0)
    config = Config.model_validate({"data_dir": tmp_path})
    log = tmp_path / f"{FILE_NAME}-wal"
    with closing(Store(tmp_path)) as store:
        put(store, "utterance", range(500), 0.0)
        retention = Retention(store, config, Counts(), Watch(store, config, Counts()))

        def forget() -> None:
            while retention.step(31 * DAY_S, is_waited_for=False):
                pass

        with closing(sqlite3.connect(store.path)) as reader:
            reader.execute("BEGIN")
            assert reader.execute("SELECT COUNT(*) FROM utterances").fetchone() == (500,)
            forget()
            assert log.stat().st_size > 0
        forget()
        assert log.stat().st_size == 0
        assert store.room.taken_bytes < 2 * SPARE_BYTES


def earlier(data_dir: Path) -> Path:
    with closing(sqlite3.connect(data_dir / FILE_NAME)) as db:
        db.executescript(LAYOUT_3.read_text())
        db.execute("PRAGMA journal_mode = WAL")
    return data_dir / FILE_NAME


def auto_vacuum(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("PRAGMA auto_vacuum").fetchone()[0])


def test_a_new_file_can_give_space_back_and_is_not_said_to_be_written_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    Store(tmp_path).close()
    assert caplog.text == ""
    assert auto_vacuum(tmp_path / FILE_NAME) == 2


def test_a_file_of_an_earlier_version_is_written_anew_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    path = earlier(tmp_path)
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute(SCORED).fetchall()
    assert auto_vacuum(path) == 0
    for _ in range(2):
        Store(tmp_path).close()
    assert caplog.text.count("is written anew once") == 1
    assert auto_vacuum(path) == 2
    with closing(sqlite3.connect(path)) as db:
        assert db.execute(SCORED).fetchall() == rows


def test_a_disk_without_the_room_to_write_it_anew_leaves_it_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = earlier(tmp_path)
    # What an upgrade needs is asked for apart.
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        migrate(db)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage._replace(free=3 * path.stat().st_size - 1))
    Store(tmp_path).close()
    assert "cannot give space back yet" in caplog.text
    assert auto_vacuum(path) == 0
