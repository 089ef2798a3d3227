"""A database of any earlier layout becomes the present one with every row in its place.

``layouts/layout_N.sql`` is the dump of a database that the last version with layout N wrote, with rows in
every table. It stays as it is for ever; a migration N + 1 comes with the dump of layout N.
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import BadDay, RunningService, eventually
from on_call import on_call

from service.errors import StartError
from service.store.schema import MIGRATIONS, migrate
from service.store.store import FILE_NAME, Store

LAYOUTS = Path(__file__).parent / "layouts"
EARLIER = range(1, len(MIGRATIONS))
WRITTEN_AT = 1_795_604_900.0
"""Just after the dumps were taken; what is kept for a time would be gone later."""
SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
KEY = bytes(range(32))
BY_ID = {"utterance_ids", "filed", "young_ids", "old_ids"}
"""Tables that say only what others do: which rows have which ids."""
UTTERANCE = {
    "hypothesis": "no fever since monday",
    "confidence": 0.9,
    "word_confidences": [0.9, 0.8, 0.95, 0.7],
    "audio": {"snr_db": 12.5},
    "duration_s": 2.5,
    "speaker_id": "s-1",
    "session_id": "session-1",
    "recording_id": "r-1",
    "attributes": {"accent": "en-GB-scotland", "site": "imaging-3"},
}


def written_by(layout: int, path: Path) -> Path:
    with closing(sqlite3.connect(path)) as db:
        db.executescript((LAYOUTS / f"layout_{layout}.sql").read_text())
    return path


def tables(db: sqlite3.Connection) -> dict[str, list[str]]:
    """Names of columns by table."""
    names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: [column[1] for column in db.execute(f"PRAGMA table_info({name})")] for name in names}


def rows(db: sqlite3.Connection, columns: dict[str, list[str]]) -> dict[str, set[tuple[Any, ...]]]:
    return {
        table: set(db.execute(f"SELECT {', '.join(names)} FROM {table}")) for table, names in columns.items()
    }


def shape(db: sqlite3.Connection) -> list[Any]:
    """What the database consists of, however its layout came about."""
    objects = db.execute("SELECT type, name, tbl_name FROM sqlite_master ORDER BY type, name").fetchall()
    columns = [
        sorted(column[1:] for column in db.execute(f"PRAGMA table_xinfo({name})"))
        for kind, name, _ in objects
        if kind == "table"
    ]
    return [objects, columns]


@pytest.mark.parametrize("layout", EARLIER)
def test_every_earlier_layout_is_upgraded_with_every_row(layout: int, tmp_path: Path) -> None:
    path = written_by(layout, tmp_path / "old.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (layout,)
        columns = {name: names for name, names in tables(db).items() if name not in BY_ID}
        before = rows(db, columns)
        assert all(before.values()), "a table of the dump is empty, so nothing is shown about it"
        migrate(db)
        assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert rows(db, columns) == before
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as new:
            migrate(new)
            assert shape(db) == shape(new)


def test_sums_over_references_are_taken_apart_by_kind(tmp_path: Path) -> None:
    with closing(sqlite3.connect(written_by(5, tmp_path / "old.db"), isolation_level=None)) as db:
        db.execute("UPDATE scored SET kind = 'edited' WHERE seq = (SELECT MIN(seq) FROM scored)")
        [(cohort, selection, errors, words)] = db.execute(
            "SELECT cohort, selection, substitutions + deletions + insertions, "
            "substitutions + deletions + hits FROM scored WHERE kind = 'edited'"
        )
        before = dict(db.execute("SELECT selection, utterances FROM totals"))
        migrate(db)
        edited = db.execute("SELECT * FROM totals WHERE kind = 'edited'").fetchall()
        assert edited == [(cohort, selection, "edited", 1, errors, words)]
        after = dict(db.execute("SELECT selection, SUM(utterances) FROM totals GROUP BY selection"))
        assert after == before


@pytest.mark.parametrize("layout", EARLIER)
def test_the_service_goes_on_with_what_an_earlier_version_kept(
    layout: int, make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    data_dir = tmp_path / "old"
    data_dir.mkdir()
    written_by(layout, data_dir / FILE_NAME).chmod(0o600)
    key = tmp_path / "key"
    key.write_bytes(KEY)
    key.chmod(0o600)
    with on_call() as server:
        service = make_service(
            *BadDay(tmp_path, clock_s=WRITTEN_AT - time.time()).program,
            data_dir=str(data_dir),
            privacy={"key_file": str(key)},
            receivers=[{"name": "oncall", "kind": "webhook", "url": server.url, "secret": SECRET}],
        )
        scored = len(layout_rows(layout, "SELECT 1 FROM scored WHERE detects"))
        assert service.get("/v1/cohorts/en-GB-scotland")["scored_utterances"] == scored
        assert joined(service) == ["duplicate", "duplicate", "scored", "scored"]
        # So few rows raise nothing in a monitor that reads them anew: what fired is over, and is told so.
        assert eventually(lambda: [alert["state"] for alert in alerts(service)] == ["resolved", "resolved"])
        assert "outdated" in {alert["resolution"] for alert in alerts(service) if "resolution" in alert}
        pending = layout_rows(layout, "SELECT delivery_id FROM outbox WHERE state = 'pending'")
        [(ended,)] = layout_rows(layout, "SELECT alert_id FROM alerts WHERE state = 'firing'")
        expected = sorted([*(name for (name,) in pending), f"{ended}-resolved-oncall"])
        assert eventually(lambda: len(server.seen) >= len(expected))
        assert sorted(f"{headers['webhook-id']}-oncall" for _, headers, _ in server.seen) == expected


def alerts(service: RunningService) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.get("/v1/alerts")["alerts"]
    return found


def joined(service: RunningService) -> list[str]:
    """What becomes of what was sent before and of what was missing, with and without words to compare."""
    random = {"selection": "random", "probability": 0.125}
    sent = [
        ("utterances", {"utterance_id": "u-4", "spoken_at": "2026-03-02T08:04:00+00:00", **UTTERANCE}),
        ("references", {"utterance_id": "u-0", "reference": "no fever since on monday", **random}),
        ("references", {"utterance_id": "u-4", "verdict": "correct", **random}),
        ("utterances", {"utterance_id": "early-2", **UTTERANCE}),
    ]
    return [service.post(f"/v1/{route}", body).json()["status"] for route, body in sent]


def layout_rows(layout: int, query: str) -> list[Any]:
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript((LAYOUTS / f"layout_{layout}.sql").read_text())
        return db.execute(query).fetchall()


def test_a_newer_layout_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(StartError, match="written by a newer werwatch"):
        Store(tmp_path)
    with closing(sqlite3.connect(path)) as db:
        assert tables(db) == {}


def test_a_migration_that_fails_leaves_the_layout_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written_by(1, tmp_path / "old.db")
    broken = (MIGRATIONS[0], "ALTER TABLE scored ADD COLUMN extra TEXT; SELECT nonsense;")
    monkeypatch.setattr("service.store.schema.MIGRATIONS", broken)
    with closing(sqlite3.connect(path, isolation_level=None)) as db, pytest.raises(sqlite3.OperationalError):
        migrate(db)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert "extra" not in tables(db)["scored"]
