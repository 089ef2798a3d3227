"""Notices reach a real HTTP server that has bad days."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from conftest import PATIENCE_S
from delivering import delivering
from hypothesis import given, settings
from hypothesis import strategies as st
from notices import EVENT
from on_call import on_call
from stand_in import stand_in
from standardwebhooks import Webhook as ReferenceWebhook

from detectors.event import Change, Event, Signal
from detectors.tally import Tally
from service.alerts.facts import describe
from service.alerts.lifecycle import Alerting, alert_id
from service.config import Config
from service.delivery.backoff import asked_s, wait_s
from service.errors import ConfigError
from service.receivers.kinds import endpoints
from service.receivers.webhook import decode_secret

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="

RECOVERY = replace(EVENT, change=Change.RECOVERED, detected_s=1_772_640_000.0)


def config(folder: Path, *urls: str) -> Config:
    receivers = [
        {"name": f"receiver{n}", "kind": "webhook", "url": url, "secret": SECRET}
        for n, url in enumerate(urls)
    ]
    return Config.model_validate({"data_dir": folder, "receivers": receivers})


async def deliver(
    settings_: Config, events: list[Event], until: dict[str, int]
) -> dict[tuple[str, str], int]:
    """Apply the events, work until the outbox holds ``until`` of each state, return what was counted."""
    alerting = Alerting(settings_)
    async with delivering(settings_) as (pipeline, reader):
        for event in events:
            await pipeline.writer.run(partial(alerting.apply, pipeline.store, event, time.time()))
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            states: dict[str, int] = {}
            for (_, state), (count, _) in reader.outbox().items():
                states[state] = states.get(state, 0) + count
            if states == until:
                return dict(pipeline.counts.deliveries)
            await asyncio.sleep(0.05)
        raise AssertionError(f"the outbox holds {states}, not {until}")


def test_a_notice_is_signed_as_the_reference_library_expects(tmp_path: Path) -> None:
    with on_call() as server:
        asyncio.run(deliver(config(tmp_path, server.url), [EVENT], {"delivered": 1}))
    [(_, headers, body)] = server.seen
    content: Any = ReferenceWebhook(SECRET).verify(body, headers)
    assert content["type"] == "werwatch.alert.firing"
    data = content["data"]
    assert data["alert_id"] == alert_id(EVENT)
    assert data["title"] == (
        "en-GB-scotland: WER 10.0 % -> 30.0 %, +16.2 points against the rest (95 %: +8.5 to +24.0) "
        "since Tue 03 Mar 09:00 UTC"
    )
    assert data["severity"] == "page"
    assert data["effect"]["lower"] == 8.5
    assert data["after"]["speaker_shifts"] == 20
    assert len(body) < 20_000


def test_failures_are_tried_again_with_the_same_id_and_a_fresh_signature(tmp_path: Path) -> None:
    with on_call(503, 429) as server:
        counted = asyncio.run(deliver(config(tmp_path, server.url), [EVENT], {"delivered": 1}))
    assert len(server.seen) == 3
    assert len({headers["webhook-id"] for _, headers, _ in server.seen}) == 1
    for _, headers, body in server.seen:
        ReferenceWebhook(SECRET).verify(body, headers)
    assert counted["receiver0", "retry"] == 2
    assert counted["receiver0", "delivered"] == 1


def test_retry_after_is_obeyed(tmp_path: Path) -> None:
    with on_call((503, {"Retry-After": "3"})) as server:
        asyncio.run(deliver(config(tmp_path, server.url), [EVENT], {"delivered": 1}))
    first, second = (at for at, _, _ in server.seen)
    assert second - first >= 2.9


def test_a_refusal_is_kept_as_dead_and_not_repeated(tmp_path: Path) -> None:
    with on_call(400) as server:
        asyncio.run(deliver(config(tmp_path, server.url), [EVENT], {"dead": 1}))
    assert len(server.seen) == 1


def test_410_stops_the_receiver_and_no_other(tmp_path: Path) -> None:
    with on_call(410) as gone, on_call() as fine:
        until = {"dead": 2, "delivered": 2}
        asyncio.run(deliver(config(tmp_path, gone.url, fine.url), [EVENT, RECOVERY], until))
    assert len(gone.seen) == 1
    assert len(fine.seen) == 2


def test_a_redirect_is_not_followed_and_may_be_taken_back(tmp_path: Path) -> None:
    with on_call() as elsewhere, on_call((302, {"Location": "PLACE"})) as server:
        server.script[0][1]["Location"] = elsewhere.url
        asyncio.run(deliver(config(tmp_path, server.url), [EVENT], {"delivered": 1}))
    assert (len(server.seen), elsewhere.seen) == (2, [])


def test_a_resolved_notice_never_overtakes_its_firing_one(tmp_path: Path) -> None:
    with on_call(503, 503) as server:
        asyncio.run(deliver(config(tmp_path, server.url), [EVENT, RECOVERY], {"delivered": 2}))
    states = [json.loads(body)["data"]["state"] for _, _, body in server.seen]
    assert states == ["firing", "firing", "firing", "resolved"]


def test_an_unreachable_receiver_gets_the_notice_after_a_restart(tmp_path: Path) -> None:
    nowhere = config(tmp_path, "http://127.0.0.1:9/")
    asyncio.run(deliver(nowhere, [EVENT], {"pending": 1}))
    with on_call() as server:
        asyncio.run(deliver(config(tmp_path, server.url), [], {"delivered": 1}))
    assert len(server.seen) == 1


def test_an_event_seen_again_changes_nothing(tmp_path: Path) -> None:
    with on_call() as server:
        events = [EVENT, EVENT, RECOVERY, EVENT, RECOVERY]
        asyncio.run(deliver(config(tmp_path, server.url), events, {"delivered": 2}))
        asyncio.run(deliver(config(tmp_path, server.url), events, {"delivered": 2}))
    assert len(server.seen) == 2


def test_the_id_depends_on_signal_cohort_and_onset_alone() -> None:
    assert alert_id(EVENT) == alert_id(replace(RECOVERY, effect_points=3.0, after=Tally()))
    others = [replace(EVENT, cohort="x"), replace(EVENT, onset_s=1.0), replace(EVENT, signal=Signal.GLOBAL)]
    assert len({alert_id(event) for event in [EVENT, *others]}) == 4


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"during_global": True}, "Raised while all cohorts were in alarm."),
        ({"guarantee_held": False}, "not guaranteed"),
        ({"after": replace(EVENT.after, speakers=["a"])}, "Fewer than three speakers"),
    ],
)
def test_what_limits_an_alert_is_said_with_it(change: dict[str, Any], note: str) -> None:
    assert any(note in each for each in describe(replace(EVENT, **change), "ticket")["notes"])


@pytest.mark.parametrize(
    ("event", "severity"),
    [
        (EVENT, "page"),
        (replace(EVENT, lower_points=4.9), "ticket"),
        (replace(EVENT, after=replace(EVENT.after, speakers=["a"])), "ticket"),
    ],
)
def test_only_a_certain_and_shared_change_pages(tmp_path: Path, event: Event, severity: str) -> None:
    with on_call() as server:
        asyncio.run(deliver(config(tmp_path, server.url), [event], {"delivered": 1}))
    assert json.loads(server.seen[0][2])["data"]["severity"] == severity


@given(st.integers(0, 100), st.none() | st.text(max_size=30))
@settings(max_examples=300, derandomize=True)
def test_waiting_is_bounded_whatever_the_receiver_asks(attempts: int, retry_after: str | None) -> None:
    assert 0.0 <= wait_s(attempts, retry_after, now=1_772_540_000.0) <= 3_600.0


@pytest.mark.parametrize(
    "retry_after",
    ["Thu, 01 Jan 99999999999999999999 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:00 +99999999999999"],
)
def test_a_date_that_no_computer_holds_asks_for_nothing(tmp_path: Path, retry_after: str) -> None:
    # An error here would leave the notice due, and the receiver would be called again and again.
    assert asked_s(retry_after, now=0.0) == 0.0
    with on_call((503, {"Retry-After": retry_after})) as server:
        counted = asyncio.run(deliver(config(tmp_path, server.url), [EVENT], {"delivered": 1}))
    assert counted["receiver0", "retry"] == 1


def test_retry_after_may_be_a_date() -> None:
    assert wait_s(0, "Tue, 03 Mar 2026 12:13:25 GMT", now=1_772_540_000.0) >= 5.0


@pytest.mark.parametrize("secret", ["whsec_short", "whsec_!!!!", "whsec_"])
def test_a_secret_that_is_none_is_refused(secret: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="24 to 64"):
        decode_secret(secret)
    settings_ = Config.model_validate(
        {"receivers": [{"name": "a", "kind": "webhook", "url": "https://x.org", "secret": secret}]}
    )
    with pytest.raises(ConfigError, match="a: secret"):
        endpoints(settings_)


def test_what_is_active_is_told_again_after_a_restart(tmp_path: Path) -> None:
    with stand_in() as one, stand_in() as other:
        receivers = [
            {"name": name, "kind": "alertmanager", "url": server.url}
            for name, server in (("am_0", one), ("am_1", other))
        ]
        settings_ = Config.model_validate({"data_dir": tmp_path, "receivers": receivers})
        asyncio.run(deliver(settings_, [EVENT], {"delivered": 2}))
        assert (len(one.got), len(other.got)) == (1, 1)
        # The loop begins at once, and there is nothing else to do.
        asyncio.run(wait_for(settings_, lambda: len(one.got) > 1 and len(other.got) > 1))
    for server in (one, other):
        [[first], [again]] = [got.json for got in server.got[:2]]
        assert (again["labels"], again["startsAt"]) == (first["labels"], first["startsAt"])
        assert again["endsAt"] >= first["endsAt"]


async def wait_for(settings_: Config, is_so: Callable[[], bool]) -> None:
    """Work until something is so."""
    async with delivering(settings_):
        deadline = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
