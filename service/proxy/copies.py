"""Copies of answers on their way to the service, which may be slow or gone for a while."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from dataclasses import dataclass
from fnmatch import fnmatchcase

import httpx

from service.api.problems import MEDIA_TYPE
from service.errors import place_of
from service.proxy.counts import Copy, Counts
from service.proxy.transcript import NoTranscript, transcript

MOST_WAITING_BYTES = 50_000_000
FIRST_PAUSE_S, LAST_PAUSE_S = 0.5, 30.0
TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}

logger = logging.getLogger("werwatch.proxy")


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine answered, with what the app said for werwatch.

    Attributes
    ----------
    event_id
        The call's own name.
    said
        The app's headers ``X-Werwatch-*``.
    began_at
        When the call came, RFC 3339.
    """

    event_id: str
    said: list[tuple[bytes, bytes]]
    began_at: str
    content_type: str
    encoding: str
    body: bytes


class Copies:
    """Hands copies to ``POST /v1/ingest/cloudevents``, in order, until each is taken or refused.

    What waits is held in memory, so it is gone when the proxy ends; if it becomes too much, the oldest goes.

    Parameters
    ----------
    client
        For the service's API, with what lets it in.
    provider
        Whose answers they are, a key of `service.providers.READERS`.
    paths
        Patterns of paths whose answers are transcripts.
    most_bytes
        What one answer may be long.
    """

    def __init__(
        self, client: httpx.AsyncClient, provider: str, paths: list[str], most_bytes: int, counts: Counts
    ) -> None:
        self._client = client
        self._provider = provider
        self._paths = paths
        self.most_bytes = most_bytes
        self._counts = counts
        self._waiting: deque[Answer] = deque()
        self._bytes = 0
        self._something_waits = asyncio.Event()
        self._nothing_waits = asyncio.Event()
        self._is_last = asyncio.Event()
        self._note()

    def are_wanted(self, path: str) -> bool:
        """Whether an answer to this path may hold a transcript."""
        return any(fnmatchcase(path, pattern) for pattern in self._paths)

    def offer(self, answer: Answer) -> None:
        """Let a copy wait for its turn."""
        self._waiting.append(answer)
        self._bytes += len(answer.body)
        while self._bytes > MOST_WAITING_BYTES:
            self._forget_first(Copy.DROPPED)
        self._note()

    async def hand_over(self) -> None:
        """Go on for ever."""
        pause_s = FIRST_PAUSE_S
        while True:
            await self._something_waits.wait()
            first = self._waiting[0]
            outcome = await self._outcome(first)
            if outcome is None:
                await self._pause(pause_s)
                pause_s = min(2 * pause_s, LAST_PAUSE_S)
                continue
            pause_s = FIRST_PAUSE_S
            # While it was sent, too many others may have pushed it out.
            if self._waiting and self._waiting[0] is first:
                self._forget_first(outcome)

    async def finish(self, most_s: float) -> None:
        """Wait for what is left to be taken; count and tell what is not."""
        self._is_last.set()
        try:
            async with asyncio.timeout(most_s):
                await self._nothing_waits.wait()
        except TimeoutError:
            logger.warning("%d copies go with the proxy, werwatch did not take them", len(self._waiting))
            while self._waiting:
                self._forget_first(Copy.DROPPED)

    async def _pause(self, most_s: float) -> None:
        """Wait before the next try; not for long once there is no time left."""
        if self._is_last.is_set():
            await asyncio.sleep(FIRST_PAUSE_S)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(most_s):
                await self._is_last.wait()

    async def _outcome(self, answer: Answer) -> Copy | None:
        try:
            content = transcript(answer.body, answer.content_type, answer.encoding, self.most_bytes)
            return await self._told(answer, content)
        except NoTranscript:
            return Copy.NO_TRANSCRIPT
        except Exception as error:  # noqa: BLE001 -- those that come after have to get their turn
            logger.warning("a copy failed: %s at %s", type(error).__name__, place_of(error))
            return Copy.FAILED

    async def _told(self, answer: Answer, content: bytes) -> Copy | None:
        headers = [
            (b"content-type", b"application/json"),
            (b"ce-specversion", b"1.0"),
            (b"ce-type", b"werwatch.proxied"),
            (b"ce-source", b"proxy"),
            (b"ce-id", answer.event_id.encode()),
            (b"ce-time", answer.began_at.encode()),
            *answer.said,
        ]
        try:
            taken = await self._client.post(
                "/v1/ingest/cloudevents",
                params={"provider": self._provider},
                content=content,
                headers=headers,
            )
        except httpx.HTTPError as error:
            logger.warning("werwatch cannot be told: %s; trying again", type(error).__name__)
            return None
        if taken.status_code in TRY_AGAIN:
            return None
        if taken.is_error:
            logger.warning("werwatch refused a copy with status %d%s", taken.status_code, _reason(taken))
            return Copy.REFUSED
        return Copy.KEPT if taken.status_code == httpx.codes.OK else Copy.NOT_FINAL

    def _forget_first(self, outcome: Copy) -> None:
        self._bytes -= len(self._waiting.popleft().body)
        self._counts.copy(outcome)
        self._note()

    def _note(self) -> None:
        self._counts.wait(len(self._waiting))
        true, false = self._something_waits, self._nothing_waits
        if not self._waiting:
            true, false = false, true
        true.set()
        false.clear()


def _reason(refusal: httpx.Response) -> str:
    """What the service says, which repeats nothing of what it was sent; nothing of any other server."""
    if refusal.headers.get("content-type") != MEDIA_TYPE:
        return ""
    return f": {refusal.json()['detail']}"
