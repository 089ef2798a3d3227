"""Records that come one by one, turn after turn of the loop, are accepted together: one job for all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from service.ingest.portions import portions
from service.records import Receipt, Record

MOST_TOGETHER = 64
"""So many do not wait for more."""

_Answer = asyncio.Future[Receipt]


class Gathering:
    """Accepts single records, many at a time.

    Parameters
    ----------
    accept
        Keeps records and returns, in their order, what became of each, or the refusal.
    """

    def __init__(
        self,
        accept: Callable[[Sequence[Record]], Awaitable[Sequence[Receipt | Exception]]],
    ) -> None:
        self._accept = accept
        self._waiting: list[tuple[Record, _Answer]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def accept(self, record: Record) -> Receipt:
        """Accept a record with those that come until a turn of the loop brings none."""
        loop = asyncio.get_running_loop()
        answer: _Answer = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._begin, 0)
        self._waiting.append((record, answer))
        return await answer

    def _begin(self, before: int) -> None:
        number = len(self._waiting)
        if before < number < MOST_TOGETHER:
            # As long as others come with each turn of the loop, one transaction for all costs less.
            asyncio.get_running_loop().call_soon(self._begin, number)
            return
        waiting, self._waiting = self._waiting, []
        task = asyncio.get_running_loop().create_task(self._finish(waiting))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish(self, waiting: list[tuple[Record, _Answer]]) -> None:
        answers = iter([answer for _, answer in waiting])
        for portion in portions([record for record, _ in waiting]):
            found: Sequence[Receipt | Exception]
            try:
                found = await self._accept(portion)
            except Exception as error:  # noqa: BLE001 -- it belongs to those who wait
                found = [error] * len(portion)
            for each, answer in zip(found, answers, strict=False):
                _give(answer, each)


def _give(answer: _Answer, found: Receipt | Exception) -> None:
    if answer.cancelled():
        return
    if isinstance(found, Receipt):
        answer.set_result(found)
    else:
        answer.set_exception(found)
