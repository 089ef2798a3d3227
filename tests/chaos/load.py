"""A mixed load: single and bulk; references before, after, inline; duplicates and replacements."""

from __future__ import annotations

import itertools
import json
import random
import threading
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from chaos.ledger import Body, Ledger
from chaos.stream import Said, said

LANES = 3
MANY = 0.6
"""Share of turns of a lane in which it sends many lines in a request."""
SINGLES, BULKS = 4, (20, 80)
"""Utterances of another turn, and of such a one."""
PATIENCE_S = 180.0
ANOTHER = "normal heart"
"""Another hypothesis or reference that is sent before the one that counts."""
WAYS = ("after", "before", "inline", "corrected", "corrected reference", "unreferenced", "unmatched")
WEIGHTS = (30, 15, 35, 8, 6, 3, 3)
AGAIN = 0.1
"""Share of what is sent twice although it was answered."""
UTTERANCES, REFERENCES = "/v1/utterances", "/v1/references"


@dataclass(frozen=True, slots=True)
class Sending:
    """One request."""

    route: str
    objects: tuple[Body, ...]
    is_bulk: bool


class Load:
    """Sends the stream in several lanes side by side; each sends again what was not answered.

    Attributes
    ----------
    answered, unanswered, put_off
        How many requests, over all lives; what is put off is answered with 503.
    index
        How many utterances of the stream were begun.
    """

    def __init__(self, seed: int, ledger: Ledger) -> None:
        self.answered: Counter[str] = Counter()
        self.unanswered = self.put_off = 0
        self.index = 0
        self._seed = seed
        self._ledger = ledger
        self._lock = threading.Lock()
        self._lanes = [_Lane(self, random.Random(f"{seed} lane {number}")) for number in range(LANES)]
        self._threads: list[threading.Thread] = []
        self._is_pausing = False
        self._faults: list[BaseException] = []

    def go_on(self, api: str) -> None:
        """Send to the service until it is dead, or until `pause`."""
        self._is_pausing = False
        self._threads = [threading.Thread(target=self._run, args=(lane, api)) for lane in self._lanes]
        for thread in self._threads:
            thread.start()

    def pause(self) -> None:
        """End the requests that are under way, and begin no other."""
        self._is_pausing = True
        for thread in self._threads:
            thread.join()
        for fault in self._faults:
            raise fault

    def take(self, count: int) -> range:
        """The numbers of the next utterances."""
        with self._lock:
            first = self.index
            self.index += count
        return range(first, first + count)

    def begin(self, indices: range, chance: random.Random, *, is_bulk: bool) -> Iterator[Sending]:
        """The requests for some utterances, in the order in which they have to be answered."""
        told = [_steps(said(index, self._seed), chance) for index in indices]
        for step in itertools.zip_longest(*told):
            for route in (UTTERANCES, REFERENCES):
                objects = tuple(each for at, each in filter(None, step) if at == route)
                bulks = [objects] if is_bulk else [(each,) for each in objects]
                for together in filter(None, bulks):
                    yield Sending(route, together, is_bulk)

    def _run(self, lane: _Lane, api: str) -> None:
        try:
            with httpx.Client(base_url=api, timeout=PATIENCE_S) as client:
                while not self._is_pausing:
                    sending = lane.next()
                    noted = self._ledger.send(sending.objects)
                    answer = _post(client, sending)
                    if answer.status_code == 503:
                        self._put_off(answer)
                        continue
                    _check(answer, sending)
                    self._ledger.acknowledge(noted)
                    lane.done()
                    with self._lock:
                        self.answered["bulk" if sending.is_bulk else "single"] += 1
        except httpx.TransportError:
            with self._lock:
                self.unanswered += 1
        except BaseException as fault:  # noqa: BLE001 -- a thread's fault is the test's
            self._faults.append(fault)

    def _put_off(self, answer: httpx.Response) -> None:
        assert "the service is stopping" in answer.json()["detail"]
        with self._lock:
            self.put_off += 1


class _Lane:
    """What one sender has to send, in order."""

    def __init__(self, load: Load, chance: random.Random) -> None:
        self._load = load
        self._chance = chance
        self._waiting: deque[Sending] = deque()

    def next(self) -> Sending:
        if not self._waiting:
            is_bulk = self._chance.random() < MANY
            count = self._chance.randint(*BULKS) if is_bulk else SINGLES
            self._waiting += self._load.begin(self._load.take(count), self._chance, is_bulk=is_bulk)
        return self._waiting[0]

    def done(self) -> None:
        self._waiting.popleft()


def _steps(one: Said, chance: random.Random) -> list[tuple[str, Body]]:
    utterance = (UTTERANCES, one.utterance())
    correction = (REFERENCES, one.correction())
    [way] = chance.choices(WAYS, WEIGHTS)
    steps = {
        "after": [utterance, correction],
        "before": [correction, utterance],
        "inline": [(REFERENCES, one.both())],
        "corrected": [(UTTERANCES, {**one.utterance(), "hypothesis": ANOTHER}), utterance, correction],
        "corrected reference": [
            (REFERENCES, {**one.correction(), "reference": ANOTHER}),
            correction,
            utterance,
        ],
        "unreferenced": [utterance],
        "unmatched": [correction],
    }[way]
    return [step for step in steps for _ in range(1 + (chance.random() < AGAIN))]


def _post(client: httpx.Client, sending: Sending) -> httpx.Response:
    if not sending.is_bulk:
        return client.post(sending.route, json=sending.objects[0])
    lines = "\n".join(json.dumps(each) for each in sending.objects)
    return client.post(sending.route, content=lines, headers={"content-type": "application/x-ndjson"})


def _check(answer: httpx.Response, sending: Sending) -> None:
    assert answer.is_success, answer.text
    if sending.is_bulk:
        told = answer.json()
        assert (told["rejected"], told["lines"]) == (0, len(sending.objects)), answer.text
