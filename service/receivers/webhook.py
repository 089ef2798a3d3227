"""A generic webhook, signed as Standard Webhooks specifies.

The signature is ``v1,`` and the base64 of HMAC-SHA256 over ``{id}.{timestamp}.{body}``; the id is the same
for every attempt, the timestamp is the attempt's. Source: the Standard Webhooks specification, version 1.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

import httpx

from service.config import WebhookReceiver
from service.errors import ConfigError
from service.receivers.attempt import Attempt, Verdict
from service.secret_file import read_secret

RETRIED = frozenset({408, 425, 429})
GONE = 410


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
    """Posts notices to one URL.

    Raises
    ------
    ConfigError
        If the secret cannot be read or is not one.
    """

    def __init__(self, settings: WebhookReceiver) -> None:
        self.name = settings.name
        self._url = str(settings.url)
        self._timeout_s = settings.timeout.total_seconds()
        try:
            self._key = decode_secret(_secret(settings))
        except ValueError as error:
            raise ConfigError(f"receivers: {settings.name}: secret: {error}") from None

    async def send(self, client: httpx.AsyncClient, message_id: str, body: str, now: float) -> Attempt:
        """Try once; say whether it arrived, may be tried again, or never will."""
        content = body.encode()
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now)),
            "webhook-signature": sign(self._key, message_id, int(now), content),
        }
        try:
            answer = await client.post(self._url, content=content, headers=headers, timeout=self._timeout_s)
        except httpx.HTTPError as error:
            return Attempt(Verdict.RETRY, type(error).__name__)
        outcome = f"HTTP {answer.status_code}"
        if answer.is_success:
            return Attempt(Verdict.DELIVERED, outcome)
        if answer.status_code == GONE:
            return Attempt(Verdict.GONE, outcome)
        if answer.status_code in RETRIED or answer.is_server_error:
            return Attempt(Verdict.RETRY, outcome, answer.headers.get("retry-after"))
        return Attempt(Verdict.DEAD, outcome)


def _secret(settings: WebhookReceiver) -> str:
    if settings.secret_file is None:
        return settings.secret or ""
    return read_secret(settings.secret_file, f"receivers: {settings.name}: secret_file")
