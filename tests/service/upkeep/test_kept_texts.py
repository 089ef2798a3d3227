"""``privacy.keep_text``: what is kept as text, for how long, and that nothing is where it is off."""

import json
import random
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import CLIENT, BadDay, RunningService, eventually

from service.store.rows.texts import Side
from service.store.store import FILE_NAME, Store

KEEP = {"keep_text": True}
SAMPLED = {"selection": "random", "probability": 0.5}
NDJSON = {"content-type": "application/x-ndjson"}
DAY_S = 86_400.0


def utterance(name: str, hypothesis: str, **about: Any) -> dict[str, Any]:
    return {"utterance_id": name, "hypothesis": hypothesis, **about}


def reference(name: str, text: str, **about: Any) -> dict[str, Any]:
    return {"utterance_id": name, "reference": text, **SAMPLED, **about}


def post(service: RunningService, *bodies: dict[str, Any]) -> list[httpx.Response]:
    """Send each to its route: what has a reference or a verdict is one."""
    return [
        service.post(f"/v1/{'references' if 'selection' in body else 'utterances'}", body) for body in bodies
    ]


def kept(service: RunningService) -> set[tuple[str, str, str]]:
    with closing(sqlite3.connect(service.data_dir / FILE_NAME)) as db:
        rows = db.execute("SELECT utterance_id, side, text FROM texts WHERE is_wiped = 0")
        return {(name, side, text.decode()) for name, side, text in rows}


def on_disk(service: RunningService, *words: str) -> set[str]:
    """The words that are in any file of the data folder."""
    remains = b"".join(path.read_bytes() for path in service.data_dir.rglob("*") if path.is_file())
    return {word for word in words if word.encode() in remains}


def sample(service: RunningService, name: str) -> float:
    [line] = [line for line in service.scrape().splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[1])


def marks(service: RunningService) -> tuple[bool, float]:
    """What readiness and metrics say of text at rest."""
    ready = CLIENT.get(service.metrics + "/readyz").json()
    return ready["keeps_text"], sample(service, "werwatch_keeps_text")


def test_texts_are_kept_as_they_were_sent_and_the_last_one_counts(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service(privacy=KEEP)
    answers = post(
        service,
        utterance("scored", "No fever, since Monday."),
        utterance("scored", "No fever, since Monday."),
        reference("scored", "no fever since on Monday"),
        reference("scored", "no fever since on Monday"),
        utterance("replaced", "soon olecranon"),
        utterance("replaced", "so an olecranon"),
        reference("early", "too early"),
        reference("early", "early"),
        utterance("early", "a lee"),
        reference("inline", "both sides", hypothesis="both sighs"),
        utterance("correct", "as it is"),
        {"utterance_id": "correct", "verdict": "correct", **SAMPLED},
        utterance("empty", ""),
        utterance("scored", "something else"),
        reference("scored", "something else"),
        reference("inline", "other", hypothesis="another"),
    )
    assert [answer.status_code for answer in answers[-3:]] == [409] * 3
    expected = {
        ("scored", "hypothesis", "No fever, since Monday."),
        ("scored", "reference", "no fever since on Monday"),
        ("replaced", "hypothesis", "so an olecranon"),
        ("early", "hypothesis", "a lee"),
        ("early", "reference", "early"),
        ("inline", "hypothesis", "both sighs"),
        ("inline", "reference", "both sides"),
        ("correct", "hypothesis", "as it is"),
        ("empty", "hypothesis", ""),
    }
    assert kept(service) == expected
    assert sample(service, 'werwatch_texts_total{event="kept"}') == len(expected) + 2
    service.stop()
    assert on_disk(service, "soon olecranon", "too early", "something else", "another") == set()


def test_many_lines_are_kept_and_the_refused_are_not(make_service: Callable[..., RunningService]) -> None:
    service = make_service(privacy=KEEP)
    post(service, utterance("known", "zygomaticus"), reference("known", "zygomaticus"))
    bodies = [
        reference(f"u{number}", f"said {number}", hypothesis=f"heard {number}") for number in range(500)
    ]
    bodies[250] = reference("known", "widdershins", hypothesis="zygomaticus")
    answer = service.post("/v1/references", "\n".join(map(json.dumps, bodies)).encode(), **NDJSON)
    assert (answer.json()["scored"], answer.json()["rejected"]) == (499, 1)
    assert len(kept(service)) == 2 * 500
    assert on_disk(service, "widdershins") == set()


def test_texts_go_from_the_disk_with_their_age_and_the_scores_stay(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    day = BadDay(tmp_path)
    service = make_service(*day.program, privacy={**KEEP, "text_retention": "2d"})
    post(service, utterance("old", "zygomaticus"), reference("old", "zygomaticus olecranon"))
    day.becomes(clock_s=1.5 * DAY_S)
    post(service, utterance("new", "widdershins"))
    assert on_disk(service, "zygomaticus", "olecranon", "widdershins") == {
        "zygomaticus",
        "olecranon",
        "widdershins",
    }
    day.becomes(clock_s=2.5 * DAY_S)
    assert eventually(lambda: on_disk(service, "zygomaticus", "olecranon") == set())
    assert kept(service) == {("new", "hypothesis", "widdershins")}
    assert eventually(lambda: sample(service, 'werwatch_texts_total{event="expired"}') == 2)
    [cohort] = service.get("/v1/cohorts")["cohorts"]
    assert (cohort["scored_utterances"], cohort["deletions"]) == (1, 1)


def test_a_clock_that_was_far_ahead_keeps_no_text_for_longer(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    day = BadDay(tmp_path, clock_s=300 * DAY_S)
    service = make_service(*day.program, privacy=KEEP)
    post(service, utterance("a", "x"))
    day.becomes(clock_s=0)
    post(service, utterance("old", "zygomaticus"))
    day.becomes(clock_s=31 * DAY_S)
    assert eventually(lambda: on_disk(service, "zygomaticus") == set())


def test_switched_off_it_wipes_what_was_kept_and_says_so(make_service: Callable[..., RunningService]) -> None:
    service = make_service(privacy=KEEP)
    words = [f"word{number}x" for number in range(2_500)]
    lines = "\n".join(json.dumps(utterance(word, word)) for word in words)
    service.post("/v1/utterances", lines.encode(), **NDJSON)
    assert marks(service) == (True, 1.0)
    assert "privacy.keep_text is on: transcripts lie as text in" in service.log
    # As after a crash: the log still holds pages with text.
    service.kill()
    service.settings["privacy"] = {}
    service.start()
    assert marks(service) == (False, 0.0)
    assert "privacy.keep_text is off: 2500 texts that were kept before are wiped" in service.log
    with closing(sqlite3.connect(service.data_dir / FILE_NAME)) as db:
        assert db.execute("SELECT COUNT(*) FROM texts").fetchone() == (0,)
        rows = db.execute("SELECT subject, key, author, SUM(texts) FROM erasures").fetchall()
    assert rows == [("all", None, None, 2_500)]
    # The ids are words, too; so only text is looked for.
    files = b"".join(path.read_bytes() for path in service.data_dir.iterdir())
    assert files.count(b"word7x") == files.count(b"word2499x") > 0


@pytest.mark.parametrize("seed", range(2))
def test_no_byte_of_a_wiped_text_stays_however_texts_come_and_go(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    store = Store(tmp_path)
    # When the text of an utterance came, and its words, of which each is in one text alone.
    living: dict[int, tuple[int, set[bytes]]] = {}

    def put(name: int, at: int) -> None:
        length = chance.choice((1, 2, 5, 20, 60, 400))
        words = [b"w%d.%dq" % (at, place) for place in range(length)]
        store.texts.put(f"u{name}", Side.HYPOTHESIS, chance.choice((None, "s" * 16)), at, b" ".join(words))
        living[name] = at, set(words)

    for begin in range(0, 6_000, 100):
        with store.transaction():
            for at in range(begin, begin + 100):
                put(chance.choice(tuple(living)) if at % 3 == 2 else at, at)
            before = begin - 2_000
            store.texts.wipe_before(before, 10_000)
            store.texts.drop_wiped(10_000)
            living = {name: kept for name, kept in living.items() if kept[0] >= before}
    assert store._db.execute("SELECT COUNT(*) FROM texts").fetchone() < (4_000,)
    assert store.room.fold_log()
    found = set(re.findall(rb"w[0-9]+\.[0-9]+q", b"".join(path.read_bytes() for path in tmp_path.iterdir())))
    words = set().union(*(kept for _, kept in living.values()))
    # A word on two pages is not found as a whole.
    assert len(words & found) > 0.95 * len(words)
    assert found - words == set()
    store.close()
