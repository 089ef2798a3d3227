"""An Alertmanager, over its API version 2.

It forgets an alert at ``endsAt``, and at a restart of its own, so what is active is sent again every minute.
An alert that ended before its first notification went out is never told, which is why each stays active for
a time (``active_for_at_least``) after it was first taken. Source: Alertmanager's ``api/v2/openapi.yaml``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import httpx

from service.receivers.alertmanager_format import annotations_of, labels_of, rfc3339, starts_at
from service.receivers.attempt import Attempt, Verdict
from service.receivers.connection import authorisation, judged, post, url_of
from service.receivers.notice import Kind, Notice
from service.records import Remembered
from service.settings.receivers import AlertmanagerReceiver, DeliverySettings, Links

REFRESH_S = 60.0
HELD_S = 240.0
"""How long Alertmanager keeps an alert that nobody sends again."""
RESENT_S = 300.0
"""How long an end is told again."""
TEST_S = 60.0
MOST_TOGETHER = 64
ROUTE = "api/v2/alerts"
"""``startsAt`` and labels stay as they were first taken: they are what Alertmanager knows an alert by."""


class Alertmanager:
    """Posts notices as alerts, and what is active again and again.

    Raises
    ------
    ConfigError
        If a secret cannot be read or the URL is not permitted.
    """

    def __init__(self, settings: AlertmanagerReceiver, delivery: DeliverySettings, links: Links) -> None:
        self.name = settings.name
        self.refresh_s = REFRESH_S
        self._least_s = settings.active_for_at_least.total_seconds()
        self.remembered_s = self._least_s + RESENT_S
        self._url = f"{url_of(settings, delivery).rstrip('/')}/{ROUTE}"
        self._timeout_s = settings.timeout.total_seconds()
        self._headers = authorisation(settings)
        self._links = links

    async def send(self, client: httpx.AsyncClient, notice: Notice, now: float) -> Attempt:
        """Post the alert as it is now."""
        if notice.kind is Kind.TEST:
            return await self._post(client, [_ending(self._alert(notice), now + TEST_S)])
        known = None if notice.memory is None else json.loads(notice.memory)
        has_ended = notice.kind in (Kind.RESOLVED, Kind.NOTED)
        ended_at = _seconds(notice.timestamp) if has_ended else None
        alert, taken_at, gone = self._alert(notice), now, []
        if known is None and notice.kind is Kind.RESOLVED:
            # Nobody was told that it fired, so nobody is now.
            taken_at = now - self._least_s
        if known is not None:
            taken_at = float(known["taken_at"])
            before = known["alert"]
            alert["startsAt"] = before["startsAt"]
            if before["labels"] != alert["labels"]:
                # Told more severely, it is another alert to Alertmanager; the one before must not stay.
                gone = [_ending(before, max(now, _seconds(before["startsAt"]) + 1.0))]
        attempt = await self._post(client, [*gone, self._until(alert, taken_at, ended_at, now)])
        memory = json.dumps({"taken_at": taken_at, "alert": alert})
        return Attempt(attempt.verdict, attempt.outcome, attempt.retry_after, memory, attempt.answer)

    async def refresh(
        self, client: httpx.AsyncClient, remembered: Sequence[Remembered], now: float
    ) -> Attempt | None:
        """Post again all that is active, and what ended a short time ago; None if there is nothing."""
        alerts = list(self._still_told(remembered, now))
        attempt = None
        for first in range(0, len(alerts), MOST_TOGETHER):
            attempt = await self._post(client, alerts[first : first + MOST_TOGETHER])
            if attempt.verdict is not Verdict.DELIVERED:
                break
        return attempt

    def _still_told(self, remembered: Sequence[Remembered], now: float) -> Iterator[dict[str, Any]]:
        for each in remembered:
            known = json.loads(each.memory)
            taken_at = float(known["taken_at"])
            ends_at = self._end(taken_at, each.ended_at)
            if ends_at is None or now <= ends_at + RESENT_S:
                yield self._until(known["alert"], taken_at, each.ended_at, now)

    def _alert(self, notice: Notice) -> dict[str, Any]:
        alert: dict[str, Any] = {
            "labels": labels_of(notice),
            "annotations": annotations_of(notice, self._links),
            "startsAt": starts_at(notice),
        }
        # One that is no URI has the whole request refused.
        here = self._links.to(notice.alert_id, notice.data.get("cohort")).get("Alert")
        return alert if here is None else {**alert, "generatorURL": here}

    def _until(
        self, alert: dict[str, Any], taken_at: float, ended_at: float | None, now: float
    ) -> dict[str, Any]:
        ends_at = self._end(taken_at, ended_at)
        # It must not end before it began, whatever clocks say.
        least = _seconds(alert["startsAt"]) + 1.0
        return _ending(alert, max(now + HELD_S if ends_at is None else ends_at, least))

    def _end(self, taken_at: float, ended_at: float | None) -> float | None:
        return None if ended_at is None else max(ended_at, taken_at + self._least_s)

    async def _post(self, client: httpx.AsyncClient, alerts: list[dict[str, Any]]) -> Attempt:
        content = json.dumps(alerts, separators=(",", ":"), ensure_ascii=False).encode()
        answer = await post(client, self._url, content, self._headers, self._timeout_s)
        return answer if isinstance(answer, Attempt) else judged(answer)


def _ending(alert: dict[str, Any], at: float) -> dict[str, Any]:
    return {**alert, "endsAt": rfc3339(at)}


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
