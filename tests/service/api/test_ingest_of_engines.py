"""What engines return, posted to a running service as it is."""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from bearer import Bearer
from conftest import CLIENT, RunningService
from engine_payloads import ALL_NAMES, NAMES, SHAPELESS, damaged, load, texts
from hypothesis import HealthCheck, given, settings

from service.api.providers import ROUTE

NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, bearer: Bearer) -> Iterator[RunningService]:
    paths = {"attributes": {"accent": "metadata.extra.accent", "site": "metadata.extra.desk"}}
    options = {
        "attributes": ["site", "engine", "engine_version", "language", "channel"],
        "ingest": {"deepgram": paths},
        "log_level": "debug",
    }
    service = RunningService(tmp_path_factory.mktemp("engines"), options, bearer=bearer).start()
    yield service
    service.kill()


def fresh(name: str) -> Any:
    """A payload whose engine gave it an id of its own."""
    number = next(NUMBERS)
    text = json.dumps(load(name))
    for known in ("6b0b6b3e-7c8e-4d1c-9a57-4b1f6f5a2c10", "d2f1a3f4-97b0-4b57-a3b6-0a8c1e2f5d6e"):
        text = text.replace(known, f"r{number}")
    return json.loads(text)


def post(
    service: RunningService, engine: str, payload: Any, query: dict[str, str] | None = None, **headers: str
) -> httpx.Response:
    return CLIENT.post(f"{service.api}/v1/ingest/{engine}", json=payload, params=query or {}, headers=headers)


def kept_ids(answer: httpx.Response) -> list[str]:
    return [each["utterance_id"] for each in answer.json()["kept"]]


def test_each_utterance_of_a_file_is_kept_with_a_name_that_its_reference_can_use(
    service: RunningService,
) -> None:
    payload = fresh("deepgram/call_on_two_channels")
    answer = post(service, "deepgram", payload)
    request = payload["metadata"]["request_id"]
    assert answer.status_code == 200
    assert kept_ids(answer) == [f"deepgram:{request}:{number}" for number in range(3)]
    assert {each["cohort"] for each in answer.json()["kept"]} == {"en-GB-scotland"}
    told = {name: answer.json()[name] for name in ("results", "ignored", "accepted", "rejected")}
    assert told == {"results": 3, "ignored": 0, "accepted": 3, "rejected": 0}
    reference = {
        "utterance_id": f"deepgram:{request}:1",
        "reference": "my mother had an appointment on thursday",
    }
    scored = service.post("/v1/references", reference).json()
    assert (scored["substitutions"], scored["cohort"]) == (1, "en-GB-scotland")


def test_the_same_again_is_a_duplicate_and_a_revision_replaces(service: RunningService) -> None:
    payload = fresh("deepgram/call_on_two_channels")
    post(service, "deepgram", payload)
    assert post(service, "deepgram", payload).json()["duplicate"] == 3
    payload["results"]["utterances"][1]["transcript"] = "My brother has an appointment on Thursday."
    again = post(service, "deepgram", payload).json()
    assert (again["replaced"], again["duplicate"]) == (1, 2)


def test_a_partial_is_acknowledged_and_counted_as_ignored(service: RunningService) -> None:
    def counted() -> float:
        prefix = 'werwatch_ignored_results_total{provider="deepgram"} '
        [line] = [line for line in service.scrape().splitlines() if line.startswith(prefix)]
        return float(line.removeprefix(prefix))

    before = counted()
    answer = post(service, "deepgram", load("deepgram/live_interim"))
    assert answer.status_code == 202
    assert (answer.json()["ignored"], answer.json()["kept"]) == (1, [])
    assert counted() == before + 1
    mixed = post(service, "amazon_transcribe", fresh("amazon_transcribe/stream"))
    assert (mixed.status_code, mixed.json()["accepted"], mixed.json()["ignored"]) == (200, 1, 1)


def test_with_an_utterance_id_all_of_a_channel_is_one_utterance(service: RunningService) -> None:
    name = f"call-{next(NUMBERS)}"
    answer = post(service, "deepgram", fresh("deepgram/call_on_two_channels"), {"utterance_id": name})
    assert kept_ids(answer) == [f"{name}:0", f"{name}:1"]
    text = "Imaging department how can I help you she needs to fast for four hours before the scan"
    scored = service.post("/v1/references", {"utterance_id": f"{name}:0", "reference": text}).json()
    assert (scored["substitutions"], scored["deletions"], scored["insertions"]) == (0, 0, 0)
    only = post(
        service,
        "deepgram",
        fresh("deepgram/call_on_two_channels"),
        {"utterance_id": f"{name}-b", "only_channel": "1"},
    )
    assert (kept_ids(only), only.json()["ignored"]) == ([f"{name}-b"], 2)


def test_a_recording_id_names_utterances_by_their_place(service: RunningService) -> None:
    name = f"call-{next(NUMBERS)}"
    answer = post(service, "deepgram", load("deepgram/live_final"), {"recording_id": name})
    assert kept_ids(answer) == [f"{name}:1-12160"]


def test_who_is_nobodys_name_is_asked_for_one(service: RunningService) -> None:
    payload = load("openai/verbose_json")
    refused = post(service, "openai", payload)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/utterance_id")
    assert kept_ids(post(service, "openai", payload, {"utterance_id": "dictation-1"})) == ["dictation-1"]


def test_headers_say_the_same_as_the_query_which_counts_more(service: RunningService) -> None:
    headers = {"X-Werwatch-Utterance-Id": f"d-{next(NUMBERS)}", "X-Werwatch-Accent": "en-IN"}
    answer = post(service, "openai", load("openai/verbose_json"), None, **headers)
    assert answer.json()["kept"] == [
        {"utterance_id": headers["X-Werwatch-Utterance-Id"], "status": "accepted", "cohort": "en-IN"}
    ]
    again = post(service, "openai", load("openai/verbose_json"), {"accent": "en-ZA"}, **headers)
    assert again.json()["replaced"] == 1


def test_the_language_that_an_engine_heard_is_no_cohort(make_service: Callable[..., RunningService]) -> None:
    service = make_service(cohorts={"by": ["language"]}, attributes=["engine"])
    answer = post(service, "amazon_transcribe", load("amazon_transcribe/stream"))
    assert answer.json()["kept"][0]["cohort"] == "unknown"
    said = post(service, "amazon_transcribe", load("amazon_transcribe/stream"), {"language": "en-IE"})
    assert (said.json()["replaced"], said.json()["kept"][0]["cohort"]) == (1, "en-IE")


def test_results_that_end_at_the_same_time_replace_each_other_in_no_answer(service: RunningService) -> None:
    results = [
        {"alternatives": [{"transcript": text, "confidence": 0.9}], "channelTag": 1, "audioProcessed": 9.0}
        for text in ("no fever", "some pain")
    ]
    answer = service.post("/v1/ingest/riva", {"id": {"value": "clash"}, "results": results}).json()
    assert (answer["accepted"], answer["replaced"]) == (2, 0)
    assert [kept["utterance_id"] for kept in answer["kept"]] == ["riva:clash:1-9000", "riva:clash:1-9000:1"]
    again = service.post("/v1/ingest/riva", {"id": {"value": "clash"}, "results": results}).json()
    assert again["duplicate"] == 2


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"acent": "en-IN"}, "#"),
        ({"is_final": "yes"}, "#/is_final"),
        ({"started_at": "2026-01-31 08:00"}, "#/started_at"),
        ({"started_at": "1926-01-31T08:00:00Z"}, "#/started_at"),
        ({"utterance_id": "u" * 129}, "#/utterance_id"),
        ({"utterance_id": "u", "accent": ""}, "#/accent"),
    ],
)
def test_what_is_said_beside_has_to_be_right(
    service: RunningService, query: dict[str, str], pointer: str
) -> None:
    answer = post(service, "openai", load("openai/verbose_json"), {"utterance_id": "right", **query})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


def test_other_bodies_and_engines_are_refused(service: RunningService) -> None:
    path = "/v1/ingest/deepgram"
    assert service.post("/v1/ingest/of-nobody", {}).status_code == 404
    assert service.post(path, b"{", **{"content-type": "application/json"}).status_code == 400
    assert service.post(path, b"[" * 5_000, **{"content-type": "application/json"}).status_code == 400
    assert service.post(path, b'{"a": 1e999}', **{"content-type": "application/json"}).status_code == 422
    assert service.post(path, b"<a/>", **{"content-type": "text/xml"}).status_code == 415
    assert service.post(path, [1]).json()["errors"] == [
        {"pointer": "#", "detail": "the payload: expected an object"}
    ]


def test_a_result_that_cannot_be_kept_does_not_fail_the_others(service: RunningService) -> None:
    payload = fresh("deepgram/call_on_two_channels")
    payload["results"]["utterances"][1]["transcript"] = "word " * 20_000
    answer = post(service, "deepgram", payload)
    assert answer.status_code == 200
    [rejected] = answer.json()["rejected_results"]
    assert (rejected["index"], rejected["status"]) == (1, 422)
    assert answer.json()["accepted"] == 2


def test_a_file_may_be_longer_than_a_line_but_not_than_a_body(service: RunningService) -> None:
    payload = {**load("openai/verbose_json"), "of_the_app": "x" * 1_000_000}
    assert post(service, "openai", payload, {"utterance_id": f"long-{next(NUMBERS)}"}).status_code == 200
    payload["of_the_app"] = "x" * 10_000_000
    assert post(service, "openai", payload, {"utterance_id": "too-long"}).status_code == 413


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damaged(ALL_NAMES))
def test_no_damaged_payload_is_a_fault_of_the_service(service: RunningService, sent: tuple[str, Any]) -> None:
    engine, payload = sent
    body = json.dumps(payload).encode()
    answer = service.post(f"/v1/ingest/{engine}?utterance_id=d{next(NUMBERS)}&is_final=true", body)
    assert answer.status_code in (200, 202, 409, 422)
    if answer.status_code == 422:
        assert answer.json()["errors"]
        assert not any(text in answer.text for text in texts(payload))


def test_an_event_is_opened_and_its_engine_recognised(service: RunningService) -> None:
    event = {**load("cloudevents/structured"), "id": f"e{next(NUMBERS)}"}
    name = f"cloudevents:/clinic/north/reading-room:{event['id']}"
    answer = service.post("/v1/ingest/cloudevents", event, **{"content-type": "application/cloudevents+json"})
    assert kept_ids(answer) == [name]
    assert post(service, "cloudevents", event).json()["duplicate"] == 1
    source = "/clinic/north/reading%2Droom"
    headers = {"ce-specversion": "1.0", "ce-type": "t", "ce-source": source, "ce-id": event["id"]}
    again = post(service, "cloudevents", event["data"], None, **headers, **{"ce-time": event["time"]})
    assert again.json()["duplicate"] == 1
    other = post(service, "cloudevents", event, {"utterance_id": f"{name}b", "accent": "en-NG"})
    assert other.json()["kept"][0]["cohort"] == "en-NG"


def test_the_name_that_an_engine_gave_goes_before_that_of_the_event(service: RunningService) -> None:
    event = {**load("cloudevents/structured"), "data": fresh("deepgram/call_on_two_channels")}
    answer = post(service, "cloudevents", event)
    request = event["data"]["metadata"]["request_id"]
    assert kept_ids(answer) == [f"deepgram:{request}:{number}" for number in range(3)]
    assert {each["cohort"] for each in answer.json()["kept"]} == {"en-GB-scotland"}


def test_a_bad_event_of_a_batch_does_not_fail_the_others(service: RunningService) -> None:
    good = [{**load("cloudevents/base64"), "id": f"e{next(NUMBERS)}"} for _ in range(2)]
    batch = [good[0], {**good[1], "data_base64": "e30="}, 7, good[1]]
    answer = service.post(
        "/v1/ingest/cloudevents", batch, **{"content-type": "application/cloudevents-batch+json"}
    )
    assert (answer.status_code, len(kept_ids(answer))) == (200, 2)
    told = [(each["index"], each["status"]) for each in answer.json()["rejected_results"]]
    assert told == [(1, 422), (2, 422)]
    assert post(service, "cloudevents", good, {"utterance_id": "one"}).status_code == 422


@pytest.mark.parametrize("name", NAMES)
def test_every_payload_is_taken_in_an_event_as_it_is_by_its_own_route(
    service: RunningService, name: str
) -> None:
    engine, query = name.partition("/")[0], {"is_final": "true", "utterance_id": f"n{next(NUMBERS)}"}
    direct = post(service, engine, load(name), query)
    assert direct.status_code in (200, 202)
    event = {**load("cloudevents/structured"), "data": load(name)}
    if name in SHAPELESS:
        query["provider"] = engine
    del event["time"]
    answer = post(service, "cloudevents", event, query)
    assert (answer.status_code, answer.json()["ignored"]) == (direct.status_code, direct.json()["ignored"])
    assert answer.json()["duplicate"] == direct.json()["accepted"]


def test_no_word_of_a_payload_is_logged(service: RunningService) -> None:
    post(service, "deepgram", fresh("deepgram/call_on_two_channels"))
    payload = fresh("deepgram/call_on_two_channels")
    del payload["results"]["utterances"][0]["start"]
    assert post(service, "deepgram", payload).status_code == 422
    assert "appointment" not in service.log
    assert ROUTE in service.log
