"""What every receiver does alike: it says the same things, in its service's form and within its limits."""

import asyncio
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from notices import EVENT, FIRED_S, LINKS, notice
from pydantic import TypeAdapter
from stand_in import Got, Reply, stand_in
from standardwebhooks import Webhook as ReferenceWebhook

from detectors.event import Signal
from service.receivers.attempt import Attempt, Verdict
from service.receivers.connection import client_for
from service.receivers.kinds import receiver_for
from service.receivers.notice import Kind, Notice
from service.receivers.rendering import read
from service.settings.receivers import AnyReceiver, DeliverySettings

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
GOLDEN = Path(__file__).parent / "golden"
KEY = "0123456789abcdef0123456789abcdef"
PLACE = json.dumps({"channel": "C0", "ts": "1772540060.000100"})
SETTINGS: dict[str, dict[str, Any]] = {
    "webhook": {"kind": "webhook", "secret": SECRET},
    "webhook_alertmanager": {"kind": "webhook", "format": "alertmanager", "secret": SECRET},
    "alertmanager": {"kind": "alertmanager"},
    "pagerduty": {"kind": "pagerduty", "routing_key_file": KEY, "source": "werwatch-0"},
    "slack": {"kind": "slack"},
    "slack_bot": {"kind": "slack", "bot_token_file": "xoxb-1", "channel": "#on-call"},
    "teams": {"kind": "teams"},
}


def settings_of(name: str, url: str, folder: Path, **more: Any) -> Any:
    settings = {"name": name, "url": url + "/hook", **SETTINGS[name], **more}
    for key, value in settings.items():
        if key in ("routing_key_file", "bot_token_file"):
            (folder / key).write_text(value)
            settings[key] = str(folder / key)
    return TypeAdapter(AnyReceiver).validate_python(settings)


def send(settings: Any, *notices: Notice) -> list[Attempt]:
    """Each notice with what the one before left in mind."""

    async def all_of_them() -> list[Attempt]:
        receiver = receiver_for(settings, DeliverySettings(), LINKS)
        attempts: list[Attempt] = []
        memory = None
        async with client_for(settings) as client:
            for each in notices:
                attempt = await receiver.send(client, replace(each, memory=each.memory or memory), FIRED_S)
                memory = attempt.memory or memory
                attempts.append(attempt)
        return attempts

    return asyncio.run(all_of_them())


def as_slack(got: Got) -> Reply:
    """What Slack's methods answer, and its webhooks."""
    if got.path.rsplit("/", 1)[-1].startswith("chat."):
        return Reply(200, json.dumps({"ok": True, "channel": "C0", "ts": "1772540060.000100"}).encode())
    return Reply()


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("name", SETTINGS)
def test_what_is_sent_reads_as_it_was_agreed(name: str, kind: Kind, tmp_path: Path) -> None:
    is_later = name == "slack_bot" and kind not in (Kind.FIRING, Kind.NOTED, Kind.TEST)
    with stand_in(as_slack) as server:
        send(settings_of(name, server.url, tmp_path), notice(kind, memory=PLACE if is_later else None))
    told = [{"path": got.path, "body": got.json} for got in server.got]
    written = json.dumps(told, indent=2, ensure_ascii=False) + "\n"
    path = GOLDEN / f"{name}-{kind.value}.json"
    if os.environ.get("GOLDEN") == "write":
        path.write_text(written)
    assert written == path.read_text()


@pytest.mark.parametrize("kind", Kind)
def test_a_notice_reads_well(kind: Kind) -> None:
    reading = read(notice(kind), LINKS)
    links = [f"{text}: {url}" for text, url in reading.links.items()]
    written = "\n".join([reading.title, "", reading.text, *links]) + "\n"
    path = GOLDEN / f"reading-{kind.value}.txt"
    if os.environ.get("GOLDEN") == "write":
        path.write_text(written)
    assert written == path.read_text()


@pytest.mark.parametrize("signal", Signal)
def test_every_signal_has_a_title_with_its_cohort_size_and_time(signal: Signal) -> None:
    about_all = signal is Signal.GLOBAL
    event = replace(EVENT, signal=signal, cohort=None if about_all else EVENT.cohort)
    title = read(notice(event=event), LINKS).title
    assert "\n" not in title
    assert title.startswith("FIRING: all cohorts" if about_all else "FIRING: en-GB-scotland")
    assert "+16.2 points" in title
    assert "since Tue 03 Mar 09:00 UTC" in title


def test_a_rise_of_deletions_is_not_called_a_rise_of_substitutions() -> None:
    more_deletions = read(notice(), LINKS)
    after = replace(EVENT.after, deletions=12, substitutions=100)
    more_substitutions = read(notice(event=replace(EVENT, after=after)), LINKS)
    assert "go missing" in more_deletions.look_first[-1]
    assert "taken for others" in more_substitutions.look_first[-1]
    assert "substitutions 6.0 -> 25.0, deletions 3.0 -> 3.0" in more_substitutions.text


HUGE = "<&*_[x](https://evil.example)" * 10_000


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("name", SETTINGS)
def test_no_name_is_too_long_for_any_service(name: str, kind: Kind, tmp_path: Path) -> None:
    event = replace(EVENT, cohort=HUGE)
    with stand_in(as_slack) as server:
        [attempt] = send(settings_of(name, server.url, tmp_path), notice(kind, event=event, note=HUGE))
    assert attempt.verdict is Verdict.DELIVERED
    for got in server.got:
        LIMITS[name](got.json)


def _pagerduty(body: Any) -> None:
    assert len(body.get("dedup_key", "")) <= 255
    assert all(len(link["href"]) <= 2_000 for link in body.get("links", []))
    assert len(json.dumps(body)) <= 512_000
    if "payload" in body:
        assert len(body["payload"]["summary"]) <= 1_024
        assert "+16.2 points" in body["payload"]["summary"] or "TEST" in body["payload"]["summary"]


def _slack(body: Any) -> None:
    assert 0 < len(body["text"]) <= 4_000
    assert "<" not in body["text"]
    assert len(body.get("blocks", [])) <= 50
    for block in body.get("blocks", []):
        if block["type"] == "header":
            assert len(block["text"]["text"]) <= 150
        elif block["type"] == "section":
            assert len(block.get("fields", [])) <= 10
            assert all(len(field["text"]) <= 2_000 for field in block.get("fields", []))
            assert len(block.get("text", {}).get("text", "")) <= 3_000
        elif block["type"] == "actions":
            assert all(len(button["url"]) <= 3_000 for button in block["elements"])


def _teams(body: Any) -> None:
    assert len(json.dumps(body, ensure_ascii=False).encode()) <= 28_000
    assert "](" not in json.dumps(body)


def _alertmanager(body: Any) -> None:
    for alert in body if isinstance(body, list) else body["alerts"]:
        assert all(len(value) <= 256 for value in alert["labels"].values())
        assert all(len(value) <= 4_000 for value in alert["annotations"].values())


def _anything(_: Any) -> None:
    """Our own form leaves nothing out."""


LIMITS: dict[str, Callable[[Any], None]] = {
    "webhook": _anything,
    "webhook_alertmanager": _alertmanager,
    "alertmanager": _alertmanager,
    "pagerduty": _pagerduty,
    "slack": _slack,
    "slack_bot": _slack,
    "teams": _teams,
}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.DELIVERED),
        (408, Verdict.RETRY),
        (425, Verdict.RETRY),
        (429, Verdict.RETRY),
        (500, Verdict.RETRY),
        (503, Verdict.RETRY),
        (400, Verdict.DEAD),
        (401, Verdict.DEAD),
        (302, Verdict.RETRY),
        (410, Verdict.GONE),
    ],
)
def test_what_an_answer_means(name: str, status: int, verdict: Verdict, tmp_path: Path) -> None:
    headers = {"Retry-After": "7", "Location": "http://127.0.0.1:9/"}
    with stand_in(lambda got: Reply(status, as_slack(got).body, headers)) as server:
        [attempt] = send(settings_of(name, server.url, tmp_path), notice())
    assert attempt.verdict is verdict
    assert len(server.got) == 1
    assert verdict is not Verdict.RETRY or attempt.retry_after == "7"


@pytest.mark.parametrize("name", SETTINGS)
def test_what_was_taken_is_not_sent_again_because_its_answer_breaks_off(name: str, tmp_path: Path) -> None:
    with stand_in(lambda _: Reply(200, b"o", {"Content-Length": "100"})) as server:
        [attempt] = send(settings_of(name, server.url, tmp_path), notice())
    # A bot needs to know what its message is called.
    expected = Verdict.RETRY if name == "slack_bot" else Verdict.DELIVERED
    assert attempt.verdict is expected


@pytest.mark.parametrize("body", [b"<html>bad gateway</html>", b"[]", b""])
def test_an_answer_in_the_place_of_slacks_is_tried_again(body: bytes, tmp_path: Path) -> None:
    with stand_in(lambda _: Reply(200, body)) as server:
        [attempt] = send(settings_of("slack_bot", server.url, tmp_path), notice())
    assert (attempt.verdict, attempt.outcome) == (Verdict.RETRY, "an answer that is no JSON")


@pytest.mark.parametrize("host", ["169.254.169.254", "0xa9fea9fe", "[fe80::1]"])
def test_a_proxy_is_not_asked_for_what_is_link_local(host: str, tmp_path: Path) -> None:
    with stand_in() as proxy:
        settings = settings_of("webhook", f"http://{host}", tmp_path, allow_http=True, proxy=proxy.url)
        [attempt] = send(settings, notice())
    assert (attempt.verdict, proxy.got) == (Verdict.DEAD, [])


@pytest.mark.parametrize("name", SETTINGS)
def test_a_server_that_is_not_there_may_come_back(name: str, tmp_path: Path) -> None:
    [attempt] = send(settings_of(name, "http://127.0.0.1:9", tmp_path), notice())
    assert (attempt.verdict, attempt.outcome) == (Verdict.RETRY, "connection refused")


@pytest.mark.parametrize("name", SETTINGS)
def test_nobody_is_told_a_secret(name: str, tmp_path: Path) -> None:
    with stand_in(as_slack) as server:
        settings = settings_of(name, server.url, tmp_path)
        for attempt in send(settings, notice(), notice(Kind.RESOLVED)):
            assert server.url not in attempt.outcome
            assert KEY not in repr(attempt)
            assert "xoxb" not in repr(attempt)


def test_a_webhook_is_signed_by_every_key_of_a_rotation(tmp_path: Path) -> None:
    other = "whsec_" + "MTEx" * 11
    for number, secret in enumerate((SECRET, other)):
        (tmp_path / str(number)).write_text(secret)
    files = [str(tmp_path / "0"), str(tmp_path / "1")]
    with stand_in() as server:
        settings = settings_of("webhook", server.url, tmp_path, secret=None, secret_files=files)

        async def send_now() -> Attempt:
            async with client_for(settings) as client:
                return await receiver_for(settings, DeliverySettings(), LINKS).send(
                    client, notice(), time.time()
                )

        asyncio.run(send_now())
    for secret in (SECRET, other):
        ReferenceWebhook(secret).verify(server.got[0].body, server.got[0].headers)


@pytest.mark.parametrize(
    ("way", "header"),
    [
        ({"username": "ann", "password_file": "p"}, "Basic YW5uOmh1bnRlcjI="),
        ({"bearer_token_file": "p"}, "Bearer hunter2"),
    ],
)
def test_a_receiver_that_asks_who_we_are_is_told(way: dict[str, str], header: str, tmp_path: Path) -> None:
    (tmp_path / "p").write_text("hunter2\n")
    files = {key: str(tmp_path / value) if key.endswith("_file") else value for key, value in way.items()}
    with stand_in() as server:
        send(settings_of("alertmanager", server.url, tmp_path, **files), notice())
    assert server.got[0].headers["authorization"] == header


def test_slack_keeps_one_message_and_tells_the_rest_in_its_thread(tmp_path: Path) -> None:
    with stand_in(as_slack) as server:
        send(settings_of("slack_bot", server.url, tmp_path), notice(), notice(Kind.RESOLVED))
    first, updated, replied = server.got
    assert [got.path for got in server.got] == [
        "/hook/chat.postMessage",
        "/hook/chat.update",
        "/hook/chat.postMessage",
    ]
    assert first.headers["authorization"] == "Bearer xoxb-1"
    assert "thread_ts" not in first.json
    assert updated.json["ts"] == replied.json["thread_ts"] == "1772540060.000100"
    assert updated.json["text"].startswith("RESOLVED")
    assert replied.json["reply_broadcast"] is True


@pytest.mark.parametrize(("severity", "is_for_all"), [("page", True), ("ticket", False)])
def test_an_update_of_a_page_is_seen_in_the_channel(severity: str, is_for_all: bool, tmp_path: Path) -> None:
    with stand_in(as_slack) as server:
        update = notice(Kind.UPDATED, memory=PLACE, severity=severity)
        send(settings_of("slack_bot", server.url, tmp_path), update)
    assert server.got[-1].json["reply_broadcast"] is is_for_all


def test_a_message_that_somebody_deleted_is_written_again(tmp_path: Path) -> None:
    def answer(got: Got) -> Reply:
        if got.path.endswith("chat.update"):
            return Reply(200, b'{"ok": false, "error": "message_not_found"}')
        return as_slack(got)

    with stand_in(answer) as server:
        [attempt] = send(settings_of("slack_bot", server.url, tmp_path), notice(Kind.RESOLVED, memory=PLACE))
    assert attempt.verdict is Verdict.DELIVERED
    assert "blocks" in server.got[-1].json
    assert attempt.memory is not None


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        ("ratelimited", Verdict.RETRY),
        ("internal_error", Verdict.RETRY),
        ("token_revoked", Verdict.GONE),
        ("is_archived", Verdict.GONE),
        ("invalid_blocks", Verdict.DEAD),
    ],
)
def test_slack_says_no_with_200(error: str, verdict: Verdict, tmp_path: Path) -> None:
    said = json.dumps({"ok": False, "error": error}).encode()
    with stand_in(lambda _: Reply(200, said)) as server:
        [attempt] = send(settings_of("slack_bot", server.url, tmp_path), notice())
    assert (attempt.verdict, attempt.outcome) == (verdict, error)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_slack_webhook_that_was_withdrawn_is_disabled(status: int, tmp_path: Path) -> None:
    with stand_in(lambda _: Reply(status, b"no_service")) as server:
        [attempt] = send(settings_of("slack", server.url, tmp_path), notice())
    assert attempt.verdict is Verdict.GONE


def test_pagerduty_gets_one_incident_an_alert(tmp_path: Path) -> None:
    kinds = [Kind.FIRING, Kind.UPDATED, Kind.ACKNOWLEDGED, Kind.RESOLVED]
    with stand_in(lambda _: Reply(202, b'{"status":"success"}')) as server:
        send(settings_of("pagerduty", server.url, tmp_path), *map(notice, kinds))
    assert [got.json["event_action"] for got in server.got] == [
        "trigger",
        "trigger",
        "acknowledge",
        "resolve",
    ]
    assert len({got.json["dedup_key"] for got in server.got}) == 1
    assert {got.json["routing_key"] for got in server.got} == {KEY}
