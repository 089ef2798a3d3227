"""The one thread that writes: requests that wait together share a transaction."""

from __future__ import annotations

import asyncio
import logging
import math
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from service.errors import LATER_S, Refused, StoreUnavailable, place_of
from service.store.damage import fault
from service.store.store import Store

MOST_WAITING = 10_000
MOST_TOGETHER, TOGETHER_S = 256, 0.02
"""How many jobs share a transaction, and after what time the rest of them waits for the next one."""
IDLE_S = 1.0
ENDED = "the writer has stopped; see the log, then restart"

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
        Called in the writer's thread after each commit, and at least every second; returns whether it has
        more to do as soon as those who wait have had their turn. It raises nothing.
    after_rollback
        Called in the next transaction after one was lost, or a job's part of one: what was remembered beside
        the store must be read again.

    Attributes
    ----------
    failure
        Why the store could not be written the last time; None while it can.
    failures
        How many transactions could not be written so far.
    """

    def __init__(
        self, store: Store, after_commit: Callable[[], bool], after_rollback: Callable[[], None]
    ) -> None:
        self.failure: str | None = None
        self.failures = 0
        self._store = store
        self._after_commit = after_commit
        self._after_rollback = after_rollback
        self._jobs: queue.Queue[_Job | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name="werwatch-writer", daemon=True)
        self._left: list[_Job] = []
        self._must_reread = False
        self._has_ended = False
        self._close_by = math.inf
        self._refused: str | None = None
        """Why nothing is taken any more."""

    @property
    def waiting(self) -> int:
        """Jobs that wait now."""
        return self._jobs.qsize() + len(self._left)

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def close(self, most_s: float) -> None:
        """Finish what waits, for about so many seconds; refuse the rest."""
        self._close_by = time.monotonic() + most_s
        self._refused = self._refused or "the service is stopping"
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
        if self._refused is not None:
            raise StoreUnavailable(self._refused)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        try:
            self._jobs.put_nowait(_Job(work, loop, future))
        except queue.Full:
            raise StoreUnavailable("more waits to be written than the disk takes") from None
        if self._has_ended:
            # It ended just now, and nobody else looks after what came in behind its end.
            self._refuse_the_rest()
        return await future

    def _run(self) -> None:
        try:
            self._work()
        except BaseException:
            # Of what is remembered beside the store nothing is certain any more.
            self._refused = ENDED
            raise
        finally:
            self._has_ended = True
            self._refuse_the_rest()

    def _work(self) -> None:
        is_open, has_more = True, False
        while (is_open or self._left) and time.monotonic() < self._close_by:
            batch, may_come = self._gather(0.0 if has_more else IDLE_S)
            is_open = is_open and may_come
            if batch or self.failure is not None:
                self._commit(batch)
            has_more = self._after_commit()

    def _gather(self, most_s: float) -> tuple[list[_Job], bool]:
        """The jobs that wait together, and whether more may come."""
        batch, self._left = self._left, []
        with suppress(queue.Empty):
            while len(batch) < MOST_TOGETHER:
                # Only who has nothing yet waits for what may come.
                job = self._jobs.get_nowait() if batch else self._jobs.get(timeout=most_s)
                if job is None:
                    return batch, False
                batch.append(job)
        return batch, True

    def _refuse_the_rest(self) -> None:
        # A request can pass the check in run() just before close() and come in behind its mark.
        refusal = StoreUnavailable(self._refused or ENDED)
        left, self._left = self._left, []
        for job in left:
            _reply(job, None, refusal)
        with suppress(queue.Empty):
            while True:
                waits = self._jobs.get_nowait()
                if waits is not None:
                    _reply(waits, None, refusal)

    def _commit(self, batch: list[_Job]) -> None:
        try:
            with self._store.transaction():
                if self._must_reread:
                    self._after_rollback()
                if self.failure is not None:
                    self._store.probe()
                answers = list(self._attempts(batch))
        except Exception as error:  # noqa: BLE001 -- everybody is answered, and the thread goes on
            self._must_reread = True
            lost = self._note_failure(error)
            answers = [(job, None, lost) for job in batch]
        else:
            self._must_reread = False
            self._left = batch[len(answers) :]
            self._note_success()
        for job, result, failure in answers:
            _reply(job, result, failure)

    def _note_failure(self, error: Exception) -> StoreUnavailable:
        self.failures += 1
        known = isinstance(error, sqlite3.Error)
        failure = fault(error) if known else f"{type(error).__name__} at {place_of(error)}"
        if failure != self.failure:
            logger.error("the store cannot be written, everything is refused until it can: %s", failure)
        self.failure = failure
        told = failure if known else "see the log"
        return StoreUnavailable(f"the store cannot be written: {told}", LATER_S)

    def _note_success(self) -> None:
        if self.failure is not None:
            logger.warning("the store can be written again")
        self.failure = None

    def _attempts(self, batch: list[_Job]) -> Iterator[tuple[_Job, Any, BaseException | None]]:
        ends_at = time.monotonic() + TOGETHER_S
        for job in batch:
            yield job, *self._attempt(job)
            if time.monotonic() >= ends_at:
                return

    def _attempt(self, job: _Job) -> tuple[Any, BaseException | None]:
        try:
            with self._store.part():
                return job.work(), None
        except (sqlite3.OperationalError, sqlite3.InternalError):
            raise
        except Refused as refusal:
            return None, refusal
        except Exception as error:
            if type(error) is sqlite3.DatabaseError:
                raise
            self._after_rollback()
            return None, error


def _reply(job: _Job, result: Any, failure: BaseException | None) -> None:
    # A loop that has ended has nobody left who waits.
    with suppress(RuntimeError):
        job.loop.call_soon_threadsafe(_answer, job.future, result, failure)


def _answer(future: asyncio.Future[Any], result: Any, failure: BaseException | None) -> None:
    if future.cancelled():
        return
    if failure is not None:
        future.set_exception(failure)
    else:
        future.set_result(result)
