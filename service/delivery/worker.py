"""The worker of the durable outbox: at least once, in order, with patience."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from service.delivery.clock import WallClock
from service.delivery.lane import Lane
from service.pipeline import Pipeline
from service.receivers.attempt import Verdict
from service.receivers.kinds import Endpoint
from service.store.reader import Reader

if TYPE_CHECKING:
    from service.telemetry.spans import Spans

LOOK_EVERY_S = 0.1

logger = logging.getLogger("werwatch.delivery")


class DeliveryWorker:
    """Sends what the outbox holds, for as long as the service runs; no receiver waits for another."""

    def __init__(
        self,
        pipeline: Pipeline,
        reader: Reader,
        endpoints: Mapping[str, Endpoint],
        spans: Spans | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._reader = reader
        self._endpoints = endpoints
        self._spans = spans
        self._lanes: dict[str, tuple[Lane, list[asyncio.Task[None]]]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._fault = ""
        self._clock: WallClock | None = None
        self._count_from_zero()

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                for name in self._endpoints:
                    self._open(name, self._tasks)
                while True:
                    await self._look(self._tasks)
                    await asyncio.sleep(LOOK_EVERY_S)
        finally:
            for endpoint in self._endpoints.values():
                await endpoint.client.aclose()

    async def replace(self, endpoints: Mapping[str, Endpoint]) -> None:
        """Send by these from now on; what is on its way to the others arrives or fails first."""
        before, self._endpoints = self._endpoints, endpoints
        self._count_from_zero()
        self._pipeline.counts.disabled.clear()
        if self._tasks is not None:
            for name in {*self._lanes, *endpoints}:
                self._tasks.create_task(self._change_over(name, before.get(name), self._tasks))

    async def _change_over(self, name: str, before: Endpoint | None, tasks: asyncio.TaskGroup) -> None:
        async with self._turns[name]:
            if name in self._lanes:
                lane, running = self._lanes[name]
                await lane.stop(running)
            if before is not None:
                await before.client.aclose()
            self._open(name, tasks)

    def _count_from_zero(self) -> None:
        for name in self._endpoints:
            for verdict in Verdict:
                self._pipeline.counts.deliveries[name, verdict.value] += 0

    async def _look(self, tasks: asyncio.TaskGroup) -> None:
        try:
            for name in await asyncio.to_thread(self._reader.receivers_due, time.time()):
                # What was queued for one that is not configured any more becomes dead in a lane of its own.
                lane, _ = self._lanes.get(name) or self._open(name, tasks)
                lane.wake()
            await self._follow_clock()
            self._fault = ""
        except Exception as error:  # noqa: BLE001 -- on-call must be told even after an unforeseen fault
            if type(error).__name__ != self._fault:
                logger.error("the outbox cannot be read now: %s", type(error).__name__)
            self._fault = type(error).__name__

    def _open(self, name: str, tasks: asyncio.TaskGroup) -> tuple[Lane, list[asyncio.Task[None]]]:
        lane = Lane(name, self._endpoints.get(name), self._pipeline, self._reader, self._spans)
        running = [tasks.create_task(work) for work in (lane.run(), lane.keep_refreshed())]
        self._lanes[name] = lane, running
        return lane, running

    async def _follow_clock(self) -> None:
        if self._clock is None:
            newest_at = await asyncio.to_thread(self._reader.newest_at)
            self._clock = WallClock(newest_at or 0.0)
        set_by_s = self._clock.set_by_s()
        if set_by_s:
            store = self._pipeline.store
            await self._pipeline.writer.run(lambda: store.outbox.move(set_by_s))
            self._clock.follow(set_by_s)
            logger.warning("the clock was set by %+.0f s, and what waits for delivery with it", set_by_s)
