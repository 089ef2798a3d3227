"""What people do about dead notices: send them again, or let them be; on record when it is answered."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from service.alerts.record import Action
from service.errors import Refused
from service.pipeline import Pipeline


class DeadLetters:
    """Does so through the one thread that writes."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def resend(self, notice_id: str, author: str) -> str:
        """Make a dead notice pending again, and enable its receiver; return the name of that.

        Raises
        ------
        Refused
            404 if there is no such notice, 409 if it is not dead, or a later one of its alert has arrived.
        """
        store = self._pipeline.store

        def again() -> str:
            now = time.time()
            with _refusals("sent again"):
                alert_id, receiver = store.outbox.resend(notice_id, now)
            store.record.add(Action.RESENT, now, f"to {receiver}", alert_id=alert_id, author=author)
            return receiver

        receiver = await self._pipeline.writer.run(again)
        self._pipeline.counts.disabled.discard(receiver)
        return receiver

    async def dismiss(self, notice_id: str, author: str, note: str) -> str:
        """Let a dead notice be: it is not counted as dead any more; return the name of its receiver.

        Raises
        ------
        Refused
            404 if there is no such notice, 409 if it is not dead.
        """
        store = self._pipeline.store

        def let_be() -> str:
            with _refusals("dismissed"):
                alert_id, receiver = store.outbox.dismiss(notice_id)
            said = f"to {receiver}: {note}"
            store.record.add(Action.DISMISSED, time.time(), said, alert_id=alert_id, author=author)
            return receiver

        return await self._pipeline.writer.run(let_be)


@contextmanager
def _refusals(what: str) -> Iterator[None]:
    try:
        yield
    except LookupError:
        raise Refused(404, "no such notice; GET /v1/notices lists them") from None
    except ValueError as error:
        raise Refused(409, f"this notice is not {what}: {error}") from None
