"""The one thread that writes: requests that wait together share a transaction."""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from service.errors import Refused, StoreUnavailable
from service.store import Store

MOST_WAITING = 10_000
MOST_TOGETHER = 256
IDLE_S = 1.0

T = TypeVar("T")
logger = logging.getLogger("werwatch.writer")


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


class Writer:
    """Runs jobs inside transactions of the store and answers when they are on disk.

    Parameters
    ----------
    store
        The store; no other thread writes to it while the writer runs.
    after_commit
        Called in the writer's thread after each commit, and at least every second.
    after_rollback
        Called when a transaction or a job's part of it was lost: what was remembered beside the store must be
        read again.
    """

    def __init__(
        self, store: Store, after_commit: Callable[[], None], after_rollback: Callable[[], None]
    ) -> None:
        self._store = store
        self._after_commit = after_commit
        self._after_rollback = after_rollback
        self._jobs: queue.Queue[_Job | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name="werwatch-writer", daemon=True)
        self._is_closing = False

    @property
    def waiting(self) -> int:
        """Jobs that wait now."""
        return self._jobs.qsize()

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def close(self) -> None:
        """Finish what waits, then stop."""
        self._is_closing = True
        self._jobs.put(None)
        self._thread.join()

    async def run(self, work: Callable[[], T]) -> T:
        """Run ``work`` in a transaction; return its result once that is on disk.

        Raises
        ------
        StoreUnavailable
            If too much waits, the store cannot be written, or the service is stopping.
        Refused
            If the work refused; as for any other error that it raises, its part of the transaction is undone.
        """
        if self._is_closing:
            raise StoreUnavailable("the service is stopping")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        try:
            self._jobs.put_nowait(_Job(work, loop, future))
        except queue.Full:
            raise StoreUnavailable("more waits to be written than the disk takes") from None
        return await future

    def _run(self) -> None:
        is_open = True
        while is_open:
            batch: list[_Job] = []
            try:
                first = self._jobs.get(timeout=IDLE_S)
            except queue.Empty:
                self._after_commit()
                continue
            while first is not None:
                batch.append(first)
                if len(batch) >= MOST_TOGETHER or self._jobs.empty():
                    break
                first = self._jobs.get_nowait()
            is_open = first is not None
            if batch:
                self._commit(batch)
            self._after_commit()
        self._refuse_the_rest()

    def _refuse_the_rest(self) -> None:
        # A request can pass the check in run() just before close() and come in behind its mark.
        stopping = StoreUnavailable("the service is stopping")
        while not self._jobs.empty():
            job = self._jobs.get_nowait()
            if job is not None:
                job.loop.call_soon_threadsafe(_answer, job.future, None, stopping)

    def _commit(self, batch: list[_Job]) -> None:
        answers: list[tuple[_Job, Any, BaseException | None]] = []
        try:
            with self._store.transaction():
                answers = [(job, *self._attempt(job)) for job in batch]
        except sqlite3.Error as error:
            logger.error("nothing of a batch of %d was written: %s", len(batch), error)
            self._after_rollback()
            lost = StoreUnavailable(f"the store cannot be written: {error}")
            answers = [(job, None, lost) for job in batch]
        for job, result, failure in answers:
            job.loop.call_soon_threadsafe(_answer, job.future, result, failure)

    def _attempt(self, job: _Job) -> tuple[Any, BaseException | None]:
        try:
            with self._store.part():
                return job.work(), None
        except sqlite3.Error:
            raise
        except Refused as refusal:
            return None, refusal
        except Exception as error:  # noqa: BLE001 -- one request's fault may not stop the thread for all
            self._after_rollback()
            return None, error


def _answer(future: asyncio.Future[Any], result: Any, failure: BaseException | None) -> None:
    if future.cancelled():
        return
    if failure is not None:
        future.set_exception(failure)
    else:
        future.set_result(result)
