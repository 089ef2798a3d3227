"""Files of references, posted to a running service as tools save them."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from bearer import Bearer
from conftest import CLIENT, RunningService, eventually
from engine_payloads import damaged_copies, texts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.api.files import FORMATS, ROUTE

NUMBERS = itertools.count()
FOLDER = Path(__file__).parents[1] / "formats" / "label_studio"
EVENT: dict[str, Any] = json.loads((FOLDER / "whole_task.json").read_text())


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, bearer: Bearer) -> Iterator[RunningService]:
    options = {"log_level": "debug", "recordings": {"settle": "0s"}}
    service = RunningService(tmp_path_factory.mktemp("files"), options, bearer=bearer).start()
    yield service
    service.kill()


def post(
    service: RunningService,
    name: str,
    body: str | bytes,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    media_type = "application/json" if name == "label_studio" else "text/plain"
    sent = {"content-type": media_type, **(headers or {})}
    url = f"{service.api}/v1/references/{name}"
    return CLIENT.post(url, content=body, params=query or {}, headers=sent)


def heard(service: RunningService, text: str) -> str:
    """The id of an utterance that the service knows."""
    name = f"call-{next(NUMBERS)}"
    answer = service.post("/v1/utterances", {"utterance_id": name, "hypothesis": text})
    assert answer.status_code == 202
    return name


def outcomes(answer: httpx.Response) -> dict[str, int]:
    """What is not 0."""
    assert answer.status_code == 200, answer.text
    told = ("lines", "accepted", "duplicate", "replaced", "waiting", "scored", "rejected")
    return {name: answer.json()[name] for name in told if answer.json()[name]}


def scored(service: RunningService, utterance_id: str, reference: str) -> list[int]:
    """S, D, I and N of an utterance, which the same reference again tells."""
    answer = service.post("/v1/references", {"utterance_id": utterance_id, "reference": reference}).json()
    assert answer["status"] == "duplicate"
    return [answer[name] for name in ("substitutions", "deletions", "insertions", "reference_words")]


def test_every_line_of_a_trn_file_is_a_reference(service: RunningService) -> None:
    first, second = heard(service, "give two"), heard(service, "stop")
    body = f"give too (the) drugs ({first})\n;; a comment\nstop ({second})\nlater ({first}-later)\n"
    assert outcomes(post(service, "trn", body)) == {"lines": 3, "scored": 2, "waiting": 1}
    assert outcomes(post(service, "trn", body)) == {"lines": 3, "duplicate": 3}
    assert scored(service, first, "give too the drugs") == [1, 2, 0, 4]


def test_subtitles_are_of_the_utterance_that_is_named_beside_them(service: RunningService) -> None:
    name = heard(service, "any fever no")
    body = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ben>none\n\n00:00.000 --> 00:01.000\n<v Ann>any fever?\n"
    answer = post(service, "vtt", body, headers={"x-werwatch-utterance-id": name, "content-type": "text/vtt"})
    assert outcomes(answer) == {"lines": 1, "scored": 1}
    assert scored(service, name, "any fever? none") == [1, 0, 0, 3]


def test_what_is_said_beside_a_file_holds_for_all_of_it(service: RunningService) -> None:
    name = heard(service, "no fever")
    said = {"reference_kind": "edited", "selection": "random", "probability": "0.5"}
    said["corrected_at"] = "2026-05-01T09:12:00Z"
    assert outcomes(post(service, "trn", f"no fever ({name})", said)) == {"lines": 1, "scored": 1}
    same = {"utterance_id": name, "reference": "no fever", "reference_kind": "edited", "selection": "random"}
    assert service.post("/v1/references", {**same, "probability": 0.5}).json()["status"] == "duplicate"
    assert service.post("/v1/references", {**same, "probability": 0.25}).status_code == 409


def recorded(service: RunningService, *texts: str) -> str:
    """The id of a recording of which the service knows these utterances."""
    name = f"visit-{next(NUMBERS)}"
    for number, text in enumerate(texts):
        spoken_at = f"2026-03-02T08:00:0{number}Z"
        about = {"utterance_id": f"{name}:{number}", "recording_id": name, "spoken_at": spoken_at}
        assert service.post("/v1/utterances", {**about, "hypothesis": text}).status_code == 202
    return name


def is_scored(service: RunningService, recording_id: str, reference: str, **more: Any) -> bool:
    """Whether the same reference again is told with its counts, once it was scored."""
    same = {"recording_id": recording_id, "reference": reference, **more}
    return eventually(lambda: "reference_words" in service.post("/v1/references", same).json())


def test_all_segments_of_an_stm_file_are_the_reference_of_their_recording(service: RunningService) -> None:
    name = recorded(service, "any fever today", "no none at all")
    body = f"{name} B ben 1 2 none at all\n{name} A ann 0 1 any fever {{ today / @ }}\n"
    assert outcomes(post(service, "stm", body)) == {"lines": 1, "waiting": 1}
    assert is_scored(service, name, "any fever today none at all")


def test_an_stm_file_may_be_of_a_part_of_its_recording(service: RunningService) -> None:
    name = recorded(service, "where exactly does it hurt", "mostly behind my left knee")
    body = f"{name} A ben 1 2 mostly behind my left knee\n"
    assert outcomes(post(service, "stm", body, {"passage": "true"})) == {"lines": 1, "waiting": 1}
    assert is_scored(service, name, "mostly behind my left knee", passage=True)


def test_stretches_out_of_bounds_leave_passages(service: RunningService) -> None:
    heard_in_it = ("where exactly does it hurt", "mostly behind my left knee", "since about two weeks ago")
    name = recorded(service, *heard_in_it)
    body = f"""
{name} A ann 0.0 0.9 where exactly does it hurt
{name} A ben 1.0 1.9 IGNORE_TIME_SEGMENT_IN_SCORING
{name} A ben 2.0 2.9 since about three weeks ago
"""
    assert outcomes(post(service, "stm", body)) == {"lines": 2, "waiting": 2}
    assert is_scored(service, name, "where exactly does it hurt", passage=True)
    assert is_scored(service, name, "since about three weeks ago", passage=True)


def test_subtitles_are_of_the_recording_that_is_named_beside_them(service: RunningService) -> None:
    name = recorded(service, "where exactly does it hurt", "mostly behind my left knee")
    body = "1\n00:00:00,000 --> 00:00:01,000\nWhere exactly does it hurt?\n"
    answer = post(service, "srt", body, {"recording_id": name, "passage": "true"})
    assert outcomes(answer) == {"lines": 1, "waiting": 1}
    assert is_scored(service, name, "Where exactly does it hurt?", passage=True)


def test_regions_of_label_studio_are_of_their_recording(service: RunningService) -> None:
    event = json.loads((FOLDER / "regions.json").read_text())
    name = recorded(service, "does it hurt", "only when i cough")
    event["task"]["data"]["recording_id"] = name
    assert outcomes(post(service, "label_studio", json.dumps(event))) == {"lines": 1, "waiting": 1}
    assert is_scored(service, name, "Does it hurt? only when I cough")


def test_an_annotation_of_label_studio_is_a_reference(service: RunningService) -> None:
    name = heard(service, "repeat the ultrasound in six weeks")
    event = json.loads(json.dumps(EVENT))
    event["task"]["data"]["utterance_id"] = name
    assert outcomes(post(service, "label_studio", json.dumps(event))) == {"lines": 1, "scored": 1}
    event["action"] = "ANNOTATION_UPDATED"
    event["annotation"]["result"][0]["value"]["text"] = ["Repeat the ultrasound in 8 weeks."]
    [late] = post(service, "label_studio", json.dumps(event)).json()["rejected_lines"]
    assert (late["utterance_id"], late["status"]) == (name, 409)
    assert late["detail"].endswith("so send a reference once it is final")


def test_an_event_that_brings_no_transcription_is_acknowledged(service: RunningService) -> None:
    assert outcomes(post(service, "label_studio", json.dumps({"action": "TASKS_CREATED"}))) == {}


@pytest.mark.parametrize(
    ("name", "body", "query", "status", "told"),
    [
        ("docx", "x", {}, 404, f"no such format; known are {', '.join(FORMATS)}"),
        ("trn", "secret (a)\nsecret", {}, 422, "line 2: expected the words and then the utterance's id"),
        ("trn", b"m\xe9ni\xe8re (a)", {}, 422, "line 1: expected text in UTF-8"),
        ("trn", " ", {}, 400, "the body is empty"),
        ("srt", "1\n00:00:00,000 --> 00:00:01,000\nsecret", {}, 422, "line 1: nothing in it says what it is"),
        ("trn", "secret (a)", {"recording": "r"}, 422, "query parameters: known are corrected_at, passage"),
        ("trn", "secret (a)", {"passage": "yes"}, 422, "passage: expected true or false"),
        ("trn", "secret (a)", {"passage": "true", "utterance_id": "a"}, 422, "passage and utterances belong"),
        ("trn", "secret (a)", {"probability": "x"}, 422, "probability: expected a finite number"),
        ("trn", "secret (a)", {"selection": "random", "probability": "nan"}, 422, "probability: expected a"),
        ("trn", "secret (a)", {"selection": "random"}, 422, "probability: needed for the selections"),
        ("trn", "secret (a)", {"selection": "all"}, 422, "selection: expected one of random, requested"),
        (
            "trn",
            "secret (a)",
            {"utterance_id": "a" * 129},
            422,
            "utterance_id: expected a string of 1 to 128",
        ),
        (
            "trn",
            "secret (a)",
            {"utterance_id": "a", "recording_id": "b"},
            422,
            "expected one of utterance_id",
        ),
        ("label_studio", "{", {}, 400, "the body is not valid JSON in UTF-8"),
        ("label_studio", "{}", {}, 422, "action: this field is required"),
        ("label_studio", "[1]", {}, 422, "0: expected an object"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_of_it_repeated(
    service: RunningService, name: str, body: str | bytes, query: dict[str, str], status: int, told: str
) -> None:
    answer = post(service, name, body, query)
    assert (answer.status_code, told in answer.json()["detail"]) == (status, True), answer.json()
    assert "secret" not in answer.text


def test_a_type_that_is_none_of_the_formats_is_refused(service: RunningService) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert post(service, "trn", "one (a)", headers=form).status_code == 415
    assert post(service, "label_studio", "{}", headers={"content-type": "text/plain"}).status_code == 415


def test_a_bad_line_does_not_fail_the_others(service: RunningService) -> None:
    name = heard(service, "stop")
    answer = post(service, "trn", f"stop ({name})\nstop ({'x' * 200})\n")
    assert outcomes(answer) == {"lines": 2, "scored": 1, "rejected": 1}
    [rejected] = answer.json()["rejected_lines"]
    assert (rejected["line"], rejected["status"]) == (2, 422)


def test_a_file_of_many_thousand_words_is_read_beside_everybody_else(service: RunningService) -> None:
    names = [heard(service, "one two three") for _ in range(20)]
    body = "".join(f"{'one two three ' * 20} ({name})\n" for name in names)
    assert outcomes(post(service, "trn", body)) == {"lines": 20, "scored": 20}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(event=damaged_copies(EVENT), line=st.text(max_size=40))
def test_no_damaged_body_is_a_fault_of_the_service(service: RunningService, event: Any, line: str) -> None:
    answer = post(service, "label_studio", json.dumps(event))
    assert answer.status_code in (200, 400, 422), answer.text
    assert not any(text in answer.text for text in texts(event))
    for name in ("trn", "stm", "srt", "vtt"):
        body = line.encode("utf-8", "surrogatepass")
        assert post(service, name, body).status_code in (200, 400, 422)


def test_no_word_of_a_file_is_logged(service: RunningService) -> None:
    assert post(service, "trn", "confidential (a-1)").status_code == 200
    assert post(service, "trn", "confidential").status_code == 422
    assert ROUTE in service.log
    assert "confidential" not in service.log
