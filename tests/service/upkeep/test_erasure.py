"""Erasure on demand: when it is answered, the words are off the disk, and the statistics are as they were."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from conftest import CLIENT, RunningService, eventually

from service.config import Config
from service.privacy import Hasher
from service.store.store import FILE_NAME, connect
from service.upkeep.erasing import MOST_TOGETHER
from service.upkeep.key_rotation import KEY_FILE, rotate, what_is_lost

KEEP = {"keep_text": True}
SAMPLED = {"selection": "random", "probability": 0.5}
NDJSON = {"content-type": "application/x-ndjson"}


def utterance(name: str, hypothesis: str, **about: Any) -> dict[str, Any]:
    return {"utterance_id": name, "hypothesis": hypothesis, **about}


def reference(name: str, text: str, **about: Any) -> dict[str, Any]:
    return {"utterance_id": name, "reference": text, **SAMPLED, **about}


def post(service: RunningService, *bodies: dict[str, Any]) -> list[str | int]:
    """Send each to its route; its status, or what became of it."""
    answers = [
        service.post(f"/v1/{'references' if 'reference' in body else 'utterances'}", body) for body in bodies
    ]
    return [answer.json()["status"] for answer in answers]


def erase(service: RunningService, name: str, **query: str) -> httpx.Response:
    return CLIENT.delete(f"{service.api}/v1/utterances/{quote(name, safe='')}", params=query)


def took(answer: httpx.Response) -> tuple[int, int, int]:
    """Texts, unreferenced and scored."""
    content = answer.raise_for_status().json()
    return content["texts"], content["unreferenced"], content["scored"]


def on_disk(service: RunningService, *values: bytes | str) -> list[bytes | str]:
    """What of it is in any file of the data folder."""
    remains = b"".join(path.read_bytes() for path in service.data_dir.rglob("*") if path.is_file())
    return [value for value in values if (value.encode() if isinstance(value, str) else value) in remains]


def hashes(service: RunningService, *words: str) -> list[bytes]:
    """The tokens as the store has them; each is in it where it was not joined yet."""
    hasher = Hasher((service.data_dir / KEY_FILE).read_bytes())
    return [hasher.tokens([word]).tobytes() for word in words]


def statistics(service: RunningService) -> Any:
    return service.get("/v1/cohorts")["cohorts"]


def scored(service: RunningService) -> list[int]:
    """Of each cohort."""
    return [cohort["scored_utterances"] for cohort in statistics(service)]


def test_an_utterance_is_off_the_disk_when_it_is_answered_and_its_counts_stay(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service(privacy=KEEP)
    post(
        service,
        utterance("a", "collywobbles since zygomaticus"),
        utterance("a", "olecranon since zygomaticus"),
        reference("a", "olecranon widdershins zygomaticus"),
        reference("other", "snickersnee", hypothesis="flibbertigibbet"),
    )
    words = ("collywobbles", "olecranon", "widdershins", "zygomaticus")
    assert on_disk(service, *words[1:]) == list(words[1:])
    assert eventually(lambda: scored(service) == [2])
    before = statistics(service)
    assert took(erase(service, "a", author="ann")) == (2, 0, 1)
    assert on_disk(service, *words) == []
    assert on_disk(service, "snickersnee", "flibbertigibbet") == ["snickersnee", "flibbertigibbet"]
    assert statistics(service) == before
    assert took(erase(service, "a")) == (0, 0, 0)
    assert erase(service, "never seen").status_code == 404
    rows = service.get("/v1/erasures")["erasures"]
    assert [(row["subject"], row["key"], row["author"], row["texts"], row["scored"]) for row in rows] == [
        ("utterance", "a", None, 0, 0),
        ("utterance", "a", "ann", 2, 1),
    ]


@pytest.mark.parametrize("keeps_text", [False, True])
def test_what_waits_to_be_joined_goes_and_the_id_takes_nothing_more(
    make_service: Callable[..., RunningService], *, keeps_text: bool
) -> None:
    service = make_service(privacy={"keep_text": keeps_text})
    about = {"speaker_id": "s", "session_id": "x", "word_confidences": [0.5]}
    sent = [
        utterance("unscored", "zygomaticus", **about),
        reference("early", "widdershins"),
        utterance("scored", "olecranon"),
        reference("scored", "olecranon"),
    ]
    post(service, *sent)
    digests = all_digests(service)
    waiting = hashes(service, "zygomaticus", "widdershins")
    assert on_disk(service, *waiting) == waiting
    assert took(erase(service, "unscored")) == (int(keeps_text), 1, 0)
    assert took(erase(service, "early")) == (int(keeps_text), 1, 0)
    assert took(erase(service, "scored")) == (2 * int(keeps_text), 0, 1)
    words = ("zygomaticus", "widdershins", "olecranon")
    assert on_disk(service, *waiting, *digests, *words) == []
    again = [
        *sent,
        reference("unscored", "zygomaticus"),
        utterance("early", "widdershins"),
        reference("scored", "other", hypothesis="another"),
    ]
    assert set(post(service, *again)) == {410}
    service.stop()
    service.start()
    lines = b"\n".join(json.dumps(body).encode() for body in again if "reference" in body)
    answer = service.post("/v1/references", lines, **NDJSON).json()
    assert [line["status"] for line in answer["rejected_lines"]] == [410] * answer["lines"]
    assert on_disk(service, *waiting, *words) == []
    assert 'werwatch_unmatched{kind="utterances"} 0.0' in service.scrape()
    assert 'werwatch_rejected_lines_total{reason="erased"} 0.0' not in service.scrape()


def all_digests(service: RunningService) -> list[bytes]:
    with closing(sqlite3.connect(service.data_dir / FILE_NAME)) as db:
        tables = (
            ("content", "utterances"),
            ("content", "waiting_references"),
            ("reference_content", "scored"),
        )
        found = [
            bytes(row[0]) for column, table in tables for row in db.execute(f"SELECT {column} FROM {table}")
        ]
    assert on_disk(service, *found) == found
    return found


def speech(service: RunningService, speakers: int, each: int) -> None:
    """Of every speaker so many utterances, half of them scored, each with a word of its own for each side."""
    bodies = [
        {
            **(reference(name, f"really{name}") if turn % 2 else {}),
            **utterance(name, f"heard{name}", speaker_id=f"doctor-{speaker}"),
        }
        for turn in range(each)
        for speaker in range(speakers)
        for name in [f"{speaker}x{turn}x"]
    ]
    for route in ("utterances", "references"):
        lines = [json.dumps(body) for body in bodies if ("reference" in body) == (route == "references")]
        service.post(f"/v1/{route}", "\n".join(lines).encode(), **NDJSON).raise_for_status()


def words_of(speaker: int, each: int) -> list[str]:
    return [
        *(f"heard{speaker}x{turn}x" for turn in range(each)),
        *(f"really{speaker}x{turn}x" for turn in range(1, each, 2)),
    ]


def erase_speaker(service: RunningService, speaker: int) -> httpx.Response:
    return service.post("/v1/erasures", {"speaker_id": f"doctor-{speaker}", "author": "ann"})


def test_a_speaker_is_erased_in_all_his_utterances_and_nobody_else(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service(privacy=KEEP)
    each = 3 * MOST_TOGETHER
    speech(service, 2, each)
    assert eventually(lambda: scored(service) == [each])
    before = statistics(service)
    answer = erase_speaker(service, 0)
    assert took(answer) == (each * 3 // 2, each // 2, each // 2)
    assert on_disk(service, *words_of(0, each)) == []
    assert len(on_disk(service, *words_of(1, each))) == each * 3 // 2
    assert statistics(service) == before
    assert took(erase_speaker(service, 0)) == (0, 0, 0)
    assert took(erase_speaker(service, 7)) == (0, 0, 0)
    assert post(service, reference("0x0x", "late")) == [410]
    rows = service.get("/v1/erasures")["erasures"]
    assert {row["id"] for row in rows if row["texts"]} == set(answer.json()["erasures"])
    assert sum(row["texts"] for row in rows) == each * 3 // 2
    assert {row["subject"] for row in rows} == {"speaker"}
    assert on_disk(service, "doctor-") == []
    assert "doctor-" not in service.log


def test_what_a_speaker_says_later_is_taken(make_service: Callable[..., RunningService]) -> None:
    service = make_service(privacy=KEEP)
    speech(service, 1, 2)
    erase_speaker(service, 0).raise_for_status()
    assert post(service, utterance("new", "zygomaticus", speaker_id="doctor-0")) == ["accepted"]
    assert took(erase_speaker(service, 0)) == (1, 1, 0)


def test_a_text_is_found_under_its_speaker_however_it_came(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service()
    who = {"speaker_id": "doctor-0"}
    post(service, utterance("before it was kept", "x", **who))
    service.stop()
    service.settings["privacy"] = KEEP
    service.start()
    post(
        service,
        reference("before it was kept", "zygomaticus"),
        reference("early", "olecranon"),
        utterance("early", "collywobbles", **who),
        utterance("late", "widdershins", **who),
        reference("late", "snickersnee"),
    )
    words = ("zygomaticus", "olecranon", "collywobbles", "widdershins", "snickersnee")
    assert on_disk(service, *words) == list(words)
    assert took(erase_speaker(service, 0))[0] == len(words)
    assert on_disk(service, *words) == []


def test_an_id_that_no_path_can_hold_is_erased_by_a_body(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    for name in ("..", "a/b?c#d", "ünï %2F"):
        post(service, utterance(name, "zygomaticus"))
        if name != "..":
            assert took(erase(service, name)) == (0, 1, 0)
            assert took(service.post("/v1/erasures", {"utterance_id": name})) == (0, 0, 0)
    assert took(service.post("/v1/erasures", {"utterance_id": ".."})) == (0, 1, 0)
    for body in ({}, {"utterance_id": "..", "speaker_id": "s"}, {"author": "ann"}):
        assert service.post("/v1/erasures", body).status_code == 422
    assert CLIENT.put(f"{service.api}/v1/erasures").headers["allow"] == "POST, GET"
    page = CLIENT.get(f"{service.api}/docs").text
    for field in ("utterance_id (path)", "author (query)", "speaker_id"):
        assert f"<code>{field}</code>" in page


@contextmanager
def a_reader_of(service: RunningService) -> Iterator[None]:
    """Looks at the store as it is now, for as long as it likes, like a backup."""
    path = service.data_dir / FILE_NAME
    with closing(connect(path, read_only=True)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM utterances").fetchone()
        yield


def test_while_a_reader_holds_the_log_the_answer_is_that_it_is_not_gone_yet(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service(privacy=KEEP)
    post(service, utterance("a", "zygomaticus"), utterance("b", "widdershins"))
    with a_reader_of(service):
        answer = erase(service, "a")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "keeps its bytes in the write-ahead log" in answer.json()["detail"]
        assert post(service, utterance("c", "olecranon")) == ["accepted"]
    assert eventually(lambda: on_disk(service, "zygomaticus") == [])
    assert took(erase(service, "a")) == (0, 0, 0)
    with a_reader_of(service):
        assert erase(service, "b").status_code == 503
        service.kill()
    assert on_disk(service, "widdershins") == ["widdershins"]
    service.start()
    assert on_disk(service, "widdershins") == []
    assert took(erase(service, "b")) == (0, 0, 0)


def test_under_load_others_are_answered_and_what_is_answered_is_gone(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service(privacy=KEEP)
    speakers, each = 4, 100
    speech(service, speakers, each)
    statuses: list[int] = []
    is_over = threading.Event()

    def load(name: str) -> None:
        with httpx.Client(base_url=service.api) as client:
            number = 0
            while not is_over.is_set():
                body = reference(f"{name}{number}", "left lung clear", hypothesis="left long clear")
                statuses.append(client.post("/v1/references", json=body).status_code)
                number += 1

    def look() -> None:
        while not is_over.is_set():
            service.scrape()
            time.sleep(0.02)

    threads = [threading.Thread(target=load, args=(name,)) for name in "ab"] + [threading.Thread(target=look)]
    for thread in threads:
        thread.start()
    try:
        for speaker in range(speakers):
            erase_speaker(service, speaker).raise_for_status()
            assert on_disk(service, *words_of(speaker, each)) == []
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert set(statuses) == {200}


@pytest.mark.parametrize("after_s", [0.03, 0.1])
def test_an_erasure_that_is_killed_is_ended_by_asking_again(
    make_service: Callable[..., RunningService], after_s: float
) -> None:
    service = make_service(privacy=KEEP)
    each = 10 * MOST_TOGETHER
    speech(service, 1, each)

    def ask() -> None:
        with suppress(httpx.TransportError):
            httpx.post(f"{service.api}/v1/erasures", json={"speaker_id": "doctor-0"})

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(after_s)
    service.kill()
    asking.join()
    service.start()
    # What is on record is gone, also from the log that the dead process left.
    recorded, left = recorded_and_left(service)
    assert recorded + left == each * 3 // 2
    assert len(on_disk(service, *words_of(0, each))) == left
    took(erase_speaker(service, 0))
    assert recorded_and_left(service) == (each * 3 // 2, 0)
    assert on_disk(service, *words_of(0, each)) == []
    assert eventually(lambda: scored(service) == [each // 2])
    with closing(sqlite3.connect(service.data_dir / FILE_NAME)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def recorded_and_left(service: RunningService) -> tuple[int, int]:
    """Texts that are on record as erased, and those that are not wiped."""
    with closing(sqlite3.connect(service.data_dir / FILE_NAME)) as db:
        return (
            db.execute("SELECT IFNULL(SUM(texts), 0) FROM erasures").fetchone()[0],
            db.execute("SELECT COUNT(*) FROM texts WHERE NOT is_wiped").fetchone()[0],
        )


def test_it_needs_the_scope_admin_and_is_recorded_under_the_token_s_name(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    tokens = []
    for scope in ("ingest", "read", "admin"):
        (tmp_path / scope).write_text(f"a-token-of-some-length-for-{scope}")
        tokens.append({"name": f"the_{scope}", "token_file": str(tmp_path / scope), "scopes": [scope]})
    service = make_service(api_tokens=tokens)

    def ask(scope: str, method: str, route: str, **more: Any) -> httpx.Response:
        token = (tmp_path / scope).read_text()
        headers = {"authorization": f"Bearer {token}"}
        return CLIENT.request(method, service.api + route, headers=headers, **more)

    ask("ingest", "POST", "/v1/utterances", json=utterance("a", "x")).raise_for_status()
    for scope in ("ingest", "read"):
        assert ask(scope, "DELETE", "/v1/utterances/a").status_code == 403
        assert ask(scope, "POST", "/v1/erasures", json={"speaker_id": "s"}).status_code == 403
    assert ask("admin", "DELETE", "/v1/utterances/a").status_code == 200
    assert ask("admin", "POST", "/v1/erasures", json={"speaker_id": "s", "author": "ann"}).status_code == 200
    rows = ask("read", "GET", "/v1/erasures").json()["erasures"]
    assert [row["author"] for row in rows] == ["ann", "the_admin"]


def test_the_record_is_append_only(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    post(service, utterance("a", "x"))
    took(erase(service, "a"))
    service.stop()
    with closing(sqlite3.connect(service.data_dir / FILE_NAME)) as db:
        for change in ("DELETE FROM erasures", "UPDATE erasures SET key = 'b'"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                db.execute(change)


def test_another_hashing_key_leaves_texts_that_no_speaker_finds_and_says_so(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service(privacy=KEEP)
    speech(service, 1, 2)
    post(service, utterance("erased", "x"))
    took(erase(service, "erased"))
    service.stop()
    told: list[str] = []
    config = Config.model_validate({"data_dir": service.data_dir})

    def confirm(lost: Any) -> bool:
        told.append(what_is_lost(lost))
        return True

    assert rotate(config, None, "ann", confirm) is not None
    assert "3 kept texts can be erased by utterance_id or by age, no more by speaker" in told[0]
    service.start()
    assert took(erase_speaker(service, 0)) == (0, 0, 0)
    assert post(service, utterance("erased", "x")) == [410]
    assert took(erase(service, "0x0x")) == (1, 0, 0)
    assert took(erase(service, "0x1x")) == (2, 0, 1)
    assert on_disk(service, *words_of(0, 2)) == []
