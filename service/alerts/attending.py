"""What people do about alerts: acknowledge, resolve, silence; each is on record when it is answered."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import replace

from service.alerts.lifecycle import Alerting
from service.alerts.record import Action
from service.alerts.silences import Matcher, Silence
from service.errors import Refused
from service.store.store import Store
from service.store.writer import Writer


class Attending:
    """Does so through the one thread that writes."""

    def __init__(self, store: Store, writer: Writer, alerting: Alerting) -> None:
        self._store = store
        self._writer = writer
        self._alerting = alerting

    async def acknowledge(self, alert_id: str, author: str, note: str) -> None:
        """Say that somebody looks after an alert.

        Raises
        ------
        Refused
            404 if there is no such alert, 409 if it is not firing.
        """
        alerting, store = self._alerting, self._store
        await self._writer.run(lambda: alerting.acknowledge(store, alert_id, author, note, time.time()))

    async def resolve(self, alert_id: str, author: str, note: str) -> None:
        """Say that an alert is over.

        Raises
        ------
        Refused
            404 if there is no such alert, 409 if it is over already.
        """
        alerting, store = self._alerting, self._store
        await self._writer.run(lambda: alerting.resolve(store, alert_id, author, note, time.time()))

    async def silence(
        self, matchers: Sequence[Matcher], starts_at: float, ends_at: float, author: str, note: str
    ) -> Silence:
        """Let alerts that all these matchers mean not be told for a time, now or later."""
        identity = f"silence_{secrets.token_hex(8)}"

        def make() -> Silence:
            made = Silence(identity, tuple(matchers), starts_at, ends_at, author, note, time.time())
            self._store.silences.put(made)
            self._record(Action.SILENCE_MADE, made, author, note)
            return made

        return await self._writer.run(make)

    async def end_silence(self, silence_id: str, author: str, note: str) -> Silence:
        """Let a silence end now; one that has yet to begin never does.

        Raises
        ------
        Refused
            404 if there is no such silence, 409 if it is over already.
        """

        def end() -> Silence:
            known, now = self._store.silences.find(silence_id), time.time()
            if known is None:
                raise Refused(404, "no such silence; GET /v1/silences lists them")
            if known.ends_at <= now:
                raise Refused(409, "this silence is over already")
            ended = replace(known, starts_at=min(known.starts_at, now), ends_at=now)
            self._store.silences.put(ended)
            self._record(Action.SILENCE_ENDED, ended, author, note)
            return ended

        return await self._writer.run(end)

    def _record(self, action: Action, silence: Silence, author: str, note: str) -> None:
        matchers = " ".join(map(str, silence.matchers))
        said = f"{matchers}: {note}" if note else matchers
        self._store.record.add(action, time.time(), said, silence_id=silence.silence_id, author=author)
