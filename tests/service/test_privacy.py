"""No word of a transcript may be found anywhere that outlives the request."""

import base64
import secrets
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import RunningService
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import StartError
from service.privacy import Hasher, load_key

WORDS = [
    "quinquagesimal",
    "zygomaticus",
    "perspicacious",
    "metoprololsuccinate",
    "thunderplump",
    "bumfuzzled",
    "snickersnee",
    "flibbertigibbet",
    "widdershins",
    "collywobbles",
]
PEOPLE = {"speaker_id": "doctor-gardyloo", "session_id": "session-taradiddle", "recording_id": "tape-xertz"}
NAMES = ("gardyloo", "taradiddle", "xertz")


def everything_that_remains(service: RunningService) -> dict[str, bytes]:
    remains = {str(path): path.read_bytes() for path in service.data_dir.rglob("*") if path.is_file()}
    remains["log"] = service.log.encode()
    remains["metrics"] = service.scrape().encode()
    remains["cohorts"] = str(service.get("/v1/cohorts")).encode()
    remains["alerts"] = str(service.get("/v1/alerts")).encode()
    return remains


def test_no_word_and_no_person_is_left_anywhere(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    text = " ".join(WORDS)
    for number in range(6):
        service.post("/v1/utterances", {"utterance_id": f"u{number}", "hypothesis": text, **PEOPLE})
    service.post("/v1/utterances", {"utterance_id": "u5", "hypothesis": " ".join(reversed(WORDS)), **PEOPLE})
    bodies: list[dict[str, Any]] = [
        {"utterance_id": "u0", "reference": text},
        {"utterance_id": "u1", "reference": WORDS[0].upper() + ", " + WORDS[1]},
        {"utterance_id": "early", "reference": text},
        {"utterance_id": "u0", "reference": text + " conflict"},
        {"utterance_id": "u2", "reference": [text]},
        {"utterance_id": "u2", text: text},
        {"utterance_id": text, "reference": 5},
    ]
    for body in bodies:
        service.post("/v1/references", body)
    for broken in (
        b'{"utterance_id":"u9","hypothesis":"' + text.encode(),
        b'{"hypothesis":"' + text.encode() + b'"}',
        b'{"utterance_id":"u9","hypothesis":"' + text.encode() + b'","confidence":NaN}',
        text.encode(),
    ):
        for media_type in ("application/json", "application/x-ndjson", "text/plain"):
            answer = service.post("/v1/utterances", broken, **{"content-type": media_type})
            assert not any(word in answer.text for word in WORDS)
    time.sleep(0.5)
    running = everything_that_remains(service)
    service.stop()
    at_rest = {str(path): path.read_bytes() for path in service.data_dir.rglob("*") if path.is_file()}
    for remains in (running, {**at_rest, "log": service.log.encode()}):
        for place, content in remains.items():
            found = [word for word in (*WORDS, *NAMES) if word.encode() in content.lower()]
            assert not found, (place, found)


def test_the_search_would_find_a_word_that_is_there(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    service.post("/v1/utterances", {"utterance_id": "the-id-is-kept", "hypothesis": "x"})
    assert any(b"the-id-is-kept" in content for content in everything_that_remains(service).values())


def test_the_data_folder_is_closed_to_others(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    for path in (service.data_dir, *service.data_dir.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_key_that_others_can_read_stops_the_start(tmp_path: Path) -> None:
    key = tmp_path / "key"
    load_key(key, may_create=True)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    key.chmod(0o644)
    with pytest.raises(StartError, match="chmod 600"):
        load_key(key, may_create=True)


def test_a_key_survives_and_a_missing_or_short_one_is_named(tmp_path: Path) -> None:
    key = tmp_path / "key"
    assert load_key(key, may_create=True) == load_key(key, may_create=True)
    with pytest.raises(StartError, match="cannot be read"):
        load_key(tmp_path / "none", may_create=False)
    key.write_bytes(b"short")
    with pytest.raises(StartError, match="16 to 64"):
        load_key(key, may_create=True)


@given(st.lists(st.text(), max_size=20), st.lists(st.text(), max_size=20))
@settings(max_examples=200, derandomize=True)
def test_hashes_are_equal_exactly_where_tokens_are(left: list[str], right: list[str]) -> None:
    hasher = Hasher(bytes(range(32)))
    assert (hasher.tokens(left) == hasher.tokens(right)) == (left == right)


def test_another_key_gives_other_hashes() -> None:
    assert Hasher(bytes(32)).tokens(["no"]) != Hasher(secrets.token_bytes(32)).tokens(["no"])


def test_the_same_name_as_speaker_and_as_session_cannot_be_joined() -> None:
    hasher = Hasher(bytes(32))
    assert hasher.pseudonym("speaker", "7") != hasher.pseudonym("session", "7")
    assert base64.b16decode(hasher.pseudonym("speaker", "7"), casefold=True)
