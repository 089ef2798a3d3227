"""Microsoft Teams, by a workflow that posts an adaptive card.

Source: Microsoft's documentation of the trigger "When a Teams webhook request is received" and of Adaptive
Cards 1.4; a message may have 28 KB.
"""

from __future__ import annotations

import json
from typing import Any

import httpx

from service.receivers.attempt import Attempt
from service.receivers.connection import judged, post, url_of
from service.receivers.notice import Kind, Notice
from service.receivers.rendering import Reading, read, shortened
from service.settings.receivers import DeliverySettings, Links, TeamsReceiver

MOST_OF_A_TITLE, MOST_OF_A_VALUE, MOST_OF_A_TEXT = 1_000, 500, 2_000
STYLES = {Kind.FIRING: "attention", Kind.REPEATED: "attention", Kind.RESOLVED: "good"}


class Teams:
    """Posts to one channel.

    Raises
    ------
    ConfigError
        If the URL cannot be read or is not permitted.
    """

    def __init__(self, settings: TeamsReceiver, delivery: DeliverySettings, links: Links) -> None:
        self.name = settings.name
        self._url = url_of(settings, delivery)
        self._timeout_s = settings.timeout.total_seconds()
        self._links = links

    async def send(self, client: httpx.AsyncClient, notice: Notice, now: float) -> Attempt:  # noqa: ARG002
        """Post one card."""
        content = json.dumps(
            card_message(notice.kind, read(notice, self._links)), ensure_ascii=False
        ).encode()
        answer = await post(client, self._url, content, {}, self._timeout_s)
        return answer if isinstance(answer, Attempt) else judged(answer)


def card_message(kind: Kind, reading: Reading) -> dict[str, Any]:
    """The message with its one card."""
    title = {
        "type": "Container",
        "style": STYLES.get(kind, "emphasis"),
        "items": [{**_text(reading.title, MOST_OF_A_TITLE), "weight": "Bolder", "size": "Medium"}],
    }
    facts = [
        {"title": name, "value": _plain(shortened(value, MOST_OF_A_VALUE))} for name, value in reading.facts
    ]
    body: list[dict[str, Any]] = [title, {"type": "FactSet", "facts": facts}]
    if reading.look_first:
        body.append(_text("Look first: " + " ".join(reading.look_first), MOST_OF_A_TEXT))
    if reading.remarks:
        body.append({**_text(" ".join(reading.remarks), MOST_OF_A_TEXT), "isSubtle": True, "size": "Small"})
    actions = [{"type": "Action.OpenUrl", "title": text, "url": url} for text, url in reading.links.items()]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
        "actions": actions,
    }
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def _text(text: str, most: int) -> dict[str, Any]:
    return {"type": "TextBlock", "text": _plain(shortened(text, most)), "wrap": True}


def _plain(text: str) -> str:
    """Cards read Markdown: nothing in a cohort's name may become a link."""
    return text.replace("](", "] (")
