"""The worker of the durable outbox: at least once, in order, with patience."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping

from service.clock import WallClock
from service.lane import Lane
from service.pipeline import Pipeline
from service.reader import Reader
from service.receivers.attempt import Verdict
from service.receivers.kinds import Endpoint

LOOK_EVERY_S = 0.1

logger = logging.getLogger("werwatch.delivery")


class DeliveryWorker:
    """Sends what the outbox holds, for as long as the service runs; no receiver waits for another."""

    def __init__(self, pipeline: Pipeline, reader: Reader, endpoints: Mapping[str, Endpoint]) -> None:
        self._pipeline = pipeline
        self._reader = reader
        self._endpoints = endpoints
        self._lanes: dict[str, Lane] = {}
        self._fault = ""
        self._clock: WallClock | None = None
        for name in endpoints:
            for verdict in Verdict:
                pipeline.counts.deliveries[name, verdict.value] = 0

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for name in self._endpoints:
                    self._open(name, tasks)
                while True:
                    await self._look(tasks)
                    await asyncio.sleep(LOOK_EVERY_S)
        finally:
            for endpoint in self._endpoints.values():
                await endpoint.client.aclose()

    async def _look(self, tasks: asyncio.TaskGroup) -> None:
        try:
            for name in await asyncio.to_thread(self._reader.receivers_due, time.time()):
                # What was queued for one that is not configured any more becomes dead in a lane of its own.
                (self._lanes.get(name) or self._open(name, tasks)).wake()
            await self._follow_clock()
            self._fault = ""
        except Exception as error:  # noqa: BLE001 -- on-call must be told even after an unforeseen fault
            if type(error).__name__ != self._fault:
                logger.error("the outbox cannot be read now: %s", type(error).__name__)
            self._fault = type(error).__name__

    def _open(self, name: str, tasks: asyncio.TaskGroup) -> Lane:
        lane = self._lanes[name] = Lane(name, self._endpoints.get(name), self._pipeline, self._reader)
        tasks.create_task(lane.run())
        tasks.create_task(lane.keep_refreshed())
        return lane

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
