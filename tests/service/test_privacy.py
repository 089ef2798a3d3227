"""No word of a transcript may be found anywhere that outlives the request."""

import asyncio
import base64
import contextlib
import json
import secrets
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from conftest import CLIENT, RunningService, eventually
from hypothesis import given, settings
from hypothesis import strategies as st
from on_call import on_call
from simulation import Stream, references

from service.api.translate import Translator
from service.app import build_api
from service.config import Config, Privacy
from service.delivery.worker import DeliveryWorker
from service.errors import StartError
from service.ingest.intake import Intake
from service.pipeline import Pipeline
from service.privacy import Hasher, load_key
from service.settings.admission import Admission
from service.settings.reloading import Reloading
from service.store.reader import Reader
from service.store.rows.texts import TextRows
from service.store.writer import Writer
from service.telemetry.metrics import Metrics

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
SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
NAMES = ("gardyloo", "taradiddle", "xertz")


def everything_that_remains(service: RunningService) -> dict[str, bytes]:
    remains = {str(path): path.read_bytes() for path in service.data_dir.rglob("*") if path.is_file()}
    remains["log"] = service.log.encode()
    remains["metrics"] = service.scrape().encode()
    remains["cohorts"] = str(service.get("/v1/cohorts")).encode()
    remains["alerts"] = str(service.get("/v1/alerts")).encode()
    return remains


def open_files(service: RunningService) -> set[str]:
    assert service.process is not None
    return {file.path for file in psutil.Process(service.process.pid).open_files()}


@pytest.mark.parametrize("keeps_text", [False, True])
def test_no_word_and_no_person_is_left_anywhere(
    make_service: Callable[..., RunningService], *, keeps_text: bool
) -> None:
    """Words may be in the store, and there alone, where ``privacy.keep_text`` asks for it."""
    service = make_service(log_level="debug", privacy={"keep_text": keeps_text})
    text = " ".join(WORDS)
    for path in (f"/v1/alerts/{WORDS[0]}", f"/v1/cohorts?{WORDS[1]}={WORDS[2]}", f"/{WORDS[3]}/{NAMES[0]}"):
        CLIENT.get(service.api + path, headers={"referer": text, "user-agent": text, "x-request-id": text})
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
    running = everything_that_remains(service)
    assert running[str(service.data_dir / "werwatch.db-wal")]
    assert not open_files(service) - running.keys() - {str(service.folder / "service.log")}
    service.stop()
    words_may_be_in = {str(service.data_dir / f"werwatch.db{end}") for end in ("", "-wal") if keeps_text}
    at_rest = {str(path): path.read_bytes() for path in service.data_dir.rglob("*") if path.is_file()}
    for remains in (running, {**at_rest, "log": service.log.encode()}):
        for place, content in remains.items():
            hidden = NAMES if place in words_may_be_in else (*WORDS, *NAMES)
            found = [word for word in hidden if word.encode() in content.lower()]
            assert not found, (place, found)
    kept = at_rest[str(service.data_dir / "werwatch.db")]
    assert (text.encode() in kept) is keeps_text


def test_an_utterance_id_is_kept_in_the_store_and_said_nowhere(
    make_service: Callable[..., RunningService],
) -> None:
    def shift(cohort: str, index: int, _: float) -> float:
        return 0.5 if cohort == "B" and index >= 1_000 else 0.0

    stream = Stream(2_000, 1, shift, cohorts=(("A", 0.1, 0.6), ("B", 0.1, 0.4)))
    with on_call() as receiver:
        service = make_service(
            log_level="debug",
            receivers=[{"name": "oncall", "kind": "webhook", "url": receiver.url, "secret": SECRET}],
            privacy={"keep_text": True},
        )
        lines = "\n".join(references(stream, "callithump-", WORDS[0])).encode()
        answer = service.post("/v1/references", lines, **{"content-type": "application/x-ndjson"})
        assert answer.json()["scored"] == stream.utterances
        assert eventually(lambda: receiver.seen)
        remains = everything_that_remains(service)
        remains |= {f"notice {number}": body for number, (_, _, body) in enumerate(receiver.seen)}
        service.stop()
    kept_in = {Path(place).stem for place, content in remains.items() if b"callithump" in content}
    assert kept_in == {"werwatch"}
    assert {Path(place).stem for place, content in remains.items() if WORDS[0].encode() in content} == {
        "werwatch"
    }
    with contextlib.closing(sqlite3.connect(service.data_dir / "werwatch.db")) as db:
        for table in ("alerts", "outbox", "snapshot"):
            rows = str(db.execute(f"SELECT * FROM {table}").fetchall())
            assert "B" in rows
            assert WORDS[0] not in rows
            assert "callithump" not in rows


def fail(*_: object) -> Any:
    raise RuntimeError(f"cannot take {WORDS[0]}")


@pytest.mark.parametrize("token", [None, "a-token-of-some-length"])
@pytest.mark.parametrize(
    "place", [(Translator, "_codes_of"), (Intake, "utterance"), (TextRows, "put"), (Writer, "run")]
)
@pytest.mark.parametrize("media_type", ["application/json", "application/x-ndjson"])
def test_the_message_of_an_error_that_nobody_foresaw_stays_inside(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    token: str | None,
    place: tuple[type, str],
    media_type: str,
) -> None:
    keep = Privacy(keep_text=True)
    pipeline = Pipeline(Config(data_dir=tmp_path / "data", api_token=token, privacy=keep))
    pipeline.start()
    reader = Reader(pipeline.config.data_dir)
    admission = Admission.of(pipeline.config)
    reloading = Reloading(None, pipeline, DeliveryWorker(pipeline, reader, {}), admission)
    app = build_api(pipeline, reader, Metrics(pipeline, reader), reloading)
    headers = {"content-type": media_type, "authorization": f"Bearer {token}"}
    body = json.dumps({"utterance_id": "a", "hypothesis": WORDS[0]})

    async def post() -> httpx.Response:
        # The transport raises what the app lets through, as a server would log it.
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            posted = client.post("/v1/utterances", content=body, headers=headers)
            return await asyncio.wait_for(posted, 10)

    with monkeypatch.context() as injected:
        injected.setattr(*place, fail)
        failed = asyncio.run(post())
    after = asyncio.run(post())
    reader.close()
    pipeline.close()
    assert failed.status_code == 500
    assert failed.headers["content-type"] == "application/problem+json"
    assert after.is_success
    assert "unexpected RuntimeError at " in caplog.text
    assert f"{Path(__file__).name}:" in caplog.text
    written = capfd.readouterr()
    assert WORDS[0] not in failed.text + caplog.text + written.out + written.err


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
