"""A generic webhook, signed as Standard Webhooks specifies.

The signature is ``v1,`` and the base64 of HMAC-SHA256 over ``{id}.{timestamp}.{body}``; the id is the same
for every attempt, the timestamp is the attempt's. Source: the Standard Webhooks specification, version 1.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json

import httpx

from service.errors import ConfigError
from service.receivers.alertmanager_format import webhook_message
from service.receivers.attempt import Attempt
from service.receivers.connection import authorisation, judged, post, url_of
from service.receivers.notice import Notice
from service.settings.receivers import DeliverySettings, Links, WebhookReceiver
from service.settings.secret_file import read_secret


def decode_secret(secret: str) -> bytes:
    """The key in a ``whsec_`` secret.

    Raises
    ------
    ValueError
        If it is not "whsec_" and base64 of 24 to 64 bytes.

    Examples
    --------
    >>> len(decode_secret("whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="))
    32
    """
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not 24 <= len(key) <= 64:
        raise ValueError('expected "whsec_" and base64 of 24 to 64 random bytes')
    return key


def sign(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature of a message.

    Examples
    --------
    >>> key = decode_secret("whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA=")
    >>> body = b'{"type":"wer.alert.firing","timestamp":"2023-11-14T22:13:20Z","data":{}}'
    >>> sign(key, "msg_test_0001", 1700000000, body)
    'v1,mNYM/4gYqYwN/j+D2HbMwVgAh54V4iBPNgXzpy6Yn/g='
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


class Webhook:
    """Posts notices to one URL, each signed with every key there is.

    Raises
    ------
    ConfigError
        If a secret cannot be read or is not one, or the URL is not permitted.
    """

    def __init__(self, settings: WebhookReceiver, delivery: DeliverySettings, links: Links) -> None:
        self.name = settings.name
        self._url = url_of(settings, delivery)
        self._timeout_s = settings.timeout.total_seconds()
        self._authorisation = authorisation(settings)
        self._keys = [_key(settings.name, secret) for secret in _secrets(settings)]
        self._is_like_alertmanager = settings.format == "alertmanager"
        self._links = links

    async def send(self, client: httpx.AsyncClient, notice: Notice, now: float) -> Attempt:
        """Try once; say whether it arrived, may be tried again, or never will."""
        body = notice.body
        if self._is_like_alertmanager:
            message = webhook_message(notice, self._links, self.name)
            body = json.dumps(message, separators=(",", ":"), ensure_ascii=False)
        content = body.encode()
        headers = {"webhook-id": notice.message_id, "webhook-timestamp": str(int(now)), **self._authorisation}
        if self._keys:
            signatures = [sign(key, notice.message_id, int(now), content) for key in self._keys]
            headers["webhook-signature"] = " ".join(signatures)
        answer = await post(client, self._url, content, headers, self._timeout_s)
        return answer if isinstance(answer, Attempt) else judged(answer)


def _key(name: str, secret: str) -> bytes:
    try:
        return decode_secret(secret)
    except ValueError as error:
        raise ConfigError(f"receivers: {name}: secret: {error}") from None


def _secrets(settings: WebhookReceiver) -> list[str]:
    if settings.secret is not None:
        return [settings.secret]
    files = settings.secret_files or ([] if settings.secret_file is None else [settings.secret_file])
    return [read_secret(path, f"receivers: {settings.name}: secret_file") for path in files]
