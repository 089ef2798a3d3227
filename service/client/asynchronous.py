"""The client for an app with an event loop: a task there sends."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from service.client.calls import Calls

LOOKS_S = 0.005


class AsyncClient(Calls):
    """Sends to a werwatch from a task of the app's event loop; otherwise as `service.client.Client`.

    Calls are not awaited: they hand over and return. `flush` and `close` are, and the end of the process does
    not wait, so close it before the loop ends.

    Parameters
    ----------
    url, token, token_file, ca_file, client_cert, most_bytes, interval_s, timeout_s
        As of `service.client.Client`.
    """

    _task: asyncio.Task[None] | None = None

    async def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until what was handed over so far is settled; return whether it is."""
        self._see_to_it(is_news=False)
        until, last = time.monotonic() + timeout_s, self._buffer.last
        self._sender.hurry(last)
        # What settles it may be the task of another loop.
        while not (is_settled := self._buffer.is_settled(last)) and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(LOOKS_S)
        self._sender.hurry(0)
        return is_settled

    async def close(self, timeout_s: float = 5.0) -> bool:
        """Flush, then give up what is left, and whatever is handed over later; return whether nothing was."""
        is_settled = await self.flush(timeout_s)
        self._buffer.close()
        task, self._task = self._task, None
        if task is not None and task.get_loop() is asyncio.get_running_loop():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        return is_settled

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _see_to_it(self, *, is_news: bool) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            # Handed over outside of a loop: the task that there is sends it, or one that begins later.
            self._sender.nudge()
            return
        task = self._task
        if task is None or task.done() or task.get_loop() is not loop:
            self._task = loop.create_task(self._sender.run(), name="werwatch-client")
        elif is_news:
            self._sender.nudge()

    def _begin_anew(self) -> None:
        super()._begin_anew()
        self._task = None
