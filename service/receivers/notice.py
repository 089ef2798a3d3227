"""One notice of an alert, as every receiver gets it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_TYPE = "werwatch.alert."


class Kind(StrEnum):
    """What a notice tells of its alert; ``NOTED`` is a finding that is no alarm, ``TEST`` only a trial."""

    FIRING = "firing"
    UPDATED = "updated"
    REPEATED = "repeated"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    NOTED = "noted"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice.

    Parameters
    ----------
    message_id
        The same for every attempt, and for no other notice.
    kind
        What it tells.
    alert_id
        Of which alert.
    body
        The whole of it as JSON: ``type``, ``timestamp`` and ``data``.
    timestamp
        When it happened, RFC 3339.
    data
        The alert's facts, numbers and times; never text of speech.
    memory
        What the receiver wanted to know at the next notice of the same alert.
    """

    message_id: str
    kind: Kind
    alert_id: str
    body: str
    timestamp: str
    data: Mapping[str, Any]
    memory: str | None = None


def read_notice(message_id: str, body: str, memory: str | None = None) -> Notice:
    """The notice in a row of the outbox.

    Examples
    --------
    >>> body = '{"type": "werwatch.alert.firing", "timestamp": "2026-03-03T09:00:00Z", "data": {}}'
    >>> read_notice("alert_1-firing", body).kind
    <Kind.FIRING: 'firing'>
    """
    content = json.loads(body)
    data = content["data"]
    kind = Kind(content["type"].removeprefix(_TYPE))
    return Notice(message_id, kind, data.get("alert_id", ""), body, content["timestamp"], data, memory)
