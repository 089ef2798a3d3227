"""What clients send: each fault is named in the words of JSON, and what is kept of it stays recognisable."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.api.translate import Translator
from service.api.wire import ABOUT_UTTERANCE, ReferenceIn, UtteranceIn, Wire, parse
from service.config import Config
from service.errors import Refused
from service.privacy import Hasher
from service.records import Utterance
from service.telemetry.counts import Counts

BREAKS = "\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
NAMES = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=BREAKS), min_size=1, max_size=20
)
SHARES = st.floats(0, 1)
TIMES = st.datetimes(datetime(2001, 1, 1), datetime(2020, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ABOUT = {
    "recording_id": NAMES,
    "session_id": NAMES,
    "speaker_id": NAMES,
    "attributes": st.dictionaries(st.sampled_from(["site", "device", "accent"]), NAMES),
    "confidence": SHARES,
    "word_confidences": st.lists(SHARES, max_size=4),
    "duration_s": st.floats(0, 800_000),
    "audio": st.dictionaries(NAMES, st.floats(allow_nan=False, allow_infinity=False), max_size=3),
    "spoken_at": TIMES,
}


class Remembering(Hasher):
    """Remembers what the last digest was made of."""

    def content(self, *parts: bytes) -> bytes:
        self.parts = parts
        return super().content(*parts)


HASHER = Remembering(bytes(32))
COUNTS = Counts()
TRANSLATOR = Translator(Config(), HASHER, COUNTS)
NOW = 1_790_000_000.0


@given(st.fixed_dictionaries({}, optional=ABOUT))
@settings(max_examples=500, derandomize=True, deadline=None)
def test_what_a_digest_is_made_of_is_sorted_json(about: dict[str, Any]) -> None:
    assert set(ABOUT) == set(ABOUT_UTTERANCE)
    TRANSLATOR.utterance(UtteranceIn(utterance_id="u", hypothesis="x", **about), NOW)
    expected = {"attributes": {}, **about}
    if "spoken_at" in about:
        expected["spoken_at"] = about["spoken_at"].isoformat().replace("+00:00", "Z")
    assert HASHER.parts == (b"x", json.dumps(expected, sort_keys=True).encode())


SHORT_NAMES = st.sampled_from(
    [
        "a",
        "é",
        "°",
        "\x7f",
        "\x85",
        "\n",
        "",
        "x" * 128,
        "x" * 129,
        "\u200b",
        "日",
        "\u2028",
        "a\u202e",
        "\u2069",
        "\u2027",
    ]
)
ODD = st.sampled_from([None, 1, 0.5, -1, "x", [], {}, {"a": None}, {"snr_db": 20.5}, [0.5], True, 1e9])
MOMENTS = st.sampled_from(
    [
        "2026-01-31T08:00:00Z",
        "2026-01-31t08:00:00.25z",
        "2026-01-31T08:00:00-00:00",
        "2026-01-31T08:00:00+05:30",
        "2026-01-31T08:00:00",
        "1999-01-31T08:00:00Z",
        "2126-01-31T08:00:00Z",
        "9999-12-31T23:59:60Z",
    ]
)
SENT = {
    "utterance_id": SHORT_NAMES,
    "hypothesis": st.sampled_from(
        ["", "no fever", "Give 50 mg.", "naïve – “x”", "a\nb", "x " * 11_000, "ﷺ" * 4_000]
    ),
    "recording_id": SHORT_NAMES,
    "session_id": SHORT_NAMES,
    "speaker_id": SHORT_NAMES,
    "attributes": st.dictionaries(st.sampled_from(["site", "accent", "undeclared", ""]), SHORT_NAMES),
    "confidence": SHARES,
    "word_confidences": st.lists(SHARES, max_size=2),
    "duration_s": st.floats(-1, 900_000),
    "audio": st.dictionaries(SHORT_NAMES | st.just("start_s"), st.floats(), max_size=3),
    "spoken_at": MOMENTS,
}
WHOLE = st.fixed_dictionaries({}, optional={name: value | ODD for name, value in SENT.items()})
USUAL = st.fixed_dictionaries(
    {"utterance_id": st.just("u"), "hypothesis": SENT["hypothesis"]},
    optional={"unknown": ODD, **{name: SENT[name] for name in ABOUT_UTTERANCE}},
)


@given(WHOLE | USUAL, st.booleans(), st.sampled_from([None, ": ", ":"]))
@settings(max_examples=3_000, derandomize=True, deadline=None)
def test_a_usual_line_is_read_as_every_other(sent: Any, escapes: bool, colon: str | None) -> None:
    separators = None if colon is None else (",", colon)
    line = json.dumps(sent, ensure_ascii=escapes, separators=separators).encode("utf-8", "surrogatepass")
    assert_same(line)


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b"null", b'{"utterance_id":"u","hypothesis":"\xff"}']
    + [
        b'{"utterance_id":"u","hypothesis":"x","attributes":%b}' % raw
        for raw in (b"null", b"[]", b"{", b"{}}")
    ]
    + [b'{"utterance_id":"u","hypothesis":"x","attributes":{"site":"\xff"}}']
    + [
        b'{"utterance_id":"u","hypothesis":"x","attributes":{"site":"a","site":"b"},"attributes":{"site":"c"}}'
    ]
    + [b'{"utterance_id":"u","hypothesis":"x","audio":%b}' % raw for raw in (b"null", b"{}", b'{"a":1e999}')]
    + [
        b'{"utterance_id":"u","hypothesis":"x",%b}' % twice
        for twice in (b'"attributes":null,"attributes":{}', b'"audio":{"a":"b"},"audio":{}')
    ],
)
def test_an_unusual_line_is_left_to_who_reads_every_other(line: bytes) -> None:
    assert_same(line)


def test_most_lines_are_usual() -> None:
    line = json.dumps({"utterance_id": "u", "hypothesis": "no fever", "attributes": {"site": "a"}}).encode()
    assert TRANSLATOR.usual_utterance(line, NOW) is not None


@pytest.mark.parametrize("field", ["attributes", "audio"])
def test_what_is_padded_is_not_remembered_with_its_blanks(field: str) -> None:
    line = b'{"utterance_id":"u","hypothesis":"x","%b":{%b}}' % (field.encode(), b" " * 2_000)
    assert TRANSLATOR.usual_utterance(line, NOW) is None
    assert_same(line)


def assert_same(line: bytes) -> None:
    dropped = COUNTS.undeclared_attributes
    usual, usually_dropped = read(lambda: TRANSLATOR.usual_utterance(line, NOW)), COUNTS.undeclared_attributes
    if usual is not None:
        assert usual == read(lambda: TRANSLATOR.utterance(parse(UtteranceIn, line), NOW))
        assert COUNTS.undeclared_attributes - usually_dropped == usually_dropped - dropped


def read(how: Callable[[], Utterance | None]) -> Utterance | tuple[int, str] | None:
    try:
        return how()
    except Refused as refusal:
        return refusal.status, refusal.detail


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
            "speaker_id: control characters, line separators and marks of direction are not allowed",
            "#/speaker_id",
        ),
        (
            UtteranceIn,
            "audio",
            '{"a\\n":1}',
            "audio: control characters, line separators and marks of direction are not allowed",
            "#/audio",
        ),
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
            "attributes: control characters, line separators and marks of direction are not allowed",
            "#/attributes",
        ),
        (
            UtteranceIn,
            "attributes",
            '{"a":"ward\u20287"}',
            "attributes: control characters, line separators and marks of direction are not allowed",
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
