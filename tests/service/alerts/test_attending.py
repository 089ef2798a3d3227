"""People attend to the alerts of a running service, by its API and by the command line."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from commands import call
from conftest import RunningService, eventually
from on_call import OnCall, on_call
from simulation import Stream, references

from service.commands.alerts import silence as silence_command

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
ANN = {"author": "ann", "note": "the scanner on floor 3 is looked at"}


@pytest.fixture(scope="module")
def worse() -> list[str]:
    """Two cohorts, of which B gets so much worse after 1,500 utterances that it is a page at once."""
    return references(
        Stream(
            2_500,
            1,
            shift=lambda name, index, _: 0.5 if name == "B" and index >= 1_500 else 0.0,
            cohorts=(("A", 0.1, 0.6), ("B", 0.1, 0.4)),
        )
    )


@pytest.fixture
def server() -> Iterator[OnCall]:
    with on_call() as server:
        yield server


@pytest.fixture
def service(make_service: Callable[..., RunningService], server: OnCall) -> RunningService:
    receiver = {"name": "oncall", "kind": "webhook", "url": server.url, "secret": SECRET}
    return make_service(receivers=[receiver])


def feed(service: RunningService, lines: list[str]) -> None:
    ndjson = {"content-type": "application/x-ndjson"}
    assert service.post("/v1/references", "\n".join(lines).encode(), **ndjson).json()["scored"] == len(lines)


def alert_in(service: RunningService, state: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    def is_there() -> bool:
        alerts = service.get(f"/v1/alerts?state={state}")["alerts"]
        found[:] = [alert for alert in alerts if alert["signal"] == "differential"]
        return bool(found)

    assert eventually(is_there)
    [alert] = found
    return alert


def told(server: OnCall) -> list[str]:
    """What was told in order, but for a ticket that has become a page: that depends on the moment."""
    kinds = [json.loads(body)["type"].removeprefix("werwatch.alert.") for _, _, body in server.seen]
    return [kind for kind in kinds if kind != "updated"]


def said_by(record: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    """What the record says, and of whom, but for the same."""
    return [(row["action"], row["author"]) for row in record if row["action"] != "updated"]


def werwatch(service: RunningService, *words: str) -> str:
    done = call(*words, "--api", service.api)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_alert_is_acknowledged_and_resolved_and_both_are_told_and_on_record(
    service: RunningService, server: OnCall, worse: list[str]
) -> None:
    feed(service, worse)
    alert = alert_in(service, "firing")
    route = f"/v1/alerts/{alert['alert_id']}"
    assert service.post(f"{route}/acknowledge", ANN).json()["state"] == "acknowledged"
    again = service.post(f"{route}/acknowledge", ANN)
    assert (again.status_code, "this one is acknowledged" in again.json()["detail"]) == (409, True)
    assert alert_in(service, "acknowledged")["acknowledged_by"] == "ann"
    active = r"""werwatch_alert_active\{cohort="B",severity="\w+",signal="differential"\} 1.0"""
    assert re.search(active, service.scrape())
    assert service.post(f"{route}/resolve", ANN).status_code == 200
    assert eventually(lambda: told(server) == ["firing", "acknowledged", "resolved"])
    record = service.get(route)["record"]
    assert said_by(record) == [
        ("resolved", "ann"),
        ("acknowledged", "ann"),
        ("fired", None),
    ]
    # After a restart nothing of it comes again.
    service.stop()
    service.start()
    assert service.get(route)["state"] == "resolved"
    assert service.get("/v1/alert-record")["record"] == record
    assert len(told(server)) == 3


def test_a_maintenance_window_outlives_a_restart_and_what_lasts_is_told_after_it(
    service: RunningService, server: OnCall, worse: list[str]
) -> None:
    said = werwatch(
        service, "silence", "cohort=B", "--for", "2h", "--author", "ann", "--note", "works on floor 3"
    )
    silence = said.split(":")[0]
    service.kill()
    service.start()
    [listed] = service.get("/v1/silences")["silences"]
    assert (listed["silence_id"], listed["state"], listed["author"]) == (silence, "active", "ann")
    feed(service, worse)
    alert = alert_in(service, "firing")
    assert alert["told_at"] is None
    assert "works on floor 3 (ann)" in werwatch(service, "silences")
    assert alert["alert_id"] in werwatch(service, "alerts")
    assert server.seen == []
    werwatch(service, "end-silence", silence, "--author", "bob", "--note", "done early")
    assert eventually(lambda: told(server) == ["firing"])
    assert said_by(service.get("/v1/alert-record")["record"]) == [
        ("told", None),
        ("silence_ended", "bob"),
        ("muted", None),
        ("fired", None),
        ("silence_made", "ann"),
    ]
    werwatch(service, "acknowledge", alert["alert_id"], "--author", "ann")
    werwatch(service, "resolve", alert["alert_id"], "--author", "ann", "--note", "mended")
    assert "no active alerts" in werwatch(service, "alerts")


def test_an_alert_that_other_settings_would_not_raise_ends_with_them(
    service: RunningService, server: OnCall
) -> None:
    def shift(name: str, index: int, _: float) -> float:
        return 0.12 if name == "B" and index >= 1_500 else 0.0

    feed(service, references(Stream(2_500, 1, shift=shift, cohorts=(("A", 0.1, 0.6), ("B", 0.1, 0.4)))))
    alert = alert_in(service, "firing")
    service.stop()
    service.start()
    assert alert_in(service, "firing")["alert_id"] == alert["alert_id"]
    service.stop()
    # The monitor reads the history anew and finds no rise; so it would never see the recovery either.
    service.settings = {**service.settings, "detection": {"false_alarms_per_month": 1e-30}}
    service.start()
    assert alert_in(service, "resolved")["resolution"] == "outdated"
    assert eventually(lambda: told(server) == ["firing", "resolved"])


def silence(**changes: Any) -> dict[str, Any]:
    ends_at = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    return {"matchers": ["cohort=B"], "ends_at": ends_at, **ANN, **changes}


def span(starts_at: str, ends_at: str) -> dict[str, str]:
    return {"starts_at": starts_at, "ends_at": ends_at}


@pytest.mark.parametrize(
    ("route", "body", "status", "hint"),
    [
        ("/v1/alerts/nobody/acknowledge", ANN, 404, "no such alert"),
        ("/v1/alerts/nobody/resolve", {"note": "x"}, 422, "author: this field is required"),
        ("/v1/silences", silence(matchers=["accent=B"]), 422, "label of signal, cohort, severity"),
        ("/v1/silences", silence(matchers=[]), 422, "matchers"),
        ("/v1/silences", silence(matchers=["cohort=A", "cohort=B"]), 422, "never hold together"),
        ("/v1/silences", silence(ends_at="2020-01-01T00:00:00Z"), 422, "ends_at: expected a time to come"),
        ("/v1/silences", silence(ends_at="2099-01-01T00:00:00Z"), 422, "by a year at most"),
        ("/v1/silences", silence(**span("0001-01-01T00:00:00+14:00", "0001-01-01T01:00:00+14:00")), 422,
         "a time to come"),
        ("/v1/silences", silence(**span("9999-12-31T22:00:00-14:00", "9999-12-31T23:00:00-14:00")), 422,
         "starts_at: expected a time within a year"),
        ("/v1/silences", silence(author="\x1b[2Jann"), 422, "author"),
        ("/v1/silences", silence(note="\x1b[2Jworks"), 422, "note"),
        ("/v1/silences", silence(matchers=["cohort=\x1b[2J"]), 422, "matchers"),
        ("/v1/silences", silence(ends_at="2099-01-01T00:00:00"), 422, "ends_at"),
        ("/v1/silences", silence(note=""), 422, "note"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused(
    shared_service: RunningService, route: str, body: dict[str, Any], status: int, hint: str
) -> None:
    answer = shared_service.post(route, body)
    assert (answer.status_code, hint in answer.json()["detail"]) == (status, True), answer.text
    # What was refused must not spoil the list either.
    assert all(each["note"] == ANN["note"] for each in shared_service.get("/v1/silences")["silences"])


@pytest.mark.parametrize("duration", ["99999999999999999999d", "9999999d", "soon"])
def test_a_silence_without_a_sensible_end_is_refused_in_words(duration: str) -> None:
    words = ["silence", "cohort=B", "--for", duration, "--author", "ann", "--note", "works"]
    done = CliRunner().invoke(silence_command, words[1:])
    assert (done.exit_code, "--for: expected" in done.output) == (2, True), done.output


def test_a_window_that_is_planned_is_listed_and_called_off(shared_service: RunningService) -> None:
    begins, ends = (datetime.now(UTC) + timedelta(days=days) for days in (1, 2))
    times = [f"--from={begins:%Y-%m-%dT%H:%M%z}", f"--until={ends:%Y-%m-%dT%H:%M:%S%z}"]
    said = werwatch(shared_service, "silence", "cohort=*", *times, "--author=ann", "--note=engine upgrade")
    assert f": planned, from {begins:%Y-%m-%dT%H:%M}:00Z to {ends:%Y-%m-%dT%H:%M:%S}Z" in said
    name = said.partition(":")[0]
    assert f"{name}  planned" in werwatch(shared_service, "silences")
    werwatch(shared_service, "end-silence", name, "--author=ann")
    assert f"{name}  over" in werwatch(shared_service, "silences")


def test_a_silence_that_is_over_cannot_end_again(shared_service: RunningService) -> None:
    made = shared_service.post("/v1/silences", silence()).json()
    route = f"{shared_service.api}/v1/silences/{made['silence_id']}"
    assert httpx.delete(route, params={"author": "ann"}).json()["state"] == "over"
    assert httpx.delete(route, params={"author": "ann"}).status_code == 409
    assert httpx.delete(f"{shared_service.api}/v1/silences/nobody", params={"author": "a"}).status_code == 404
