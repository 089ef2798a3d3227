"""An hour of speech scored by its recording, while single utterances come."""

from __future__ import annotations

import json
import random
import statistics
import tempfile
import threading
import time
from itertools import count
from pathlib import Path

import httpx
from conftest import RunningService

from benchmarks.figures import Asked, Figure, Section, compared
from benchmarks.load import Traffic
from benchmarks.running import Answers, load, service_in

WORDS, WORDS_EACH, WER = 10_000, 12, 0.15
VOCABULARY = 3_000
SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
PASSAGE_WORDS = 240
ROUNDS, SECONDS, CONNECTIONS = 5, 6.0, 16
PACE_S = 1.0
WITHIN = Asked(1.0, "less", "value")
MOST_A_ROUND = 20
"""Recordings that are there to be scored in a round."""
NDJSON = {"content-type": "application/x-ndjson"}
RANDOM = {"selection": "random", "probability": 1.0}


class Recordings:
    """Recordings of an hour, each with its reference, in a service."""

    def __init__(self, service: RunningService, chance: random.Random) -> None:
        self._client = httpx.Client(base_url=service.api, timeout=60)
        self._chance = chance
        self._numbers = count()

    def put(self) -> dict[str, object]:
        """Send the utterances of another one; return its reference."""
        name = f"hour-{next(self._numbers)}"
        spoken = [self._words() for _ in range(WORDS // WORDS_EACH)]
        lines = [
            {"utterance_id": f"{name}:{number}", "recording_id": name, "hypothesis": self._heard(words)}
            for number, words in enumerate(spoken)
        ]
        body = "\n".join(map(json.dumps, lines)).encode()
        self._client.post("/v1/utterances", content=body, headers=NDJSON).raise_for_status()
        reference = " ".join(word for words in spoken for word in words)
        return {"recording_id": name, "reference": reference, "utterances": len(spoken), **RANDOM}

    def score(self, reference: dict[str, object]) -> float:
        """Send a reference; return the seconds to the answer with its score."""
        began = time.perf_counter()
        answer = self._client.post("/v1/references", json=reference)
        seconds = time.perf_counter() - began
        assert answer.json()["status"] == "scored", answer.text
        return seconds

    def _words(self) -> list[str]:
        # Few words are most of what is said.
        ranks = (min(int(self._chance.expovariate(1 / 300)), VOCABULARY - 1) for _ in range(WORDS_EACH))
        return [SYLLABLES[rank // len(SYLLABLES)] + SYLLABLES[rank % len(SYLLABLES)] for rank in ranks]

    def _heard(self, words: list[str]) -> str:
        heard = []
        for word in words:
            kind = self._chance.choice(("", "wrong", f"{word} more"))
            heard.append(kind if self._chance.random() < WER else word)
        return " ".join(filter(None, heard))


def run() -> Section:
    """Score no recordings, one a second, and one after the other, in turn."""
    loads: dict[float | None, list[Answers]] = {None: [], PACE_S: [], 0.0: []}
    wholes: dict[float | None, list[float]] = {PACE_S: [], 0.0: []}
    passages = []
    with tempfile.TemporaryDirectory() as folder, service_in(Path(folder)) as service:
        recordings = Recordings(service, random.Random(1))
        begin = 0
        for _ in range(ROUNDS):
            for pace_s, answers in loads.items():
                if pace_s is None:
                    answers.append(_load(service, begin))
                else:
                    passages.append(recordings.score(_passage(recordings.put())))
                    references = [recordings.put() for _ in range(MOST_A_ROUND)]
                    scoring = _Scoring(recordings, references, pace_s)
                    scoring.start()
                    answers.append(_load(service, begin))
                    wholes[pace_s] += scoring.stop()
                begin = answers[-1].next
    alone = [1e3 * each.p99_s for each in loads[None]]
    return Section(
        f"References for recordings of {WORDS:,} words in {WORDS // WORDS_EACH} utterances, "
        f"beside {CONNECTIONS} connections that send one utterance each",
        [
            Figure("a reference, to its score", statistics.median(wholes[PACE_S]), "s", asked=WITHIN),
            Figure("the slowest", max(wholes[PACE_S]), "s", asked=WITHIN),
            Figure("back to back", statistics.median(wholes[0.0]), "s", asked=WITHIN),
            Figure(f"a passage of {PASSAGE_WORDS} words, to its score", statistics.median(passages), "s"),
            compared(
                "one utterance, 99th percentile, beside one recording a second / with nothing else",
                "ms",
                [1e3 * each.p99_s for each in loads[PACE_S]],
                alone,
            ),
            compared(
                "one utterance, 99th percentile, beside recordings back to back / with nothing else",
                "ms",
                [1e3 * each.p99_s for each in loads[0.0]],
                alone,
            ),
            compared(
                "one utterance, beside one recording a second / with nothing else",
                "requests/s",
                [each.per_s for each in loads[PACE_S]],
                [each.per_s for each in loads[None]],
            ),
        ],
        [f"{len(wholes[PACE_S])} recordings one a second, {len(wholes[0.0])} back to back; {ROUNDS} rounds."],
    )


def _load(service: RunningService, begin: int) -> Answers:
    [answers] = load(service.api, SECONDS, Traffic("/v1/utterances", begin, CONNECTIONS))
    return answers


def _passage(reference: dict[str, object]) -> dict[str, object]:
    words = str(reference["reference"]).split()[WORDS // 2 :][:PASSAGE_WORDS]
    return {**reference, "reference": " ".join(words), "passage": True}


class _Scoring(threading.Thread):
    """Scores recordings until it is stopped, or has none any more, with so much time between them."""

    def __init__(
        self, recordings: Recordings, references: list[dict[str, object]], pace_s: float | None
    ) -> None:
        super().__init__()
        self._recordings = recordings
        self._references = references
        self._pace_s = pace_s
        self._seconds: list[float] = []
        self._is_over = threading.Event()

    def run(self) -> None:
        while self._references and not self._is_over.is_set():
            self._seconds.append(self._recordings.score(self._references.pop()))
            self._is_over.wait(self._pace_s)

    def stop(self) -> list[float]:
        """The seconds that each took."""
        self._is_over.set()
        self.join()
        return self._seconds
