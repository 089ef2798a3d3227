"""Dead notices that somebody has sent again."""

from __future__ import annotations

import time

from service.alert_record import Action
from service.errors import Refused
from service.pipeline import Pipeline


class Resending:
    """Does so through the one thread that writes; a receiver that was disabled is enabled with it."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def resend(self, notice_id: str, author: str) -> str:
        """Make a dead notice pending again; return the name of its receiver.

        Raises
        ------
        Refused
            404 if there is no such notice, 409 if it is not dead, or a later one of its alert has arrived.
        """
        store = self._pipeline.store

        def again() -> str:
            now = time.time()
            try:
                alert_id, receiver = store.outbox.resend(notice_id, now)
            except LookupError:
                raise Refused(404, "no such notice; GET /v1/notices lists them") from None
            except ValueError as error:
                raise Refused(409, f"this notice is not sent again: {error}") from None
            store.record.add(Action.RESENT, now, f"to {receiver}", alert_id=alert_id, author=author)
            return receiver

        receiver = await self._pipeline.writer.run(again)
        self._pipeline.counts.disabled.discard(receiver)
        return receiver
