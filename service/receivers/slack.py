"""Slack: a message an alert, kept up to date, with a thread below it; or one message a notice by webhook.

Source: Slack's documentation of incoming webhooks, chat.postMessage and chat.update.
"""

from __future__ import annotations

import json
from typing import Any

import httpx

from service.receivers.attempt import Attempt, Verdict
from service.receivers.connection import Answer, judged, post, url_of
from service.receivers.notice import Kind, Notice
from service.receivers.rendering import read
from service.receivers.slack_format import message, reply
from service.settings.receivers import DeliverySettings, Links, SlackReceiver
from service.settings.secret_file import read_token

STOPPED = frozenset({403, 404, 410})
"""A webhook that was withdrawn, or whose channel is gone, answers so for ever."""
WAITED_OUT = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)
MOST_OF_A_NAME = 64
LOCKED_OUT = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "missing_scope",
        "channel_not_found",
        "not_in_channel",
        "is_archived",
    }
)
LOST = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
BROADCAST = (Kind.REPEATED, Kind.RESOLVED)
"""What is to be seen in the channel, too, and not only by who opens the thread."""


class Slack:
    """Posts to one channel.

    Raises
    ------
    ConfigError
        If a secret cannot be read or the URL is not permitted.
    """

    def __init__(self, settings: SlackReceiver, delivery: DeliverySettings, links: Links) -> None:
        self.name = settings.name
        self._url = url_of(settings, delivery)
        self._timeout_s = settings.timeout.total_seconds()
        self._links = links
        self._channel = settings.channel
        self._headers: dict[str, str] = {}
        if settings.bot_token_file is not None:
            token = read_token(settings.bot_token_file, f"receivers: {settings.name}: bot_token_file")
            self._headers["authorization"] = f"Bearer {token}"

    async def send(self, client: httpx.AsyncClient, notice: Notice, now: float) -> Attempt:  # noqa: ARG002
        """Tell it once; with a bot's token, in the alert's own message and thread."""
        if self._channel is None:
            return await self._by_webhook(client, notice)
        if notice.memory is None:
            return await self._first(client, notice)
        place = json.loads(notice.memory)
        reading = read(notice, self._links)
        # The message first: to bring it up to date twice does no harm.
        updated = await self._call(client, "chat.update", {**place, **message(reading)})
        if isinstance(updated, Attempt):
            return await self._first(client, notice) if updated.outcome in LOST else updated
        posted = {
            "channel": place["channel"],
            "thread_ts": place["ts"],
            "reply_broadcast": _is_for_all(notice),
            **reply(reading),
            **_named(notice),
        }
        answer = await self._call(client, "chat.postMessage", posted)
        return answer if isinstance(answer, Attempt) else Attempt(Verdict.DELIVERED, "ok", answer="ok")

    async def _by_webhook(self, client: httpx.AsyncClient, notice: Notice) -> Attempt:
        content = json.dumps(message(read(notice, self._links)), ensure_ascii=False).encode()
        answer = await post(client, self._url, content, {}, self._timeout_s)
        if isinstance(answer, Attempt):
            return answer
        if answer.status in STOPPED:
            return Attempt(Verdict.GONE, f"HTTP {answer.status}", answer=answer.text)
        return judged(answer)

    async def _first(self, client: httpx.AsyncClient, notice: Notice) -> Attempt:
        told = {"channel": self._channel, "unfurl_links": False, "unfurl_media": False, **_named(notice)}
        answer = await self._call(client, "chat.postMessage", {**told, **message(read(notice, self._links))})
        if isinstance(answer, Attempt):
            return answer
        place = {"channel": str(answer.get("channel", self._channel)), "ts": str(answer.get("ts", ""))}
        memory = json.dumps(place) if place["ts"] else None
        return Attempt(Verdict.DELIVERED, "ok", memory=memory, answer="ok")

    async def _call(
        self, client: httpx.AsyncClient, method: str, arguments: dict[str, Any]
    ) -> dict[str, Any] | Attempt:
        """What a method answers, or the attempt that failed."""
        content = json.dumps(arguments, ensure_ascii=False).encode()
        headers = {**self._headers, "content-type": "application/json; charset=utf-8"}
        url = f"{self._url.rstrip('/')}/{method}"
        answer = await post(client, url, content, headers, self._timeout_s)
        if isinstance(answer, Attempt):
            return answer
        if answer.status != 200:
            return judged(answer)
        said = _object(answer)
        if said is None:
            # A proxy on the way may have answered in its place.
            return Attempt(Verdict.RETRY, "an answer that is no JSON", answer.retry_after, answer=answer.text)
        return said if said.get("ok") is True else _refused(answer, said)


def _refused(answer: Answer, said: dict[str, Any]) -> Attempt:
    error = str(said.get("error", ""))
    # Of what Slack says only names of errors are let through.
    is_name = len(error) <= MOST_OF_A_NAME and error.isascii() and error.replace("_", "").isalnum()
    outcome = error if is_name else "not understood"
    verdict = Verdict.DEAD
    if error in WAITED_OUT:
        verdict = Verdict.RETRY
    elif error in LOCKED_OUT:
        verdict = Verdict.GONE
    return Attempt(verdict, outcome, answer.retry_after, answer=answer.text)


def _object(answer: Answer) -> dict[str, Any] | None:
    try:
        said = json.loads(answer.content)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def _is_for_all(notice: Notice) -> bool:
    # A ticket that became a page must not be told to those alone who had opened its thread.
    is_page = notice.kind is Kind.UPDATED and notice.data.get("severity") == "page"
    return is_page or notice.kind in BROADCAST


def _named(notice: Notice) -> dict[str, Any]:
    """By which whoever reads the channel by program knows a message that came twice."""
    payload = {"message_id": notice.message_id, "alert_id": notice.alert_id}
    return {"metadata": {"event_type": "werwatch_alert", "event_payload": payload}}
