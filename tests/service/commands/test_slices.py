"""Where a cohort is served worst is asked of a running service, and its utterances are exported by id."""

import csv
import io
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from commands import call
from conftest import RunningService, catches_up

from service.store.store import FILE_NAME

BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
SESSIONS = 60
SECRET_WORDS = "methotrexate fifteen milligrams weekly no fever today at all really nothing"


def body(number: int, cohort: str, site: str, wrong: int) -> dict[str, Any]:
    words = SECRET_WORDS.split()
    return {
        "utterance_id": f"{cohort}-{site}-{number}",
        "hypothesis": " ".join(["banana"] * wrong + words[wrong:]),
        "reference": SECRET_WORDS,
        "speaker_id": f"{cohort}-{number % 15}",
        "session_id": f"{cohort}-{number}",
        "attributes": {"accent": cohort, "site": site, "device": f"cart-{number % 2}"},
        "spoken_at": (BEGIN + timedelta(hours=number)).isoformat(),
        "selection": "random",
        "probability": 0.5,
    }


def hospital() -> list[dict[str, Any]]:
    """Site ward-7 is bad for en-IN all the time; of ward-9 there is nearly nothing."""
    bodies = []
    for number in range(SESSIONS):
        for cohort in ("en-IN", "en-US"):
            site = "ward-9" if number == SESSIONS - 1 else ("ward-7", "ward-2")[number % 3 == 0]
            even = number // 2 % 2
            wrong = 5 + even if (cohort, site) == ("en-IN", "ward-7") else even
            bodies.append(body(number, cohort, site, wrong))
    return bodies


@pytest.fixture
def service(make_service: Callable[..., RunningService]) -> RunningService:
    service = make_service()
    lines = "\n".join(map(json.dumps, hospital()))
    service.post("/v1/references", lines.encode(), **{"content-type": "application/x-ndjson"})
    # A unit counts once it is over, so one more utterance closes the last.
    service.post("/v1/references", json.dumps(body(200, "en-US", "ward-2", 0)).encode())
    assert catches_up(service)
    return service


def test_the_worst_slices_come_first_and_those_with_too_little_speech_apart(service: RunningService) -> None:
    found = service.get("/v1/slices?cohort=en-IN&hours=720")
    first = found["slices"][0]
    assert first["slice"] == {"site": "ward-7"}
    assert first["lower"] < first["wer"] < first["upper"]
    assert first["sessions"] == 39
    assert found["whole"]["utterances"] == SESSIONS
    assert {"site": "ward-9"} in [each["slice"] for each in found["too_little_speech"]]
    assert all(each["lower"] is None for each in found["too_little_speech"])
    assert (found["change"], found["not_counted_apart"]) == (None, {})
    # What makes the cohort is no slice of it.
    assert not any("accent" in each["slice"] for each in found["slices"])


def test_a_change_can_be_asked_for_without_an_alert(service: RunningService) -> None:
    since = (BEGIN + timedelta(hours=30)).isoformat().replace("+", "%2B")
    change = service.get(f"/v1/slices?cohort=en-IN&since={since}")["change"]
    assert change["named"] == []
    assert change["summary"].startswith("no slice stands out of ")
    stories = change["stories"]
    parts = [stories[name] for name in ("mix", "exposure", "interaction", "unknown")]
    assert abs(sum(parts) - stories["change_points"]) < 0.05


def test_what_is_known_of_slices_survives_a_restart_and_is_what_the_rows_lead_to(
    service: RunningService, tmp_path: Path
) -> None:
    query = "/v1/slices?cohort=en-IN&hours=720&since=2026-01-06T00:00:00Z"
    before = service.get(query)
    assert service.stop() == 0
    config = tmp_path / "werwatch.yaml"
    config.write_text(yaml.safe_dump({"data_dir": str(service.data_dir)}))
    verified = call("verify", "--config", str(config))
    assert "state: good" in verified.stdout, verified.stdout
    service.start()
    assert service.get(query) == before
    with closing(sqlite3.connect(service.data_dir / FILE_NAME)) as db, db:
        [(state,)] = db.execute("SELECT state FROM snapshot")
        assert "ward-7" in state
        db.execute("UPDATE snapshot SET state = replace(state, 'ward-7', 'ward-8')")
    verified = call("verify", "--config", str(config))
    assert (verified.returncode, "state: BAD" in verified.stdout) == (1, True), verified.stdout


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("cohort=nobody", 404),
        ("", 422),
        ("cohort=en-IN&hours=0", 422),
        ("cohort=en-IN&hours=nan", 422),
        ("cohort=en-IN&since=yesterday", 422),
        ("cohort=en-IN&since=2026-01-05T00:00:00", 422),
        ("cohort=en-IN&since=2000-01-01T00:00:00Z", 200),
        ("cohort=en-IN&since=0001-01-01T00:00:00Z", 422),
        ("cohort=en-IN&since=1969-12-31T00:00:00Z", 422),
        ("cohort=en-IN&since=1767571200", 422),
        ("cohort=en-IN&since=9999-12-31T00:00:00Z", 422),
    ],
)
def test_what_cannot_be_answered_is_refused_as_a_problem(
    service: RunningService, query: str, status: int
) -> None:
    answer = httpx.get(f"{service.api}/v1/slices?{query}")
    assert answer.status_code == status
    if status != 200:
        assert answer.headers["content-type"] == "application/problem+json"
    if status == 422 and "since=" in query:
        assert answer.json()["detail"].startswith("since: expected a time ")


def test_speech_that_is_not_counted_yet_is_told_and_not_taken_for_missing(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service()
    since = (BEGIN - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def notes(cohort: str) -> str:
        return " ".join(service.get(f"/v1/slices?cohort={cohort}&since={since}")["notes"])

    def score(*bodies: dict[str, Any]) -> None:
        for each in bodies:
            service.post("/v1/references", json.dumps(each).encode())
        assert catches_up(service)

    score(body(0, "en-IN", "ward-7", 1))
    assert notes("en-IN").startswith("1 speaker-shift is still open and counted here once over: ")
    assert "attribute" not in notes("en-IN")
    told = call("explain", "--cohort", "en-IN", "--since", since, "--api", service.api).stdout
    assert "1 speaker-shift is still open" in told
    assert "no attributes" not in told
    bare = {**body(5, "en-US", "", 0), "attributes": {"accent": "en-US"}}
    score(bare, body(10, "en-IN", "ward-7", 1))
    assert notes("en-IN").endswith("to compare with: that takes 5 sessions")
    assert (
        notes("en-US") == "no declared attribute was sent with its speech, but for those that make the cohort"
    )


def test_it_is_explained_as_a_table(service: RunningService) -> None:
    done = call("explain", "--cohort", "en-IN", "--hours", "720", "--api", service.api)
    assert done.returncode == 0, done.stderr
    heading, *rows = done.stdout.splitlines()[1:]
    assert heading.split() == ["slice", "WER", "95", "%", "sessions", "words"]
    assert rows[0].startswith("site=ward-7 ")
    assert any(row.startswith("too little speech: ") and "site=ward-9" in row for row in rows)
    since = call("explain", "--cohort", "en-IN", "--since", "2026-01-06T00:00+0000", "--api", service.api)
    assert "no slice stands out of " in since.stdout
    assert call("explain", "--cohort", "nobody", "--api", service.api).returncode == 2
    assert "either an ALERT_ID or --cohort" in call("explain", "--api", service.api).stderr


def test_utterances_of_a_slice_are_exported_by_id_the_worst_first(
    service: RunningService, tmp_path: Path
) -> None:
    config = tmp_path / "werwatch.yaml"
    config.write_text(yaml.safe_dump({"data_dir": str(service.data_dir)}))
    command = ("export-slice", "--config", str(config))
    done = call(*command, "cohort=en-IN", "site=ward-7", "--most", "30")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(rows) == 30
    assert all(row["utterance_id"].startswith("en-IN-ward-7-") for row in rows)
    errors = [int(row["errors"]) for row in rows]
    assert errors == sorted(errors, reverse=True)
    assert not set(SECRET_WORDS.split()) & set(done.stdout.replace(",", " ").split())
    assert "30 utterances of cohort=en-IN and site=ward-7" in done.stderr
    service.post(
        "/v1/erasures", json.dumps({"utterance_id": rows[0]["utterance_id"], "author": "ann"}).encode()
    )
    again = call(*command, "cohort=en-IN", "site=ward-7")
    assert rows[0]["utterance_id"] not in again.stdout
    assert rows[1]["utterance_id"] in again.stdout
    out = tmp_path / "ids.csv"
    assert call(*command, "site=ward-2", "--out", str(out)).returncode == 0
    assert out.read_text().startswith("utterance_id,spoken_at,errors,reference_words\n")
    before = out.read_text()
    done = call(*command, "site=ward-7", "--out", str(out))
    assert (done.returncode, out.read_text()) == (2, before)
    assert f"{out}: is there already; name another file, or move it" in done.stderr
    new = tmp_path / "new.csv"
    assert call(*command, "site=nowhere", "--out", str(new)).returncode == 1
    assert not new.exists()


@pytest.mark.parametrize(
    ("condition", "status", "told"),
    [
        ("floor=3", 2, "floor: no such attribute is declared; these are: accent, cohort, device"),
        ("site", 2, "expected NAME=VALUE like site=ward-7, got site"),
        ("site=nowhere", 1, "0 utterances of site=nowhere"),
        ("cohort=en-XX", 2, "cohort=en-XX: there is no such cohort; these are: en-IN, en-US"),
        ("site=ward-7 site=ward-8", 2, "site is there twice: one utterance has one value of it"),
    ],
)
def test_a_slice_that_is_none_is_said_so(
    service: RunningService, tmp_path: Path, condition: str, status: int, told: str
) -> None:
    config = tmp_path / "werwatch.yaml"
    config.write_text(yaml.safe_dump({"data_dir": str(service.data_dir)}))
    done = call("export-slice", *condition.split(), "--config", str(config))
    assert (done.returncode, told in done.stderr) == (status, True), done.stderr
    assert "Traceback" not in done.stderr
