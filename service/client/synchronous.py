"""The client for any app: a thread of its own sends."""

from __future__ import annotations

import asyncio
import atexit
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from service.client.calls import Calls

AT_EXIT_S = 2.0
"""How long the end of the process may wait for what is not sent yet."""
LOOKS_S = 0.005


class Client(Calls):
    """Sends to a werwatch from a thread in the background.

    No call raises or waits for the service. While it is away up to ``most_bytes`` wait and the oldest are
    dropped and counted (`counts`); what is sent twice counts once there. A fork of the process, such as a
    worker of a web server, sends by a thread of its own what it hands over itself. The end of the process
    waits up to two seconds for what is not sent yet.

    Parameters
    ----------
    url
        Of the API, such as ``http://127.0.0.1:8600``.
    token, token_file
        A bearer token with the scope ``ingest``, or the file with it, which is read again each time.
    ca_file
        PEM file with the authority of the API's certificate, in place of the machine's.
    client_cert
        PEM file with a client certificate and its key.
    most_bytes
        How much memory what waits may take.
    interval_s
        How long a line waits at most for others to be sent along with it.
    timeout_s
        For a whole request.

    Examples
    --------
    >>> client = Client("http://127.0.0.1:1")
    >>> client.utterance("u-1", "no fever since monday", attributes={"accent": "en-GB-scotland"})
    >>> client.close(timeout_s=0.05)
    False
    >>> client.counts.dropped
    1
    """

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, **options)
        self._begin()
        atexit.register(self._leave)

    def _begin(self) -> None:
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until what was handed over so far is settled; return whether it is."""
        until, last = time.monotonic() + timeout_s, self._buffer.last
        self._sender.hurry(last)
        while not (is_settled := self._buffer.is_settled(last)) and time.monotonic() < until:
            time.sleep(LOOKS_S)
        self._sender.hurry(0)
        return is_settled

    def close(self, timeout_s: float = 5.0) -> bool:
        """Flush, then give up what is left, and whatever is handed over later; return whether nothing was."""
        is_settled = self.flush(timeout_s)
        self._is_closed = True
        self._buffer.close()
        thread, task = self._thread, self._task
        if task is not None:
            with suppress(RuntimeError):
                task.get_loop().call_soon_threadsafe(task.cancel)
        if thread is not None and is_settled:
            thread.join(1.0)
        atexit.unregister(self._leave)
        return is_settled

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _leave(self) -> None:
        self.close(AT_EXIT_S)

    def _see_to_it(self, *, is_news: bool) -> None:
        if self._thread is None and not self._is_closed:
            self._start()
        elif is_news:
            self._sender.nudge()

    def _start(self) -> None:
        with self._starting:
            if self._thread is not None:
                return
            thread = threading.Thread(target=self._run, name="werwatch-client", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                # No more threads, or the interpreter is ending: the next call tries again.
                return
            self._thread = thread

    def _run(self) -> None:
        async def send() -> None:
            self._task = asyncio.current_task()
            # Closed before it began, it would not be cancelled.
            if not self._is_closed:
                await self._sender.run()

        with asyncio.Runner(loop_factory=_OwnLoop) as runner, suppress(asyncio.CancelledError):
            runner.run(send())

    def _begin_anew(self) -> None:
        super()._begin_anew()
        self._begin()


class _OwnLoop(asyncio.SelectorEventLoop):
    """The loop of a thread that has nothing else to do: it may wait for a name to be resolved.

    Another thread for that could neither begin while the interpreter ends, nor let it end.
    """

    def run_in_executor(  # type: ignore[override]  # of any result
        self, _: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 -- it is for whoever awaits it
            future.set_exception(error)
        return future
