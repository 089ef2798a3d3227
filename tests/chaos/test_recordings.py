"""Killed at any instant, a service scores every recording once, as one that is never killed does."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import httpx

from chaos.lives import End, Lives
from chaos.replay import found, uninterrupted
from chaos.stream import DETECTION, said
from detectors.recordings.recording import passage_shares, shares
from service.api.translate import Translator
from service.api.wire import UtteranceIn, made
from service.config import Config
from service.privacy import Hasher, load_key
from service.store.store import FILE_NAME
from service.store.utterance_values import tokens_of
from service.telemetry.counts import Counts

KILLS = 15
SEED = 8
RECORDINGS = 260
LARGEST = 9
LIVING_S, AIMED_S, PATIENCE_S = 1.0, 3.0, 180.0
INSTANTS = ("any", "transaction", "recording", "recording")
Sending = tuple[str, dict[str, Any]]


class Recording:
    """A few utterances in a row with their reference, which come in some order."""

    def __init__(self, number: int, first: int, chance: random.Random) -> None:
        self.name = f"r-{number}"
        self.said = [said(index, SEED) for index in range(first, first + chance.randint(1, LARGEST))]
        self.is_passage = chance.random() < 0.2
        passage = [chance.choice(self.said)] if self.is_passage else self.said
        self.reference = " ".join(each.reference for each in passage)
        utterances: list[Sending] = [
            ("/v1/utterances", {**each.utterance(), "recording_id": self.name}) for each in self.said
        ]
        reference: dict[str, Any] = {"recording_id": self.name, "reference": self.reference}
        about = {"utterances": len(self.said), "passage": self.is_passage}
        chance.shuffle(utterances)
        place = chance.randrange(len(utterances) + 1)
        whole = {**reference, **about, "selection": "random", "probability": 1.0}
        self.sendings = [*utterances[:place], ("/v1/references", whole), *utterances[place:]]

    def expected(self, translator: Translator) -> dict[str, tuple[int, ...]]:
        """Counts by utterance."""
        records = [translator.utterance(_wire(each.utterance()), 0.0) for each in self.said]
        words = [tokens_of(record.hypothesis) for record in records]
        [spoken] = [translator.utterance(_wire({"utterance_id": "r", "hypothesis": self.reference}), 0.0)]
        found = (passage_shares if self.is_passage else shares)(tokens_of(spoken.hypothesis), words)
        assert isinstance(found, list), "a passage of the stream has no place"
        return {
            self.said[share.utterance].utterance_id: (
                share.counts.substitutions,
                share.counts.deletions,
                share.counts.insertions,
                share.counts.hits,
            )
            for share in found
        }


def _wire(body: dict[str, Any]) -> UtteranceIn:
    return made(UtteranceIn, json.loads(json.dumps(body)))


def recordings(chance: random.Random) -> Iterator[Recording]:
    first = number = 0
    while True:
        one = Recording(number, first, chance)
        first, number = first + len(one.said), number + 1
        yield one


def send(api: str, sendings: list[Sending], until: float, left: int = 0) -> None:
    """Send in order, until dead, out of time, or so many are left for later lives; then they go on."""
    try:
        with httpx.Client(base_url=api, timeout=PATIENCE_S) as client:
            while len(sendings) > left and time.monotonic() < until:
                route, body = sendings[0]
                answer = client.post(route, json=body)
                assert answer.is_success, answer.text
                sendings.pop(0)
    except httpx.TransportError:
        return


def test_after_many_kills_every_recording_is_scored_once_and_the_state_is_that_of_no_kill(
    tmp_path: Path,
) -> None:
    chance = random.Random(SEED)
    key = tmp_path / "key"
    settings = {"detection": DETECTION, "privacy": {"key_file": str(key)}}
    translator = Translator(Config.model_validate(settings), Hasher(load_key(key, may_create=True)), Counts())
    stream = list(islice(recordings(chance), RECORDINGS))
    sendings = [sending for recording in stream for sending in recording.sendings]
    with closing(Lives(tmp_path, settings)) as lives:
        met, share = 0, len(sendings) // (KILLS + 1)
        for later in range(KILLS, 0, -1):
            instant = chance.choice(INSTANTS)
            lives.begin(End(instant, chance.randint(1, 6), chance.uniform(0.0, 0.005)))
            living_s = chance.uniform(0.0, LIVING_S) if instant == "any" else AIMED_S
            if lives.is_ready():
                send(lives.api, sendings, time.monotonic() + living_s, later * share)
            met += lives.is_dead
            lives.kill()
        assert met, "no life came to the instant at which it was to end"
        lives.begin(End())
        assert lives.is_ready()
        send(lives.api, sendings, time.monotonic() + 10 * PATIENCE_S)
        assert not sendings
        deadline = time.monotonic() + PATIENCE_S
        while 'werwatch_unmatched{kind="recordings"} 0.0' not in httpx.get(f"{lives.metrics}/metrics").text:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        lives.stop()
        database = lives.data_dir / FILE_NAME
    with closing(sqlite3.connect(database)) as db:
        rows = db.execute(
            "SELECT utterance_id, substitutions, deletions, insertions, hits FROM scored ORDER BY seq"
        ).fetchall()
        expected: dict[str, tuple[int, ...]] = {}
        for recording in stream:
            expected |= recording.expected(translator)
        assert len(rows) == len(expected)
        assert {name: tuple(counts) for name, *counts in rows} == expected
        states = db.execute("SELECT state, COUNT(*) FROM recording_references GROUP BY state").fetchall()
        assert states == [("scored", RECORDINGS)]
        [(utterances, words)] = db.execute("SELECT COUNT(*), COUNT(hypothesis) FROM utterances")
        assert (utterances, utterances - words) == (sum(len(each.said) for each in stream), len(expected))
        assert found(db) == uninterrupted(db, Config.model_validate(settings), tmp_path / "uninterrupted")
