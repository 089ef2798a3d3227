"""The worker of the durable outbox: at least once, in order, with patience."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx

from service.clock import WallClock
from service.pipeline import Pipeline
from service.reader import Reader
from service.receivers.attempt import Attempt, Receiver, Verdict
from service.records import Delivery

BASE_S = 2.0
CAP_S = 3_600.0
GIVE_UP_S = 72 * 3_600.0
LOOK_EVERY_S = 0.5

logger = logging.getLogger("werwatch.delivery")


@dataclass(frozen=True, slots=True)
class _Settled:
    """What an attempt came to."""

    state: str
    outcome: str
    due_at: float


class DeliveryWorker:
    """Sends what the outbox holds, for as long as the service runs.

    Attempts of different alerts or receivers go side by side; those of one alert to one receiver in order.
    After a failure the next attempt waits for a random time up to 2 s doubled each time, at most an hour and
    at least what Retry-After asks; after 72 hours, or at once where the receiver says that it never will be
    taken, the notice is kept as dead. What cannot be written down of an attempt is kept in mind until it can,
    so that a full disk makes nobody be told again and again.
    """

    def __init__(self, pipeline: Pipeline, reader: Reader, receivers: Mapping[str, Receiver]) -> None:
        self._pipeline = pipeline
        self._reader = reader
        self._receivers = receivers
        self._gone: set[str] = set()
        self._unwritten: dict[str, _Settled] = {}
        self._fault = ""
        self._clock: WallClock | None = None
        # Made here, since what it imports would hold up the loop.
        self._client = httpx.AsyncClient(follow_redirects=False)
        for name in receivers:
            for verdict in Verdict:
                pipeline.counts.deliveries[name, verdict.value] = 0

    async def run(self) -> None:
        """Work until cancelled."""
        async with self._client:
            while True:
                try:
                    due = await asyncio.to_thread(self._reader.due_deliveries, time.time())
                    work = map(self._deliver, due)
                    # One that fails leaves the others at work.
                    for result in await asyncio.gather(*work, return_exceptions=True):
                        if isinstance(result, Exception):
                            raise result
                    await self._follow_clock()
                    self._fault = ""
                except Exception as error:  # noqa: BLE001 -- on-call must be told even after an unforeseen fault
                    self._note(type(error).__name__)
                await asyncio.sleep(LOOK_EVERY_S)

    def _note(self, fault: str) -> None:
        if fault != self._fault:
            logger.error("the outbox cannot be worked on now: %s", fault)
        self._fault = fault

    async def _follow_clock(self) -> None:
        if self._clock is None:
            newest_at = await asyncio.to_thread(self._reader.newest_at)
            self._clock = WallClock(newest_at or 0.0)
        set_by_s = self._clock.set_by_s()
        if set_by_s:
            store = self._pipeline.store
            await self._pipeline.writer.run(lambda: store.alerts.move_deliveries(set_by_s))
            self._clock.follow(set_by_s)
            logger.warning("the clock was set by %+.0f s, and what waits for delivery with it", set_by_s)

    async def _deliver(self, delivery: Delivery) -> None:
        identity, store = delivery.delivery_id, self._pipeline.store
        settled = self._unwritten.get(identity)
        if settled is None or (settled.state == "pending" and settled.due_at <= time.time()):
            settled = self._unwritten[identity] = await self._attempt(delivery)
        await self._pipeline.writer.run(
            lambda: store.alerts.settle_delivery(identity, settled.state, settled.outcome, settled.due_at)
        )
        del self._unwritten[identity]

    async def _attempt(self, delivery: Delivery) -> _Settled:
        receiver = self._receivers.get(delivery.receiver)
        now = time.time()
        if receiver is None:
            attempt = Attempt(Verdict.DEAD, "the receiver is not configured any more")
        elif delivery.receiver in self._gone:
            attempt = Attempt(Verdict.GONE, "the receiver answered 410 before")
        else:
            message_id = delivery.delivery_id.removesuffix(f"-{delivery.receiver}")
            attempt = await receiver.send(self._client, message_id, delivery.body, now)
        return self._judged(delivery, attempt, now)

    def _judged(self, delivery: Delivery, attempt: Attempt, now: float) -> _Settled:
        self._pipeline.counts.deliveries[delivery.receiver, attempt.verdict.value] += 1
        state, due_at = "delivered", now
        if attempt.verdict is Verdict.GONE:
            self._gone.add(delivery.receiver)
        if attempt.verdict is Verdict.RETRY and now - delivery.created_at < GIVE_UP_S:
            state, due_at = "pending", now + wait_s(delivery.attempts, attempt.retry_after, now)
        elif attempt.verdict is not Verdict.DELIVERED:
            state = "dead"
        if state != "delivered":
            logger.warning(
                "notice %s for %s: %s, now %s",
                delivery.delivery_id,
                delivery.receiver,
                attempt.outcome,
                state,
            )
        return _Settled(state, attempt.outcome, due_at)


def wait_s(attempts: int, retry_after: str | None, now: float) -> float:
    """Seconds until the next attempt: full jitter under a doubling bound, at least what Retry-After asks.

    Parameters
    ----------
    attempts
        Attempts before the one that has just failed.
    retry_after
        The header: seconds, or an HTTP date; anything else is ignored.
    now
        Seconds since the epoch.
    """
    bound = min(CAP_S, BASE_S * 2.0 ** min(attempts, 20))
    return max(random.uniform(0.0, bound), _asked_s(retry_after, now))  # noqa: S311 -- jitter, not a secret


def _asked_s(retry_after: str | None, now: float) -> float:
    if retry_after is None:
        return 0.0
    if retry_after.isdecimal():
        return min(float(retry_after), CAP_S)
    try:
        return min(max(parsedate_to_datetime(retry_after).timestamp() - now, 0.0), CAP_S)
    except ValueError:
        return 0.0
