"""PagerDuty, over the Events API version 2; a finding that is no alarm goes there as a change event.

Source: PagerDuty's developer documentation, "Events API v2" and "Change Events".
"""

from __future__ import annotations

import json
from typing import Any

import httpx

from service.receivers.attempt import Attempt
from service.receivers.connection import judged, post, url_of
from service.receivers.notice import Kind, Notice
from service.receivers.rendering import Reading, read, shortened
from service.settings.receivers import DeliverySettings, Links, PagerDutyReceiver
from service.settings.secret_file import read_secret

MOST_OF_A_SUMMARY = 1_024
MOST_OF_A_KEY = 255
MOST_OF_A_FIELD = 255
ACTIONS = {Kind.ACKNOWLEDGED: "acknowledge", Kind.RESOLVED: "resolve"}
SEVERITIES = {"page": "critical", "ticket": "warning"}


class PagerDuty:
    """Triggers, acknowledges and resolves one incident an alert.

    Raises
    ------
    ConfigError
        If the routing key cannot be read or the URL is not permitted.
    """

    def __init__(self, settings: PagerDutyReceiver, delivery: DeliverySettings, links: Links) -> None:
        self.name = settings.name
        self._url = url_of(settings, delivery).rstrip("/")
        self._timeout_s = settings.timeout.total_seconds()
        self._source = settings.source
        self._links = links
        key = f"receivers: {settings.name}: routing_key_file"
        self._routing_key = read_secret(settings.routing_key_file, key)

    async def send(self, client: httpx.AsyncClient, notice: Notice, now: float) -> Attempt:  # noqa: ARG002
        """Send the event; 400 means that it never will be taken."""
        route = "v2/change/enqueue" if notice.kind is Kind.NOTED else "v2/enqueue"
        event = {"routing_key": self._routing_key, **self.event(notice)}
        content = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
        answer = await post(client, f"{self._url}/{route}", content, {}, self._timeout_s)
        return answer if isinstance(answer, Attempt) else judged(answer)

    def event(self, notice: Notice) -> dict[str, Any]:
        """What is sent, without the routing key."""
        reading = read(notice, self._links)
        links = [{"href": url, "text": text} for text, url in reading.links.items()]
        if notice.kind is Kind.NOTED:
            return {"payload": self._payload(notice, reading), "links": links}
        action = ACTIONS.get(notice.kind, "trigger")
        key = {"event_action": action, "dedup_key": f"werwatch/{notice.alert_id}"[:MOST_OF_A_KEY]}
        if action != "trigger":
            return key
        severity = (
            "info" if notice.kind is Kind.TEST else SEVERITIES.get(notice.data.get("severity", ""), "error")
        )
        classified = {
            "severity": severity,
            "component": "speech-to-text",
            "group": shortened(str(notice.data.get("cohort") or "all cohorts"), MOST_OF_A_FIELD),
            "class": str(notice.data.get("signal", "test")),
        }
        payload = {**self._payload(notice, reading), **classified}
        event = {**key, "payload": payload, "links": links, "client": "werwatch"}
        return {**event, "client_url": reading.links["Alert"]} if "Alert" in reading.links else event

    def _payload(self, notice: Notice, reading: Reading) -> dict[str, Any]:
        details = dict(reading.facts)
        if reading.look_first:
            details["Look first"] = " ".join(reading.look_first)
        if reading.remarks:
            details["Remarks"] = " ".join(reading.remarks)
        return {
            "summary": shortened(reading.title, MOST_OF_A_SUMMARY),
            "source": self._source,
            "timestamp": notice.timestamp,
            "custom_details": details,
        }
