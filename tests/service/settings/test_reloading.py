"""A changed configuration is taken over while the service runs, as far as that can be."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from chaos.stream import DETECTION
from commands import call
from conftest import CLIENT, RunningService, catches_up, eventually, score
from stand_in import Reply, StandIn, stand_in
from standardwebhooks import Webhook

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
NEW_SECRET = "whsec_" + "MTEx" * 11 + "MTE="
ENOUGH = 2_200
"""References until an alert fires, which lasts."""


def change(service: RunningService, **settings: Any) -> None:
    path = service.folder / "werwatch.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | settings))


def webhook(server: StandIn, name: str = "oncall") -> dict[str, Any]:
    return {"name": name, "kind": "webhook", "url": server.url, "secret": SECRET}


def hang_up(service: RunningService) -> None:
    assert service.process is not None
    service.process.send_signal(signal.SIGHUP)


def types(server: StandIn) -> list[str]:
    return [got.json["type"].removeprefix("werwatch.alert.") for got in server.got]


def told(service: RunningService) -> list[dict[str, Any]]:
    """Active alerts that receivers hear of, newest first: one about everybody holds differential ones."""
    rows: list[dict[str, Any]] = service.get("/v1/alerts?state=active")["alerts"]
    return [row for row in rows if row["signal"] != "differential"]


def ended(service: RunningService) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = service.get("/v1/alerts?state=resolved")["alerts"]
    return rows


def test_who_is_a_receiver_now_is_told_what_fires_and_who_was_one_no_more(
    make_service: Callable[..., RunningService],
) -> None:
    with stand_in() as old, stand_in() as new:
        service = make_service(detection=DETECTION, receivers=[webhook(old)])
        score(service, 0, ENOUGH)
        assert eventually(lambda: "firing" in types(old))
        assert catches_up(service)
        active = told(service)
        change(service, receivers=[webhook(new, "pager")])
        hang_up(service)
        assert eventually(lambda: "changed: receivers; after a restart: nothing" in service.log)
        assert eventually(lambda: types(new) == ["firing"] * len(active))
        before = len(old.got)
        body = {"author": "ann", "note": "over"}
        service.post(f"/v1/alerts/{active[0]['alert_id']}/resolve", body).raise_for_status()
        assert eventually(lambda: types(new) == ["firing"] * len(active) + ["resolved"])
        assert len(old.got) == before
        assert SECRET not in service.log
        assert service.stop() == 0


def test_a_secret_that_was_changed_holds_and_a_disabled_receiver_is_enabled(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    answers = [410]
    with stand_in(lambda _: Reply(answers[0])) as server:
        secret = tmp_path / "secret"
        secret.write_text(SECRET)
        receiver = {"name": "oncall", "kind": "webhook", "url": server.url, "secret_file": str(secret)}
        service = make_service(detection=DETECTION, receivers=[receiver])
        score(service, 0, ENOUGH)
        assert eventually(lambda: 'werwatch_receiver_disabled{receiver="oncall"} 1.0' in service.scrape())
        assert catches_up(service)
        secret.write_text(NEW_SECRET)
        answers[0], before = 200, len(server.got)
        service.post("/v1/admin/reload", {}).raise_for_status()
        assert 'werwatch_receiver_disabled{receiver="oncall"} 0.0' in service.scrape()
        active = told(service)[0]
        body = {"author": "ann", "note": "over"}
        service.post(f"/v1/alerts/{active['alert_id']}/resolve", body).raise_for_status()
        assert eventually(lambda: types(server)[before:] == ["resolved"])
        Webhook(NEW_SECRET).verify(server.got[-1].body, server.got[-1].headers)


def test_what_cannot_be_used_changes_nothing(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    change(service, alerts={"repeat_interval": "soon"}, api_token="only-for-a-restart-0001")
    refused = service.post("/v1/admin/reload", {})
    assert refused.status_code == 409
    assert "the configuration stays as it was" in refused.json()["detail"]
    assert "alerts.repeat_interval" in refused.json()["detail"]
    hang_up(service)
    assert eventually(lambda: "the configuration stays as it was" in service.log)
    change(service, alerts={"repeat_interval": "2h"})
    done = call("reload", "--api", service.api)
    assert (done.returncode, done.stdout) == (0, "changed: alerts\nafter a restart: api_token\n")
    # The old way in still holds.
    assert service.post("/v1/utterances", {"utterance_id": "a", "hypothesis": "no fever"}).status_code == 202
    for text in ("", "# being written\n"):
        (service.folder / "werwatch.yaml").write_text(text)
        refused = service.post("/v1/admin/reload", {})
        assert refused.status_code == 409
        assert "it sets nothing" in refused.json()["detail"]
    (service.folder / "werwatch.yaml").unlink()
    assert service.post("/v1/admin/reload", {}).status_code == 409
    assert service.stop() == 0


def test_a_file_that_only_a_start_reads_is_named_once_it_holds_something_else(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    terms = tmp_path / "terms"
    terms.write_text("no\n")
    service = make_service(critical_terms_file=str(terms))
    assert service.post("/v1/admin/reload", {}).json() == {"changed": [], "needs_restart": []}
    terms.write_text("no\nwithout\n")
    told = service.post("/v1/admin/reload", {}).json()
    assert told == {"changed": [], "needs_restart": ["critical_terms_file"]}


def ask(service: RunningService, token: str) -> int:
    return CLIENT.get(f"{service.api}/v1/alerts", headers={"authorization": f"Bearer {token}"}).status_code


def test_tokens_are_exchanged_while_it_runs(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    read, ops = (tmp_path / name for name in ("read", "ops"))
    first, second, third = (f"the-token-of-the-{turn}-quarter" for turn in ("first", "second", "third"))
    read.write_text(first)
    ops.write_text("a-token-that-stays")
    scopes = {read: ["read"], ops: ["admin"]}
    tokens = [{"name": path.name, "token_file": str(path), "scopes": each} for path, each in scopes.items()]
    service = make_service(api_tokens=tokens)
    known = {"authorization": f"Bearer {ops.read_text()}"}
    read.write_text(f"{second}\n")
    assert (ask(service, first), ask(service, second)) == (200, 401)
    told = service.post("/v1/admin/reload", {}, **known).json()
    assert told == {"changed": ["api_tokens"], "needs_restart": []}
    assert (ask(service, first), ask(service, second)) == (401, 200)
    assert service.post("/v1/admin/reload", {}, **known).json() == {"changed": [], "needs_restart": []}
    # A file that cannot be used leaves the old ones in force, and others that have changed.
    for broken in (None, "short", "", "two tokens of some\nlength, one a line", ops.read_text()):
        read.unlink(missing_ok=True)
        if broken is not None:
            read.write_text(broken)
        refused = service.post("/v1/admin/reload", {}, **known)
        assert refused.status_code == 409
        assert "the configuration stays as it was: api_tokens: " in refused.json()["detail"]
        assert ask(service, second) == 200
    hang_up(service)
    assert eventually(lambda: "the configuration stays as it was: api_tokens: " in service.log)
    # Scopes, and whose tokens there are, are taken over with the files.
    read.write_text(third)
    change(service, api_tokens=[{**tokens[0], "scopes": ["ingest"]}, tokens[1]])
    hang_up(service)
    assert eventually(lambda: (ask(service, second), ask(service, third)) == (401, 403))
    change(service, api_tokens=[tokens[1]])
    service.post("/v1/admin/reload", {}, **known).raise_for_status()
    assert ask(service, third) == 401
    assert not [each for each in (first, second, third) if each in service.log]


def test_no_reload_opens_what_asks_for_a_token_or_closes_what_asks_for_none(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    (tmp_path / "ops").write_text("a-token-of-some-length")
    asking = {"api_token_file": str(tmp_path / "ops")}
    known = {"authorization": "Bearer a-token-of-some-length"}
    for settings, status in ((asking, 401), ({}, 200)):
        service = make_service(**settings)
        path = service.folder / "werwatch.yaml"
        values = yaml.safe_load(path.read_text())
        values.pop("api_token_file", None)
        path.write_text(yaml.safe_dump(values if settings else {**values, **asking}))
        told = service.post("/v1/admin/reload", {}, **known).json()
        assert (told["changed"], set(told["needs_restart"])) == ([], {"api_token_file"})
        assert CLIENT.get(f"{service.api}/v1/alerts").status_code == status


def test_with_other_thresholds_the_history_is_judged_anew(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service(detection=DETECTION)
    score(service, 0, ENOUGH)
    assert eventually(lambda: service.get("/v1/alerts?state=active")["alerts"])
    service.settings["detection"] = {"smallest_change_points": 50, "false_alarms_per_month": 0.001}
    change(service, **service.settings)
    service.post("/v1/admin/reload", {}).raise_for_status()
    assert eventually(lambda: "outdated" in {each["resolution"] for each in ended(service)})
    assert service.get("/v1/cohorts")["budget"]["smallest_change_points"] == 50
    assert catches_up(service)
    before = service.get("/v1/cohorts")["cohorts"]
    assert service.stop() == 0
    service.start()
    # What was saved at the stop was saved under what holds now.
    assert service.log.count("the saved state is not used") == 1
    assert service.get("/v1/cohorts")["cohorts"] == before


def test_changed_settings_of_detection_stay_on_record(make_service: Callable[..., RunningService]) -> None:
    def noted() -> list[tuple[str, str]]:
        rows = service.get("/v1/interventions")["interventions"]
        assert {row["action"] for row in rows} <= {"settings"}
        return [(row["author"], row["note"]) for row in rows][::-1]

    service = make_service()
    score(service, 0, 10)
    assert service.stop() == 0
    service.start()
    assert noted() == []
    change(service, detection={"false_alarms_per_month": 2, "tolerated_gap_points": 20})
    service.post("/v1/admin/reload", {}).raise_for_status()
    service.post("/v1/admin/reload", {}).raise_for_status()
    reloaded = ("configuration", "false_alarms_per_month 1.0 -> 2.0, tolerated_gap_points 15.0 -> 20.0")
    assert noted() == [reloaded]
    # Killed before its state was saved under them, it finds the same change again.
    service.settings["detection"] = {"false_alarms_per_month": 2, "tolerated_gap_points": 20}
    service.kill()
    service.start()
    assert noted() == [reloaded]
    assert service.stop() == 0
    service.settings["detection"] = {"false_alarms_per_month": 2}
    service.start()
    assert noted() == [reloaded, ("configuration", "tolerated_gap_points 20.0 -> 15.0")]
    score(service, 10, 20)
    assert service.get("/v1/cohorts")["budget"]["false_alarms_per_month"] == 2
