"""Sends a file to a running service, as fast as that takes it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec

from service.bulk.batches import Batch, batches
from service.bulk.mapping import Mapping
from service.bulk.progress import Progress
from service.bulk.reading import lines_of
from service.commands.remote import Remote, detail_of, read_answer, refusal, unreachable
from service.delivery.backoff import wait_s

PATIENCE_S = 120.0
TIMEOUT_S = 60.0
LONGEST_WAIT_S = 10.0
TOO_LARGE = 413
RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
OUTCOMES = ("accepted", "scored", "waiting", "duplicate", "replaced")


class _Rejected(msgspec.Struct):
    line: int
    detail: str


class Answer(msgspec.Struct):
    """What a service says of many lines."""

    lines: int
    accepted: int
    duplicate: int
    replaced: int
    waiting: int
    scored: int
    rejected_lines: list[_Rejected]


@dataclass(slots=True)
class Imported:
    """What became of a file's lines: how many by outcome, and the rejected with their number and reason.

    ``begun_at`` is how many lines an earlier import had sent.
    """

    lines: int = 0
    begun_at: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    rejected: int = 0


def send_file(
    path: Path,
    mapping: Mapping,
    remote: Remote,
    note_read: Callable[[int], None],
    reject: Callable[[int, str], None],
    *,
    from_start: bool,
) -> Imported:
    """Send a file's lines in their order; what was sent before counts once.

    While a batch is on its way the next one is read. Where it is broken off, the same call goes on.

    Parameters
    ----------
    reject
        Is told the number and the reason of each line that is not taken.
    from_start
        Whether to begin at the first line, whatever was sent before.

    Raises
    ------
    StartError
        If the file cannot be read, or the service cannot be reached for two minutes or refuses all.
    """
    progress = Progress(str(path.resolve()), repr(mapping), remote.api)
    if from_start:
        progress.forget()
    begin = progress.place()
    found = Imported()

    def settle(batch: Batch, answers: Future[list[tuple[int, str]]]) -> None:
        for number, reason in sorted([*batch.unusable, *answers.result()]):
            found.rejected += 1
            reject(number, reason)
        found.lines = batch.after.lines
        progress.note(batch.after)

    with remote.connection(TIMEOUT_S) as connection, ThreadPoolExecutor(1) as sending:
        service = _Service(remote.api, connection, found.outcomes)
        on_its_way: tuple[Batch, Future[list[tuple[int, str]]]] | None = None
        for batch in batches(lambda: lines_of(path, note_read), mapping, begin):
            if on_its_way is None:
                found.begun_at = batch.before.lines
            else:
                settle(*on_its_way)
            on_its_way = batch, sending.submit(service.send, batch)
        if on_its_way is not None:
            settle(*on_its_way)
    progress.forget()
    return found


class _Service:
    """A service that takes batches one by one; ``outcomes`` grows."""

    def __init__(self, api: str, connection: httpx.Client, outcomes: Counter[str]) -> None:
        self._api = api
        self._connection = connection
        self._outcomes = outcomes
        self._was_there = False

    def send(self, batch: Batch) -> list[tuple[int, str]]:
        """Send a batch; return the numbers of rejected lines with the reasons."""
        return [
            rejected for route, lines in batch.sent.items() if lines for rejected in self._post(route, lines)
        ]

    def _post(self, route: str, lines: list[tuple[int, bytes]]) -> list[tuple[int, str]]:
        answer = self._answered(route, b"\n".join(body for _, body in lines))
        if answer.status_code == TOO_LARGE:
            middle = len(lines) // 2
            if not middle:
                return [(lines[0][0], detail_of(answer) or f"HTTP {TOO_LARGE}")]
            return self._post(route, lines[:middle]) + self._post(route, lines[middle:])
        told = read_answer(self._api, answer, Answer)
        self._outcomes.update({name: getattr(told, name) for name in OUTCOMES})
        return [(lines[each.line - 1][0], each.detail) for each in told.rejected_lines]

    def _answered(self, route: str, body: bytes) -> httpx.Response:
        """The answer, asked for again while a service that was there is away or busy."""
        give_up = time.monotonic() + PATIENCE_S
        headers = {"content-type": "application/x-ndjson"}
        attempt = 0
        while not attempt or (self._was_there and time.monotonic() < give_up):
            asked = None
            try:
                answer = self._connection.post(route, content=body, headers=headers)
            except httpx.HTTPError as error:
                reason = unreachable(self._api, error)
            else:
                self._was_there = True
                if answer.status_code not in RETRIED:
                    return answer
                reason, asked = refusal(self._api, answer), answer.headers.get("retry-after")
            if self._was_there:
                time.sleep(wait_s(attempt, asked, time.time(), LONGEST_WAIT_S))
            attempt += 1
        raise reason
