"""What became of notices is shown, dead ones go out again, and a receiver can be tried."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from chaos.stream import DETECTION
from commands import call
from conftest import RunningService, catches_up, eventually, score
from stand_in import Got, Reply, stand_in

from service.delivery.lane import MOST_AT_ONCE

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
ENOUGH = 1_300


def settle(service: RunningService) -> None:
    """Wait until all is scored, judged and tried, and nothing more comes of it."""
    assert catches_up(service)
    seen: list[Any] | None = None
    while seen != (seen := service.get("/v1/notices?limit=1000")["notices"]):
        # It looks after its alerts every second.
        time.sleep(2.5)
    assert eventually(lambda: held(service, "dead") and not held(service, "pending"))


def held(service: RunningService, state: str) -> list[Any]:
    rows: list[Any] = service.get(f"/v1/notices?state={state}")["notices"]
    return rows


@pytest.mark.parametrize(("status", "is_disabled"), [(401, False), (410, True)])
def test_what_was_refused_is_listed_and_arrives_once_it_is_sent_again(
    make_service: Callable[..., RunningService], status: int, *, is_disabled: bool
) -> None:
    answers = [status]
    with stand_in(lambda _: Reply(answers[0])) as server:
        receiver = {"name": "oncall", "kind": "webhook", "url": server.url, "secret": SECRET}
        service = make_service(detection=DETECTION, receivers=[receiver])
        score(service, 0, ENOUGH)
        settle(service)
        rows = held(service, "dead")
        assert {row["receiver"] for row in rows} == {"oncall"}
        assert rows[-1]["last_outcome"] == f"HTTP {status}"
        assert rows[-1]["type"].startswith("werwatch.alert.")
        assert f'werwatch_outbox_notices{{receiver="oncall",state="dead"}} {len(rows)}.0' in service.scrape()
        assert f'werwatch_receiver_disabled{{receiver="oncall"}} {float(is_disabled)}' in service.scrape()
        assert len(server.got) <= (MOST_AT_ONCE if is_disabled else len(rows))
        listed = call("notices", "--api", service.api)
        assert all(row["notice_id"] in listed.stdout for row in rows)
        answers[0] = 200
        # The oldest first, as they were meant to be told.
        identities = [row["notice_id"] for row in reversed(rows)]
        resent = call("resend", *identities, "--author", "ann", "--api", service.api)
        assert resent.returncode == 0, resent.stderr
        assert eventually(lambda: not held(service, "dead") and not held(service, "pending"))
        assert 'werwatch_receiver_disabled{receiver="oncall"} 0.0' in service.scrape()
        record = service.get("/v1/alert-record")["record"]
        assert {row["author"] for row in record if row["action"] == "resent"} == {"ann"}
        again = call("resend", identities[0], "--author", "ann", "--api", service.api)
        assert "this notice is not sent again: it is delivered, not dead" in again.stderr
        assert server.url not in service.log
    assert "no such notice" in call("resend", "none", "--author", "ann", "--api", service.api).stderr


def test_a_dead_notice_that_nobody_needs_any_more_is_let_be(
    make_service: Callable[..., RunningService],
) -> None:
    with stand_in(lambda _: Reply(404)) as server:
        receiver = {"name": "oncall", "kind": "webhook", "url": server.url, "secret": SECRET}
        service = make_service(detection=DETECTION, receivers=[receiver])
        score(service, 0, ENOUGH)
        settle(service)
        dead = [row["notice_id"] for row in held(service, "dead")]
        alerts = service.get("/v1/alerts")["alerts"]
        first = service.get("/v1/alerts?limit=1")
        assert (first["alerts"], first["next"]) == (alerts[:1], alerts[0]["alert_id"])
        others = service.get(f"/v1/alerts?limit=1000&after={first['next']}")
        assert (others["alerts"], others["next"]) == (alerts[1:], None)
        done = call("dismiss", *dead, "--author", "ann", "--note", "told them myself", "--api", service.api)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, f"{dead[0]} is not told to oncall")
    assert held(service, "dead") == []
    assert {row["notice_id"] for row in held(service, "dismissed")} == set(dead)
    assert 'werwatch_dead_letters{receiver="oncall"} 0.0' in service.scrape()
    record = [row for row in service.get("/v1/alert-record")["record"] if row["action"] == "dismissed"]
    assert {(row["author"], row["note"]) for row in record} == {("ann", "to oncall: told them myself")}
    again = call("resend", dead[0], "--author", "ann", "--api", service.api)
    assert "this notice is not sent again: it is dismissed, not dead" in again.stderr


def configured(folder: Path, **receiver: Any) -> str:
    path = folder / "werwatch.yaml"
    path.write_text(yaml.safe_dump({"receivers": [{"name": "oncall", **receiver}]}))
    return str(path)


def test_a_receiver_is_tried_with_a_marked_notice(tmp_path: Path) -> None:
    with stand_in(lambda _: Reply(202, b'{"status":"success"}')) as server:
        config = configured(tmp_path, kind="webhook", url=server.url, secret=SECRET)
        done = call("test-receiver", "oncall", "--config", config)
    assert (done.returncode, done.stdout) == (
        0,
        'oncall: delivered: HTTP 202\nit said: {"status":"success"}\n',
    )
    [got] = server.got
    assert got.json["type"] == "werwatch.alert.test"
    assert "nothing has happened" in got.json["data"]["title"]


def test_what_came_back_is_shown_without_what_is_secret(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("0123456789abcdef0123456789abcdef")

    def echo(got: Got) -> Reply:
        return Reply(400, got.path.encode() + b" " + got.json["routing_key"].encode() + b" is invalid")

    with stand_in(echo) as server:
        url = f"{server.url}/T000/B000/xoxp-secret-part?sig=signature-secret"
        config = configured(tmp_path, kind="pagerduty", routing_key_file=str(tmp_path / "key"), url=url)
        done = call("test-receiver", "oncall", "--config", config)
    assert done.returncode == 1
    assert "oncall: dead: HTTP 400" in done.stdout
    assert "is invalid" in done.stdout
    for secret in ("0123456789abcdef", "xoxp-secret-part", "signature-secret", server.url):
        assert secret not in done.stdout + done.stderr


def test_a_password_is_not_shown_as_it_was_sent_either(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p4ssw0rd")
    user = {"username": "bob", "password_file": str(tmp_path / "password")}

    with stand_in(lambda got: Reply(200, got.headers["authorization"].encode())) as server:
        done = call(
            "test-receiver",
            "oncall",
            "--config",
            configured(tmp_path, kind="webhook", url=server.url, secret=SECRET, **user),
        )
    assert done.stdout == "oncall: delivered: HTTP 200\nit said: Basic ***\n"


def test_a_receiver_that_is_not_there_is_named(tmp_path: Path) -> None:
    config = configured(tmp_path, kind="webhook", url="http://127.0.0.1:9", secret=SECRET)
    done = call("test-receiver", "oncall", "--config", config)
    assert (done.returncode, done.stdout) == (1, "oncall: retry: connection refused\n")
    missing = call("test-receiver", "pager", "--config", config)
    assert missing.returncode == 2
    assert missing.stderr == "werwatch: receivers: there is no pager; configured here: oncall\n"
