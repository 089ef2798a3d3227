"""A trial of one receiver: a marked notice of nothing, and what comes back."""

from __future__ import annotations

import json
import re
import secrets
import time
from pathlib import Path

from service.alerts.facts import rfc3339
from service.config import Config
from service.errors import ConfigError
from service.receivers.attempt import Attempt
from service.receivers.connection import authorisation
from service.receivers.kinds import endpoints
from service.receivers.notice import read_notice
from service.settings.receivers import AnyReceiver, Authorised

SHORTEST_SECRET = 6
_BETWEEN = re.compile(r"[/?&=#]")
TITLE = "a test of this receiver; nothing has happened, and nothing is to be done"


async def try_receiver(config: Config, name: str) -> Attempt:
    """Send a test notice once; what the server says is shown without what must stay secret.

    Raises
    ------
    ConfigError
        If there is no such receiver, or it cannot be used as it is configured.
    """
    chosen = [settings for settings in config.receivers if settings.name == name]
    if not chosen:
        known = ", ".join(settings.name for settings in config.receivers) or "none"
        raise ConfigError(f"receivers: there is no {name}; configured here: {known}")
    endpoint = endpoints(config.model_copy(update={"receivers": chosen}))[name]
    identity, now = f"test_{secrets.token_hex(6)}", time.time()
    body = {
        "type": "werwatch.alert.test",
        "timestamp": rfc3339(now),
        "data": {"alert_id": identity, "state": "test", "severity": "ticket", "title": TITLE},
    }
    notice = read_notice(f"{identity}-test", json.dumps(body))
    async with endpoint.client as client:
        attempt = await endpoint.receiver.send(client, notice, now)
    answer = _hidden(attempt.answer, chosen[0])
    return Attempt(attempt.verdict, attempt.outcome, attempt.retry_after, None, answer)


def _hidden(answer: str, settings: AnyReceiver) -> str:
    for secret in _secrets(settings):
        answer = answer.replace(secret, "***")
    return answer


def _secrets(settings: AnyReceiver) -> list[str]:
    """What the settings hold or name in files, and each part of a URL behind its host, the longest first."""
    values = settings.model_dump(exclude={"name", "kind", "ca_file", "client_cert_file"})
    files = [value for value in values.values() if isinstance(value, Path)]
    files += values.get("secret_files") or []
    found = [path.read_text(encoding="utf-8-sig").strip() for path in files]
    found += [str(value) for key, value in values.items() if key in ("url", "secret") and value is not None]
    if isinstance(settings, Authorised):
        # A user and a password go out together, and written otherwise.
        found += [value.partition(" ")[2] for value in authorisation(settings).values()]
    parts = [part for each in found for part in _BETWEEN.split(each.partition("://")[2])[1:]]
    return sorted({each for each in found + parts if len(each) >= SHORTEST_SECRET}, key=len, reverse=True)
