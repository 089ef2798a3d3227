import itertools
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from conftest import RunningService, eventually
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NUMBERS = itertools.count()


def utterance(**changes: Any) -> dict[str, Any]:
    return {"utterance_id": f"u{next(NUMBERS)}", "hypothesis": "no fever since monday", **changes}


def reference(of: dict[str, Any], text: str = "no fever since on monday", **changes: Any) -> dict[str, Any]:
    return {
        "utterance_id": of["utterance_id"],
        "reference": text,
        "selection": "random",
        "probability": 0.5,
        **changes,
    }


def ndjson(*objects: Any) -> bytes:
    return b"\n".join(o if isinstance(o, bytes) else json.dumps(o).encode() for o in objects) + b"\n"


def post_lines(service: RunningService, route: str, body: bytes) -> dict[str, Any]:
    answer = service.post(route, body, **{"content-type": "application/x-ndjson"})
    assert answer.status_code == 200
    content: dict[str, Any] = answer.json()
    return content


def test_an_utterance_is_accepted_and_its_reference_scores_it(shared_service: RunningService) -> None:
    sent = utterance(attributes={"accent": "en-GB"})
    accepted = shared_service.post("/v1/utterances", sent)
    assert accepted.status_code == 202
    assert accepted.json() == {
        "utterance_id": sent["utterance_id"],
        "status": "accepted",
        "cohort": "en-GB",
    }
    scored = shared_service.post("/v1/references", reference(sent))
    assert scored.status_code == 200
    assert scored.json() == {
        "utterance_id": sent["utterance_id"],
        "status": "scored",
        "cohort": "en-GB",
        "reference_words": 5,
        "substitutions": 0,
        "deletions": 1,
        "insertions": 0,
        "used_for_detection": True,
    }


def test_a_reference_may_come_before_its_utterance(shared_service: RunningService) -> None:
    sent = utterance()
    waiting = shared_service.post("/v1/references", reference(sent))
    assert (waiting.status_code, waiting.json()["status"]) == (202, "waiting")
    scored = shared_service.post("/v1/utterances", sent)
    assert (scored.status_code, scored.json()["status"], scored.json()["deletions"]) == (200, "scored", 1)


def test_the_same_again_is_a_duplicate_and_changes_nothing(shared_service: RunningService) -> None:
    sent = utterance()
    shared_service.post("/v1/utterances", sent)
    again = shared_service.post("/v1/utterances", sent)
    assert (again.status_code, again.json()["status"]) == (200, "duplicate")
    shared_service.post("/v1/references", reference(sent))
    before = shared_service.get("/v1/cohorts/unknown")["scored_utterances"]
    for route, body in (("/v1/references", reference(sent)), ("/v1/utterances", sent)):
        assert shared_service.post(route, body).json()["status"] == "duplicate"
    assert shared_service.get("/v1/cohorts/unknown")["scored_utterances"] == before


def test_an_absent_field_may_be_spelt_as_null(shared_service: RunningService) -> None:
    absent = dict.fromkeys(
        ["recording_id", "session_id", "speaker_id", "confidence", "word_confidences", "duration_s", "audio",
         "spoken_at"]
    )  # fmt: skip
    sent = utterance(attributes={"accent": "en-GB"})
    shared_service.post("/v1/utterances", sent)
    again = shared_service.post("/v1/utterances", {**sent, **absent})
    assert again.json()["status"] == "duplicate"
    alone = {**reference(sent), **absent, "hypothesis": None, "verdict": None}
    assert shared_service.post("/v1/references", alone).json()["status"] == "scored"
    together = {**reference(sent), **sent, **absent}
    assert shared_service.post("/v1/references", together).json()["status"] == "duplicate"


def test_what_is_not_kept_makes_no_other_content(shared_service: RunningService) -> None:
    sent = utterance(attributes={"accent": "en-GB", "attempt": "1"})
    shared_service.post("/v1/utterances", sent)
    for attributes, status in (
        ({"accent": "en-GB", "attempt": "2"}, "duplicate"),
        ({"accent": "en-GB"}, "duplicate"),
        ({"accent": "en-IN"}, "replaced"),
        ({"accent": "en-IN", "site": "imaging-3"}, "replaced"),
    ):
        answer = shared_service.post("/v1/utterances", {**sent, "attributes": attributes})
        assert answer.json()["status"] == status


def test_a_later_final_replaces_an_unscored_one(shared_service: RunningService) -> None:
    sent = utterance(hypothesis="now fever")
    shared_service.post("/v1/utterances", sent)
    later = shared_service.post("/v1/utterances", {**sent, "hypothesis": "no fever"})
    assert later.json()["status"] == "replaced"
    scored = shared_service.post("/v1/references", reference(sent, "no fever")).json()
    assert (scored["substitutions"], scored["deletions"], scored["insertions"]) == (0, 0, 0)


def test_after_scoring_another_content_conflicts(shared_service: RunningService) -> None:
    sent = utterance()
    shared_service.post("/v1/utterances", sent)
    shared_service.post("/v1/references", reference(sent))
    for route, body in (
        ("/v1/utterances", {**sent, "hypothesis": "something else"}),
        ("/v1/references", reference(sent, "something else")),
    ):
        refused = shared_service.post(route, body)
        assert refused.status_code == 409
        assert refused.headers["content-type"] == "application/problem+json"


def test_a_verdict_confirms_the_hypothesis(shared_service: RunningService) -> None:
    sent = utterance()
    shared_service.post("/v1/utterances", sent)
    body = {"utterance_id": sent["utterance_id"], "verdict": "correct"}
    scored = shared_service.post("/v1/references", body).json()
    assert (scored["reference_words"], scored["substitutions"]) == (4, 0)
    assert scored["used_for_detection"] is False


def test_a_reference_may_bring_its_hypothesis(shared_service: RunningService) -> None:
    sent = utterance(attributes={"accent": "en-IN"}, speaker_id="s1")
    scored = shared_service.post("/v1/references", {**reference(sent), **sent}).json()
    assert (scored["status"], scored["cohort"], scored["deletions"]) == ("scored", "en-IN", 1)


def test_normalisation_makes_spelled_and_written_forms_equal(shared_service: RunningService) -> None:
    sent = utterance(hypothesis="give fifty milligrams of paracetamol for the oesophageal pain")
    shared_service.post("/v1/utterances", sent)
    written = reference(sent, "Give 50 mg of paracetamol for the esophageal pain.")
    scored = shared_service.post("/v1/references", written).json()
    assert (scored["substitutions"], scored["deletions"], scored["insertions"]) == (0, 0, 0)


def test_lines_are_kept_one_by_one_and_the_bad_ones_are_named(shared_service: RunningService) -> None:
    good, other = utterance(), utterance()
    body = ndjson(good, b"{not json", b"", {"utterance_id": "x1", "hypothesis": 5}, other, good, b"[1]")
    answer = post_lines(shared_service, "/v1/utterances", body)
    assert (answer["lines"], answer["accepted"], answer["duplicate"], answer["rejected"]) == (6, 2, 1, 3)
    fields = ("line", "utterance_id", "status", "pointer")
    assert [tuple(line[field] for field in fields) for line in answer["rejected_lines"]] == [
        (2, None, 400, None),
        (4, "x1", 422, "#/hypothesis"),
        (7, None, 422, "#"),
    ]
    assert answer["rejected_lines"][0]["detail"] == "the line is not valid JSON in UTF-8 (byte 1)"
    assert (
        answer["rejected_lines"][1]["detail"] == "hypothesis: expected a string of at most 60000 characters"
    )


@pytest.mark.parametrize("lines", [1_000, 30])
def test_a_long_body_leaves_everybody_else_their_answers(shared_service: RunningService, lines: int) -> None:
    text = "one hundred and twenty over eighty and can not take 5 mg/kg " * (25_000 // lines)

    def longest_wait() -> float:
        """As a part of the time that the body took."""
        sent: list[Any] = [utterance(hypothesis=text[:50_000]) for _ in range(lines)]
        sent[-2] = b"{not json"
        waits = []
        with ThreadPoolExecutor(1) as sender, httpx.Client(base_url=shared_service.metrics) as client:
            posted = sender.submit(post_lines, shared_service, "/v1/utterances", ndjson(*sent))
            while not posted.done():
                started = time.perf_counter()
                client.get("/healthz")
                waits.append(time.perf_counter() - started)
                time.sleep(0.01)
        answer = posted.result()
        assert (answer["accepted"], answer["rejected_lines"][0]["line"]) == (lines - 1, lines - 1)
        return float(max(waits) / (answer["took_ms"] / 1_000))

    # A service that holds them up does so each time; what else the machine does may by chance.
    assert any(longest_wait() < 0.5 for _ in range(5))


def test_references_come_as_lines_too(shared_service: RunningService) -> None:
    sent = [utterance() for _ in range(20)]
    post_lines(shared_service, "/v1/utterances", ndjson(*sent))
    answer = post_lines(shared_service, "/v1/references", ndjson(*map(reference, sent)))
    assert answer["scored"] == 20


@pytest.mark.parametrize(
    ("body", "status", "hint"),
    [
        (b"", 400, "empty"),
        (b"{", 400, "not valid JSON"),
        (b'{"utterance_id":"a","hypothesis":"\xff"}', 400, "UTF-8"),
        (b'{"utterance_id":"a","hypothesis":"\\ud800"}', 400, "JSON"),
        (b'{"hypothesis":"secretword"}', 422, "utterance_id: this field is required"),
        (b'{"utterance_id":"","hypothesis":"secretword"}', 422, "utterance_id"),
        (b'{"utterance_id":"a\\u0007","hypothesis":"secretword"}', 422, "control characters"),
        (b'{"utterance_id":"a","hypothesis":"secretword","confidence":NaN}', 400, "JSON"),
        (b'{"utterance_id":"a","hypothesis":"secretword","confidence":1e400}', 422, "finite"),
        (b'{"utterance_id":"a","hypothesis":"secretword","confidence":2}', 422, "confidence"),
        (b'{"utterance_id":"a","hypothesis":"secretword","spoken_at":"yesterday"}', 422, "spoken_at"),
        (
            b'{"utterance_id":"a","hypothesis":"secretword","spoken_at":"2026-01-01T00:00:00"}',
            422,
            "timezone",
        ),
        (
            b'{"utterance_id":"a","hypothesis":"secretword","spoken_at":"2999-01-01T00:00:00Z"}',
            422,
            "two hours from now",
        ),
        (b'{"utterance_id":"a","hypothesis":"secretword","speaker":"b"}', 422, "speaker_id"),
        (b'{"utterance_id":"a","hypothesis":"secretword","secretword":1}', 422, "unknown field"),
        (b'{"utterance_id":"a","hypothesis":"secretword","attributes":{"accent":["x"]}}', 422, "attributes"),
        (b'"secretword"', 422, "JSON object"),
        (b"[" * 100_000, 422, "JSON object"),
        (b'{"utterance_id":"' + b"a" * 129 + b'","hypothesis":"x"}', 422, "128"),
    ],
)
def test_a_bad_utterance_gets_a_problem_that_says_what_to_change(
    shared_service: RunningService, body: bytes, status: int, hint: str
) -> None:
    answer = shared_service.post("/v1/utterances", body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert hint in problem["detail"]
    assert "secretword" not in answer.text


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"verdict": "correct"}, "exactly one"),
        ({"reference": None}, "exactly one"),
        ({"probability": None}, "probability: needed"),
        ({"selection": "volunteered"}, "probability: belongs"),
        ({"probability": 0}, "probability"),
        ({"selection": "whim"}, "selection"),
        ({"speaker_id": "s"}, "speaker_id: only taken together with hypothesis"),
        ({"recording_id": "r", "hypothesis": None}, "recording_id: only taken together"),
    ],
)
def test_a_bad_reference_gets_a_problem_that_says_what_to_change(
    shared_service: RunningService, changes: dict[str, Any], hint: str
) -> None:
    answer = shared_service.post("/v1/references", reference(utterance(), **changes))
    assert answer.status_code == 422
    assert hint in answer.json()["detail"]


def test_other_content_types_and_encodings_are_refused(shared_service: RunningService) -> None:
    for headers in ({"content-type": "text/plain"}, {"content-encoding": "gzip"}):
        answer = shared_service.post("/v1/utterances", b"{}", **headers)
        assert answer.status_code == 415


def test_too_large_bodies_are_refused_declared_or_not(shared_service: RunningService) -> None:
    body = json.dumps(utterance(hypothesis="word " * 100_000)).encode()
    assert shared_service.post("/v1/utterances", body).status_code == 413

    def pieces() -> Any:
        yield from (body[start : start + 10_000] for start in range(0, len(body), 10_000))

    headers = {"content-type": "application/json"}
    answer = httpx.post(shared_service.api + "/v1/utterances", content=pieces(), headers=headers)
    assert answer.status_code == 413


@pytest.mark.parametrize("token", [None, "a-token-of-some-length"])
def test_a_sender_that_goes_away_is_counted_and_no_fault(make_service: Any, token: str | None) -> None:
    service = make_service(**({} if token is None else {"api_token": token}))
    host, port = service.api.removeprefix("http://").split(":")
    head = (
        f"POST /v1/utterances HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
        'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"utterance_id"'
    )
    with socket.create_connection((host, int(port))) as sender:
        sender.sendall(head.encode())
        time.sleep(0.3)
    counted = 'rejected_lines_total{reason="broken_off"} 1.0'
    assert eventually(lambda: counted in service.scrape()), service.log
    assert service.post("/v1/utterances", utterance(), authorization=f"Bearer {token}").is_success
    assert '"level": "error"' not in service.log
    assert "Traceback" not in service.log


def test_too_many_lines_are_refused(shared_service: RunningService) -> None:
    answer = shared_service.post(
        "/v1/utterances", b"{}\n" * 5_001, **{"content-type": "application/x-ndjson"}
    )
    assert answer.status_code == 413
    assert "5000" in answer.json()["detail"]


def test_unknown_routes_and_methods_are_problems(shared_service: RunningService) -> None:
    for answer, status in (
        (httpx.get(shared_service.api + "/v1/nothing"), 404),
        (httpx.get(shared_service.api + "/v1/utterances"), 405),
        (httpx.get(shared_service.api + "/v1/alerts/none"), 404),
        (httpx.get(shared_service.api + "/v1/cohorts/none"), 404),
        (httpx.get(shared_service.api + "/v1/alerts?limit=secretword"), 422),
    ):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert "secretword" not in answer.text


def test_undeclared_attributes_are_dropped_and_counted(shared_service: RunningService) -> None:
    shared_service.post("/v1/utterances", utterance(attributes={"favourite_colour": "blue"}))
    found = [line for line in shared_service.scrape().splitlines() if "undeclared_attributes_total" in line]
    assert float(found[-1].split()[-1]) >= 1


def test_the_documentation_needs_nothing_from_elsewhere(shared_service: RunningService) -> None:
    page = httpx.get(shared_service.api + "/docs")
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "http" not in page.text.replace(shared_service.api, "")
    assert "/v1/utterances" in page.text


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
FIELDS = [
    "utterance_id", "hypothesis", "reference", "verdict", "attributes", "spoken_at", "confidence", "audio",
    "word_confidences", "selection", "probability", "duration_s", "speaker_id", "corrected_at",
]  # fmt: skip


@given(
    st.sampled_from(["/v1/utterances", "/v1/references"]),
    st.dictionaries(st.sampled_from(FIELDS), JSON_VALUES),
)
@settings(
    max_examples=300,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_nothing_that_is_sent_makes_it_fail(
    shared_service: RunningService, route: str, body: dict[str, Any]
) -> None:
    answer = shared_service.post(route, json.dumps({"utterance_id": "f", "hypothesis": "x", **body}).encode())
    assert answer.status_code < 500


def test_a_token_is_asked_for_where_one_is_configured(make_service: Any) -> None:
    service = make_service(api_token="a-token-of-some-length")
    refused = service.post("/v1/utterances", utterance())
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    for token, status in (("wrong", 401), ("a-token-of-some-length", 202)):
        answer = service.post("/v1/utterances", utterance(), authorization=f"Bearer {token}")
        assert answer.status_code == status


def test_cohorts_past_the_limit_fold_into_other_and_are_counted(make_service: Any) -> None:
    service = make_service(cohorts={"by": ["accent"], "max": 2})
    cohorts = [
        service.post("/v1/utterances", utterance(attributes={"accent": accent})).json()["cohort"]
        for accent in ("a", "b", "c", "a", "d")
    ]
    assert cohorts == ["a", "b", "other", "a", "other"]
    assert "werwatch_cohort_folds_total 2.0" in service.scrape()


def test_what_is_refused_takes_no_place_among_the_cohorts(make_service: Any) -> None:
    service = make_service(cohorts={"by": ["accent"], "max": 2})
    waiting = utterance()
    service.post("/v1/references", reference(waiting))
    # The reference that waited scores the utterance at once; the one that brought it then conflicts.
    brought = {**reference(waiting, "something else"), **waiting, "attributes": {"accent": "refused"}}
    assert service.post("/v1/references", brought).status_code == 409
    before = [labelled(service, accent) for accent in ("a", "b", "c")]
    assert before == ["a", "b", "other"]
    service.stop()
    service.start()
    assert [labelled(service, accent) for accent in ("a", "b", "c", "refused")] == [*before, "other"]


def labelled(service: RunningService, accent: str) -> str:
    answer = service.post("/v1/utterances", utterance(attributes={"accent": accent}))
    return str(answer.json()["cohort"])


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_a_probe_may_ask_for_the_head_alone(shared_service: RunningService, path: str) -> None:
    whole, head = (httpx.request(method, shared_service.metrics + path) for method in ("GET", "HEAD"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]
