"""What people tell the monitor: it takes effect once, in its place, and stays on record."""

import json
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from commands import call
from conftest import PATIENCE_S, RunningService
from simulation import Stream, references

from service.demo.receiver import NoticeReceiver
from service.privacy import load_key
from service.records import Place, SavedState
from service.store.schema import MIGRATIONS
from service.store.store import Store

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
WHO = {"author": "ann", "note": "new microphones on ward 3"}


def feed(service: RunningService, lines: list[str]) -> None:
    answer = service.post(
        "/v1/references", "\n".join(lines).encode(), **{"content-type": "application/x-ndjson"}
    )
    assert answer.json()["scored"] == len(lines)


def eventually(state: str, service: RunningService) -> dict[str, Any]:
    """The differential alert in this state: rows are watched right after they are acknowledged."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        alerts = service.get("/v1/alerts")["alerts"]
        found = [a for a in alerts if (a["signal"], a["state"]) == ("differential", state)]
        if found:
            [alert] = found
            return dict(alert)
        time.sleep(0.05)
    raise AssertionError(f"no {state} alert in {PATIENCE_S} s: {alerts}")


def cohort(service: RunningService, name: str) -> dict[str, Any]:
    found: dict[str, Any] = service.get(f"/v1/cohorts/{name}")
    return found


@pytest.fixture(scope="module")
def worse() -> list[str]:
    """Two cohorts, of which B gets much worse after 1,500 utterances."""
    return references(
        Stream(
            3_000,
            1,
            shift=lambda name, index, _: 0.3 if name == "B" and index >= 1_500 else 0.0,
            cohorts=(("A", 0.1, 0.6), ("B", 0.1, 0.4)),
        )
    )


def test_a_new_normal_ends_the_alert_and_is_on_record(
    make_service: Callable[..., RunningService], worse: list[str]
) -> None:
    with NoticeReceiver(SECRET) as notices:
        receivers = [{"name": "oncall", "kind": "webhook", "url": notices.url, "secret": SECRET}]
        service = make_service(receivers=receivers)
        feed(service, worse[:2_500])
        firing = eventually("firing", service)
        assert firing["cohort"] == "B"
        assert firing["since_interval"][0] <= firing["since"] <= firing["since_interval"][1]
        answer = service.post("/v1/rebaselines", {"cohort": "B", **WHO})
        assert answer.status_code == 201
        feed(service, worse[2_500:2_501])
        ended = eventually("resolved", service)
        assert (ended["alert_id"], ended["resolution"]) == (firing["alert_id"], "rebased")
        assert cohort(service, "B")["readiness"] == "learning"
        assert cohort(service, "A")["readiness"] == "monitored"
        [row] = service.get("/v1/interventions")["interventions"]
        assert {key: row[key] for key in ("id", "action", "cohort", *WHO)} == {
            "id": answer.json()["id"],
            "action": "rebaseline",
            "cohort": "B",
            **WHO,
        }


def test_an_announced_change_is_judged_and_alarms_nobody(
    make_service: Callable[..., RunningService], worse: list[str]
) -> None:
    service = make_service()
    feed(service, worse[:1_500])
    done = call("announce", "engine 2026-11", "--author", "ann", "--api", service.api)
    assert (done.returncode, "audit row 1" in done.stdout) == (0, True)
    feed(service, worse[1_500:])
    deadline = time.monotonic() + PATIENCE_S
    verdicts: dict[str, Any] = {}
    while "B" not in verdicts and time.monotonic() < deadline:
        alerts = service.get("/v1/alerts")["alerts"]
        verdicts = {alert["cohort"]: alert for alert in alerts if alert["signal"] == "planned"}
    assert verdicts["B"]["state"] == "noted"
    assert verdicts["B"]["announced"] == "engine 2026-11"
    assert verdicts["B"]["title"].startswith("B: worse after the announced change, WER ")
    assert not [alert for alert in alerts if alert["state"] == "firing" and alert["severity"] == "page"]


def test_a_restart_repeats_what_people_said_in_its_place(
    make_service: Callable[..., RunningService], worse: list[str], tmp_path: Path
) -> None:
    key = tmp_path / "key"
    load_key(key, may_create=True)
    states = []
    for is_killed in (False, True):
        service = make_service(privacy={"key_file": str(key)})
        for start in range(0, 3_000, 250):
            feed(service, worse[start : start + 250])
            if start == 2_000:
                service.post("/v1/rebaselines", WHO)
            if is_killed and start in (1_750, 2_000, 2_500):
                service.kill()
                service.start()
        assert service.stop() == 0
        with sqlite3.connect(service.data_dir / "werwatch.db") as db:
            seq, intervention, state = db.execute("SELECT seq, intervention, state FROM snapshot").fetchone()
        states.append((seq, intervention, json.loads(state)))
    assert states[0] == states[1]
    assert states[0][:2] == (3_000, 1)


def test_what_cannot_be_done_is_refused(shared_service: RunningService) -> None:
    unknown = shared_service.post("/v1/rebaselines", {"cohort": "nobody", **WHO})
    assert (unknown.status_code, "GET /v1/cohorts" in unknown.json()["detail"]) == (404, True)
    for wrong in ({"cohorts": "B"}, {"author": ""}, {"author": None}, {"note": ""}, {"note": "\x1b[2J"}):
        body = {**WHO, **wrong}
        answer = shared_service.post("/v1/rebaselines", body)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
    assert shared_service.get("/v1/interventions")["interventions"] == []


def test_the_record_is_append_only(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    service.post("/v1/rebaselines", WHO)
    service.stop()
    with sqlite3.connect(service.data_dir / "werwatch.db") as db:
        for statement in ("UPDATE interventions SET author = 'bob'", "DELETE FROM interventions"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                db.execute(statement)


def test_the_command_asks_the_running_service(make_service: Callable[..., RunningService]) -> None:
    service = make_service(api_token="0123456789abcdef")
    token = service.folder / "token"
    token.write_text("0123456789abcdef\n")
    command = ["rebaseline", "--api", service.api, "--author", "ann", "--note", "moved"]
    refused = call(*command)
    assert (refused.returncode, "Authorization" in refused.stderr) == (2, True)
    done = call(*command, "--token-file", token)
    assert (done.returncode, done.stdout) == (0, "every cohort is learned anew (audit row 1)\n")
    headers = {"authorization": "Bearer 0123456789abcdef"}
    rows = httpx.get(f"{service.api}/v1/interventions", headers=headers).json()["interventions"]
    assert [(row["cohort"], row["author"]) for row in rows] == [(None, "ann")]


def test_the_outlook_says_when_silence_means_health(
    make_service: Callable[..., RunningService], worse: list[str]
) -> None:
    service = make_service()
    feed(service, worse[:1_500])
    found: dict[str, Any] = {}
    deadline = time.monotonic() + PATIENCE_S
    while found.get("scored_utterances", 0) < 850 and time.monotonic() < deadline:
        found = {each["cohort"]: each for each in service.get("/v1/cohorts")["cohorts"]}.get("A", {})
    assert found["ready_since"] is not None
    assert found["share_of_false_alarms_per_month"] == pytest.approx(0.3)
    points = found["noticeable_change_points"]
    assert points["within_day"] > points["within_week"] > points["within_month"] > 0
    budget = service.get("/v1/cohorts")["budget"]
    assert sum(budget["shares"].values()) == pytest.approx(1.0)
    scrape = service.scrape()
    assert 'werwatch_noticeable_change_ratio{cohort="A",within="week"}' in scrape
    assert 'werwatch_cohort_ready_timestamp_seconds{cohort="A"}' in scrape
    assert 'werwatch_evidence_ratio{cohort="A",signal="standing"}' in scrape


def test_a_store_of_the_first_layout_is_brought_up_to_date(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "werwatch.db") as db:
        db.executescript(f"{MIGRATIONS[0]} PRAGMA user_version = 1;")
        db.execute("INSERT INTO snapshot VALUES (1, 7, 0.0, '{}')")
    store = Store(tmp_path)
    assert store.history.snapshot() == SavedState(Place(7, 0), "{}")
    assert store.history.interventions_after(0) == []
    assert store.history.scored_after(0, 10) == []
    store.close()


def test_records_are_read_to_their_beginning(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    for number in range(5):
        name = f"u-{number}"
        service.post("/v1/utterances", {"utterance_id": name, "hypothesis": "no fever"}).raise_for_status()
        service.post("/v1/erasures", {"utterance_id": name}).raise_for_status()
        said = {"author": "ann", "description": name}
        service.post("/v1/announcements", said).raise_for_status()
        until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        silence = {"matchers": [f"cohort={name}"], "author": "ann", "note": name, "ends_at": until}
        service.post("/v1/silences", silence).raise_for_status()
    for route in ("interventions", "erasures", "alert-record"):
        key = "record" if route == "alert-record" else route
        told = service.get(f"/v1/{route}?limit=2")
        seen = [row["id"] for row in told[key]]
        while told["next"] is not None:
            told = service.get(f"/v1/{route}?limit=2&after={told['next']}")
            assert len(told[key]) <= 2
            seen += [row["id"] for row in told[key]]
        assert seen == [5, 4, 3, 2, 1]
        assert service.get(f"/v1/{route}?limit=5")["next"] is None
