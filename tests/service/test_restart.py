"""Killed or stopped at any moment, the service goes on as if nothing had happened."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import RunningService

from service.demo.receiver import NoticeReceiver
from service.demo.recording import Message, messages
from service.privacy import load_key

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="


def post(service: RunningService, batch: list[Message]) -> None:
    for route in ("/v1/utterances", "/v1/references"):
        lines = [json.dumps(message.body) for message in batch if message.route == route]
        if not lines:
            continue
        body = "\n".join(lines).encode()
        answer = service.post(route, body, **{"content-type": "application/x-ndjson"})
        assert answer.status_code == 200
        assert answer.json()["rejected"] == 0


def receivers(notices: NoticeReceiver) -> list[dict[str, Any]]:
    return [{"name": "oncall", "kind": "webhook", "url": notices.url, "secret": SECRET}]


def monitor_state(service: RunningService) -> Any:
    with sqlite3.connect(service.data_dir / "werwatch.db") as db:
        seq, state = db.execute("SELECT seq, state FROM snapshot").fetchone()
    return seq, json.loads(state)


@pytest.mark.slow
def test_a_stream_with_kills_and_stops_ends_in_the_same_state_and_alerts_once(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    key = tmp_path / "key"
    load_key(key, may_create=True)
    privacy = {"key_file": str(key)}
    stream = messages("hospital")
    batches = [stream[start : start + 500] for start in range(0, len(stream), 500)]
    with NoticeReceiver(SECRET) as quiet, NoticeReceiver(SECRET) as noisy:
        undisturbed = make_service(receivers=receivers(quiet), privacy=privacy)
        for batch in batches:
            post(undisturbed, batch)
        disturbed = make_service(receivers=receivers(noisy), privacy=privacy)
        for number, batch in enumerate(batches):
            post(disturbed, batch)
            if number % 7 == 3:
                disturbed.kill()
                disturbed.start()
                # What was acknowledged is still known: sent again it is a duplicate.
                post(disturbed, batch[-20:])
            elif number % 7 == 6:
                assert disturbed.stop() == 0
                disturbed.start()
        expected, got = undisturbed.get("/v1/alerts")["alerts"], disturbed.get("/v1/alerts")["alerts"]
        undisturbed.stop()
        disturbed.stop()
        wall_clock = {"fired_at", "resolved_at"}
        assert [{k: v for k, v in alert.items() if k not in wall_clock} for alert in got] == [
            {k: v for k, v in alert.items() if k not in wall_clock} for alert in expected
        ]
        assert expected
        assert sorted(n.message_id for n in noisy.notices) == sorted(n.message_id for n in quiet.notices)
    assert monitor_state(disturbed) == monitor_state(undisturbed)


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
