"""Sends what waits to the service: in batches, again after what failed, and without ever raising."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec

from service.client.buffer import Buffer, Line
from service.client.forks import Forks
from service.commands.trust import client_context
from service.delivery.backoff import wait_s
from service.settings.secret_file import for_header, read_token

LONGEST_WAIT_S = 30.0
HURRIED_WAIT_S = 0.2
"""Between attempts while somebody waits for them."""
REFUSED_FOR_GOOD = frozenset({400, 409, 410, 415, 422})
TOO_LARGE = 413

logger = logging.getLogger("werwatch.client")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the service is, and how it is asked; see `service.client.Client`."""

    url: str
    token: str | None = field(default=None, repr=False)
    token_file: Path | None = None
    ca_file: Path | None = None
    client_cert: Path | None = None
    timeout_s: float = 10.0

    def connection(self) -> httpx.AsyncClient:
        """A client for the service alone: the environment's proxies are for what is farther away."""
        is_plain = self.url.startswith("http:")
        context = False if is_plain else client_context(self.ca_file, self.client_cert)
        return httpx.AsyncClient(base_url=self.url, verify=context, timeout=None, trust_env=False)  # noqa: S113 -- timed as a whole

    def headers(self) -> dict[str, str]:
        """With the token as it is now: its file may be changed at any time.

        Raises
        ------
        ConfigError
            If there is none that a header can hold, which httpx would refuse with what it holds.
        """
        token = None if self.token is None else for_header(self.token.strip(), "token")
        if self.token_file is not None:
            token = read_token(self.token_file, "token_file")
        said = {"content-type": "application/x-ndjson"}
        return said if token is None else {**said, "authorization": f"Bearer {token}"}


class _RejectedLine(msgspec.Struct):
    detail: str


class _Answer(msgspec.Struct):
    """What is needed of the service's answer to many lines."""

    lines: int
    rejected: int
    rejected_lines: list[_RejectedLine]


class _Again(Exception):
    """It was not taken, and may be another time."""

    def __init__(self, reason: str, retry_after: str | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Sender:
    """Takes from a buffer as long as `run` runs.

    Parameters
    ----------
    interval_s
        How long the first line of a batch waits for others at most.
    forks
        Held off while it gets ready.
    """

    def __init__(self, buffer: Buffer, destination: Destination, interval_s: float, forks: Forks) -> None:
        self._buffer = buffer
        self._destination = destination
        self._interval_s = interval_s
        self._forks = forks
        self._loop: asyncio.AbstractEventLoop | None = None
        self._look = asyncio.Event()
        self._wanted = 0
        self._failures = self._dropped_before = 0
        self._told = ""

    def nudge(self) -> None:
        """Have it look at the buffer; from any thread."""
        loop = self._loop
        if loop is not None:
            # A loop that has ended sends nothing more.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._look.set)

    def hurry(self, number: int) -> None:
        """Send everything up to this line without waiting for more, or long after a failure; 0: no hurry."""
        self._wanted = number
        self.nudge()

    async def run(self) -> None:
        """Send until cancelled."""
        self._loop, self._look = asyncio.get_running_loop(), asyncio.Event()
        # Of a loop that ended in the middle.
        self._buffer.give_back()
        while True:
            try:
                connection = await asyncio.to_thread(self._connection)
                async with connection:
                    await self._serve(connection)
            except Exception as error:  # noqa: BLE001 -- nothing here may reach the app
                await self._rest(_Again(str(error) or type(error).__name__))
            finally:
                self._buffer.give_back()

    def _connection(self) -> httpx.AsyncClient:
        with self._forks.held_off:
            return self._destination.connection()

    @property
    def _is_hurried(self) -> bool:
        return not self._buffer.is_settled(self._wanted)

    async def _serve(self, connection: httpx.AsyncClient) -> None:
        while True:
            await self._gather()
            lines = self._buffer.take()
            try:
                # Most references belong to utterances that came before them.
                for route in sorted({line.route for line in lines}, reverse=True):
                    await self._post(connection, route, [line for line in lines if line.route == route])
            except _Again as reason:
                await self._rest(reason)
            else:
                self._note_success()

    async def _gather(self) -> None:
        """Wait until something waits, and then a while for more."""
        self._look.clear()
        if not self._buffer.counts.waiting:
            await self._look.wait()
        if self._buffer.is_full or self._is_hurried:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._interval_s):
                while not (self._buffer.is_full or self._is_hurried):
                    self._look.clear()
                    await self._look.wait()

    async def _post(self, connection: httpx.AsyncClient, route: str, lines: Sequence[Line]) -> None:
        body = b"\n".join(line.body for line in lines)
        try:
            async with asyncio.timeout(self._destination.timeout_s):
                answer = await connection.post(route, content=body, headers=self._destination.headers())
        except TimeoutError:
            raise _Again(f"no answer within {self._destination.timeout_s:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _Again(f"{type(error).__name__}: {error}") from None
        if answer.status_code == TOO_LARGE and len(lines) > 1:
            middle = len(lines) // 2
            await self._post(connection, route, lines[:middle])
            await self._post(connection, route, lines[middle:])
        elif answer.status_code in REFUSED_FOR_GOOD or answer.status_code == TOO_LARGE:
            self._buffer.settle(lines, refused=len(lines))
            self._tell(f"{len(lines)} lines were refused: HTTP {answer.status_code}")
        elif answer.is_success:
            told = _read(answer.content, len(lines))
            self._buffer.settle(lines, refused=told.rejected)
            if told.rejected_lines:
                self._tell(f"{told.rejected} lines were refused, the first: {told.rejected_lines[0].detail}")
        else:
            raise _Again(f"HTTP {answer.status_code}", answer.headers.get("retry-after"))

    async def _rest(self, reason: _Again) -> None:
        """Wait after a failure."""
        if not self._failures:
            self._dropped_before = self._buffer.counts.dropped
        self._buffer.give_back(failed_attempts=1)
        self._tell(f"what is to be sent waits, and the oldest is dropped where it is too much: {reason}")
        seconds = wait_s(self._failures, reason.retry_after, time.time(), LONGEST_WAIT_S)
        self._failures += 1
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            if self._is_hurried:
                await asyncio.sleep(min(HURRIED_WAIT_S, seconds))
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(ends_at - time.monotonic()):
                    self._look.clear()
                    await self._look.wait()

    def _note_success(self) -> None:
        if self._failures:
            dropped = self._buffer.counts.dropped - self._dropped_before
            self._tell(f"the service takes what is sent again; {dropped} lines were dropped meanwhile")
            self._failures = 0

    def _tell(self, message: str) -> None:
        # The same again and again would fill the app's log.
        if message != self._told:
            logger.warning("%s", message)
        self._told = message


def _read(content: bytes, sent: int) -> _Answer:
    try:
        answer = msgspec.json.decode(content, type=_Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise _Again("an answer that is none of werwatch's") from None
    if answer.lines != sent:
        raise _Again("an answer to something else")
    return answer
