"""What clients send: each fault is named in the words of JSON, and what is kept of it stays recognisable."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.api.translate import _canonical
from service.api.wire import ABOUT_UTTERANCE, ReferenceIn, UtteranceIn, Wire, parse
from service.errors import Refused

NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
SHARES = st.floats(0, 1)
TIMES = st.datetimes(datetime(2001, 1, 1), datetime(2020, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ABOUT = {
    "recording_id": NAMES,
    "session_id": NAMES,
    "speaker_id": NAMES,
    "attributes": st.dictionaries(NAMES, NAMES, max_size=4),
    "confidence": SHARES,
    "word_confidences": st.lists(SHARES, max_size=4),
    "duration_s": st.floats(0, 800_000),
    "audio": st.dictionaries(NAMES, st.floats(allow_nan=False, allow_infinity=False), max_size=3),
    "spoken_at": TIMES,
}


@given(st.fixed_dictionaries({}, optional=ABOUT))
@settings(max_examples=500, derandomize=True, deadline=None)
def test_what_a_digest_is_made_of_is_sorted_json(about: dict[str, Any]) -> None:
    assert set(ABOUT) == set(ABOUT_UTTERANCE)
    sent = UtteranceIn(utterance_id="u", hypothesis="x", **about)
    expected = {"attributes": {}, **about}
    if "spoken_at" in about:
        expected["spoken_at"] = about["spoken_at"].isoformat().replace("+00:00", "Z")
    assert _canonical(sent, sent.attributes) == json.dumps(expected, sort_keys=True).encode()


@pytest.mark.parametrize(
    ("kind", "field", "raw", "detail", "pointer"),
    [
        (UtteranceIn, "confidence", "2", "confidence: expected a finite number from 0 to 1", "#/confidence"),
        (
            UtteranceIn,
            "confidence",
            "true",
            "confidence: expected a finite number from 0 to 1",
            "#/confidence",
        ),
        (
            UtteranceIn,
            "confidence",
            "1e999",
            "confidence: expected a finite number from 0 to 1",
            "#/confidence",
        ),
        (
            UtteranceIn,
            "hypothesis",
            "null",
            "hypothesis: expected a string of at most 60000 characters",
            "#/hypothesis",
        ),
        (
            UtteranceIn,
            "speaker_id",
            '"a\\u0000"',
            "speaker_id: control characters are not allowed",
            "#/speaker_id",
        ),
        (UtteranceIn, "audio", '{"a\\n":1}', "audio: control characters are not allowed", "#/audio"),
        (
            UtteranceIn,
            "audio",
            '{"start_s":-0.5}',
            "audio.start_s: expected seconds since the recording began, from 0 on",
            "#/audio/start_s",
        ),
        (
            UtteranceIn,
            "attributes",
            '{"a":"\\u009f"}',
            "attributes: control characters are not allowed",
            "#/attributes",
        ),
        (
            UtteranceIn,
            "attributes",
            '{"a":[]}',
            "attributes[...]: expected a string of 1 to 128 characters without control characters",
            "#/attributes",
        ),
        (
            UtteranceIn,
            "attributes",
            '{"":"a"}',
            (
                "attributes: expected an object of at most 32 names, each of 1 to 64 characters with a "
                "string of 1 to 128 characters without control characters"
            ),
            "#/attributes",
        ),
        (
            UtteranceIn,
            "word_confidences",
            "[0,2]",
            "word_confidences[1]: expected a finite number from 0 to 1",
            "#/word_confidences/1",
        ),
        (
            UtteranceIn,
            "spoken_at",
            '"secretword"',
            "spoken_at: expected a time with its timezone, such as 2026-01-31T08:00:00Z",
            "#/spoken_at",
        ),
        (
            UtteranceIn,
            "spoken_at",
            '"2026-01-31T08:00:00"',
            "spoken_at: expected a time with its timezone, such as 2026-01-31T08:00:00Z",
            "#/spoken_at",
        ),
        (
            ReferenceIn,
            "corrected_at",
            '"1999-01-31T08:00:00Z"',
            "corrected_at: expected a time between 2000 and two hours from now",
            "#/corrected_at",
        ),
        (ReferenceIn, "verdict", '"secretword"', "verdict: expected one of correct", "#/verdict"),
        (
            ReferenceIn,
            "selection",
            '"secretword - at `$.x`"',
            "selection: expected one of random, requested, volunteered",
            "#/selection",
        ),
    ],
)
def test_a_fault_is_named_without_what_was_sent(
    kind: type[Wire], field: str, raw: str, detail: str, pointer: str
) -> None:
    needed = {"utterance_id": '"u"', "hypothesis" if kind is UtteranceIn else "reference": '"secretword"'}
    fields = {**needed, field: raw}
    body = "{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}"
    with pytest.raises(Refused) as refused:
        parse(kind, body.encode())
    assert (refused.value.status, refused.value.detail, refused.value.pointer) == (422, detail, pointer)


@pytest.mark.parametrize("name", ["secretword", "secretword` - at `$.x", "x - at `"])
def test_an_unknown_field_is_not_repeated(name: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(UtteranceIn, json.dumps({"utterance_id": "u", "hypothesis": "x", name: 1}).encode())
    assert refused.value.detail.startswith("unknown field; known are utterance_id, ")
    assert "secretword" not in refused.value.detail
