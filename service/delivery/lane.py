"""The notices of one receiver on their way: in order for each alert, with patience, and past no other's."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from service.delivery.backoff import asked_s, wait_s
from service.errors import place_of
from service.pipeline import Pipeline
from service.receivers.attempt import Attempt, Refreshing, Verdict
from service.receivers.kinds import Endpoint
from service.receivers.notice import read_notice
from service.records import Delivery, Remembered
from service.store.reader import Reader

if TYPE_CHECKING:
    from service.telemetry.spans import Spans

MOST_AT_ONCE = 8
"""Alerts of which a notice is on its way to one receiver at the same time."""
GIVE_UP_S = 72 * 3_600.0
REFRESH_AGAIN_S = 10.0
"""After a failure, long before what a receiver was told runs out."""

logger = logging.getLogger("werwatch.delivery")


@dataclass(frozen=True, slots=True)
class _Settled:
    """What an attempt came to."""

    state: str
    outcome: str
    due_at: float
    memory: str | None


class Lane:
    """Sends what the outbox holds for one receiver.

    Of each alert one notice is on its way at a time, the oldest that waits, and the next one sets out once
    that has been written down; another alert waits for it only while there are too many at once. What a
    receiver is told again and again leaves out alerts of which a notice is on its way, and holds up those
    that it tells: it must not be older than what was told last.

    After a failure the next attempt waits for a random time up to 1 s doubled each time, at most five minutes
    and at least what Retry-After asks, and with Retry-After everything else for this receiver waits as well;
    after 72 hours, or at once where the receiver says that it never will be taken, the notice is kept as
    dead. What cannot be written down of an attempt is kept in mind until it can, so that a full disk makes
    nobody be told again and again.

    Parameters
    ----------
    name
        The receiver's.
    endpoint
        The receiver with its client; None if it is not configured any more.
    spans
        Where each attempt gets one.
    """

    def __init__(
        self,
        name: str,
        endpoint: Endpoint | None,
        pipeline: Pipeline,
        reader: Reader,
        spans: Spans | None = None,
    ) -> None:
        self.name = name
        self._endpoint = endpoint
        self._pipeline = pipeline
        self._reader = reader
        self._spans = spans
        self._unwritten: dict[str, _Settled] = {}
        self._paused_until = 0.0
        self._fault = ""
        self._refresh_fault = ""
        self._has_work = asyncio.Event()
        self._on_its_way: dict[str, asyncio.Task[None]] = {}
        self._is_stopping = False
        self._refreshing = asyncio.Lock()
        self._is_reading_what_to_refresh = False
        self._refreshed: frozenset[str] = frozenset()

    def wake(self) -> None:
        """Say that something may be due."""
        self._has_work.set()

    async def stop(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        """End the tasks in which it runs, once what is being sent has arrived or failed."""
        self._is_stopping = True
        async with self._refreshing:
            if self._on_its_way:
                await asyncio.wait(self._on_its_way.values())
            for task in tasks:
                task.cancel()
        await asyncio.wait(tasks)

    async def run(self) -> None:
        """Send whenever it is woken, until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._has_work.wait()
                self._has_work.clear()
                try:
                    await self._start_some(group)
                except Exception as error:  # noqa: BLE001 -- on-call must be told even after an unforeseen fault
                    self._note(type(error).__name__)

    async def keep_refreshed(self) -> None:
        """Tell the receiver again and again what is active, if it is one that needs that, until cancelled."""
        endpoint = self._endpoint
        if endpoint is None or not isinstance(endpoint.receiver, Refreshing):
            return
        receiver = endpoint.receiver
        for outcome in ("delivered", "failed"):
            self._pipeline.counts.refreshes[self.name, outcome] += 0
        while True:
            is_told = False
            try:
                async with self._refreshing:
                    is_told = await self._refresh(endpoint, receiver)
            except Exception as error:  # noqa: BLE001 -- as above
                self._note(type(error).__name__)
            await asyncio.sleep(receiver.refresh_s if is_told else REFRESH_AGAIN_S)

    async def _refresh(self, endpoint: Endpoint, receiver: Refreshing) -> bool:
        now = time.time()
        remembered = await self._to_refresh(now - receiver.remembered_s)
        try:
            attempt = await receiver.refresh(endpoint.client, remembered, now)
        finally:
            self._refreshed = frozenset()
            self.wake()
        is_told = attempt is None or attempt.verdict is Verdict.DELIVERED
        if attempt is not None:
            self._pipeline.counts.refreshes[self.name, "delivered" if is_told else "failed"] += 1
        fault = "" if is_told or attempt is None else attempt.outcome
        if fault and fault != self._refresh_fault:
            logger.warning("%s cannot be told now what is active: %s", self.name, fault)
        self._refresh_fault = fault
        return is_told

    async def _to_refresh(self, since: float) -> list[Remembered]:
        """What to tell again; until that is done, no notice of it may set out."""
        busy = set(self._on_its_way)
        self._is_reading_what_to_refresh = True
        try:
            remembered = await asyncio.to_thread(self._reader.remembered, self.name, since)
        finally:
            self._is_reading_what_to_refresh = False
        remembered = [each for each in remembered if each.alert_id not in busy]
        self._refreshed = frozenset(each.alert_id for each in remembered)
        return remembered

    async def _start_some(self, group: asyncio.TaskGroup) -> None:
        """Let what is due set out, as far as there is room."""
        if not self._may_send:
            return
        # Of these, another notice may be the oldest by the time that this one was read.
        busy = set(self._on_its_way)
        most = MOST_AT_ONCE + len(self._refreshed)
        due = await asyncio.to_thread(self._reader.due_deliveries, self.name, time.time(), most)
        if not due:
            self._fault = ""
        for delivery in due:
            alert_id = delivery.alert_id
            is_free = alert_id not in busy and alert_id not in self._on_its_way
            if is_free and alert_id not in self._refreshed and self._may_send:
                self._on_its_way[alert_id] = group.create_task(self._carry(delivery))

    @property
    def _may_send(self) -> bool:
        is_held = self._is_stopping or self._is_reading_what_to_refresh
        has_room = len(self._on_its_way) < MOST_AT_ONCE
        return has_room and not is_held and time.monotonic() >= self._paused_until

    async def _carry(self, delivery: Delivery) -> None:
        """Deliver, and make room. What fails is found again when the outbox is looked at the next time."""
        try:
            await self._deliver(delivery)
        except Exception as error:  # noqa: BLE001 -- as above
            self._note(type(error).__name__)
        else:
            self._fault = ""
            self.wake()
        finally:
            del self._on_its_way[delivery.alert_id]

    async def _deliver(self, delivery: Delivery) -> None:
        identity, outbox = delivery.delivery_id, self._pipeline.store.outbox
        settled = self._unwritten.get(identity)
        if settled is None or (settled.state == "pending" and settled.due_at <= time.time()):
            settled = self._unwritten[identity] = self._judged(delivery, await self._attempt(delivery))

        def write() -> None:
            outbox.settle(identity, settled.state, settled.outcome, settled.due_at)
            if settled.memory is not None:
                outbox.remember(self.name, delivery.alert_id, settled.memory)

        await self._pipeline.writer.run(write)
        del self._unwritten[identity]

    async def _attempt(self, delivery: Delivery) -> Attempt:
        if self._endpoint is None:
            return Attempt(Verdict.DEAD, "the receiver is not configured any more")
        if self.name in self._pipeline.counts.disabled:
            return Attempt(Verdict.GONE, "the receiver said before that it takes nothing any more")
        message_id = delivery.delivery_id.removesuffix(f"-{self.name}")
        try:
            notice = read_notice(message_id, delivery.body, delivery.memory)
            if self._spans is None:
                return await self._endpoint.receiver.send(self._endpoint.client, notice, time.time())
            traces = notice.data.get("traces", ())
            with self._spans.of_delivery(self.name, delivery.alert_id, traces) as end:
                attempt = await self._endpoint.receiver.send(self._endpoint.client, notice, time.time())
                end(attempt.verdict.value)
                return attempt
        except Exception as error:  # noqa: BLE001 -- one notice that cannot be said must not hold up the others
            return Attempt(Verdict.RETRY, f"unexpected {type(error).__name__} at {place_of(error)}")

    def _judged(self, delivery: Delivery, attempt: Attempt) -> _Settled:
        now, counts = time.time(), self._pipeline.counts
        counts.deliveries[self.name, attempt.verdict.value] += 1
        state, due_at, memory = "delivered", now, attempt.memory
        if attempt.verdict is not Verdict.DELIVERED:
            state, memory = "dead", None
        if attempt.verdict is Verdict.GONE and self.name not in counts.disabled:
            counts.disabled.add(self.name)
            logger.error("%s is disabled: %s; send a notice again to enable it", self.name, attempt.outcome)
        if attempt.verdict is Verdict.RETRY and now - delivery.created_at < GIVE_UP_S:
            state, due_at = "pending", now + wait_s(delivery.attempts, attempt.retry_after, now)
            if attempt.retry_after is not None:
                self._paused_until = time.monotonic() + asked_s(attempt.retry_after, now)
        if state != "delivered":
            logger.warning(
                "notice %s for %s: %s, now %s", delivery.delivery_id, self.name, attempt.outcome, state
            )
        return _Settled(state, attempt.outcome, due_at, memory)

    def _note(self, fault: str) -> None:
        if fault != self._fault:
            logger.error("the outbox cannot be worked on now: %s", fault)
        self._fault = fault
