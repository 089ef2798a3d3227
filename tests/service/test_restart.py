"""Killed or stopped at any moment, the service goes on as if nothing had happened."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from conftest import RunningService


def test_waiting_references_and_unscored_utterances_survive_a_kill(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service()
    random = {"selection": "random", "probability": 1.0}
    service.post("/v1/references", {"utterance_id": "a", "reference": "no fever", **random})
    service.post("/v1/utterances", {"utterance_id": "b", "hypothesis": "no fever"})
    service.kill()
    service.start()
    first = service.post("/v1/utterances", {"utterance_id": "a", "hypothesis": "no fever"}).json()
    second = service.post("/v1/references", {"utterance_id": "b", "reference": "no fever", **random}).json()
    assert (first["status"], second["status"]) == ("scored", "scored")
    assert service.get("/v1/cohorts/unknown")["scored_utterances"] == 2


def test_after_a_stop_the_one_file_holds_every_row(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    service = make_service()
    for number in range(5):
        service.post("/v1/utterances", {"utterance_id": f"u{number}", "hypothesis": "no fever"})
    # A query opens what a stop has to close.
    service.get("/v1/alerts")
    service.scrape()
    assert service.stop() == 0
    backup = tmp_path / "backup.db"
    shutil.copy(service.data_dir / "werwatch.db", backup)
    with closing(sqlite3.connect(backup)) as db:
        assert db.execute("SELECT COUNT(*) FROM utterances").fetchone() == (5,)
    assert not list(service.data_dir.glob("werwatch.db-*"))


def test_other_settings_read_the_history_again(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    body = {"utterance_id": "a", "hypothesis": "no fever", "reference": "no fever"}
    service.post("/v1/references", {**body, "selection": "random", "probability": 1.0})
    service.stop()
    service.settings = {"detection": {"smallest_change_points": 3}}
    service.start()
    assert service.get("/v1/cohorts/unknown")["scored_utterances"] == 1
    assert "the history is read again" in service.log


def test_words_of_another_normaliser_are_not_compared(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    service.post("/v1/utterances", {"utterance_id": "a", "hypothesis": "fifty mg"})
    service.stop()
    service.settings = {"normaliser": {"disable": ["numbers"]}}
    service.start()
    answer = service.post("/v1/references", {"utterance_id": "a", "reference": "fifty mg"})
    assert answer.status_code == 409
    assert "another normaliser" in answer.json()["detail"]
    verdict = service.post("/v1/references", {"utterance_id": "a", "verdict": "correct"})
    assert verdict.json()["status"] == "scored"
