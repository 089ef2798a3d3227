"""What every receiver is and answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import httpx


class Verdict(StrEnum):
    """What an attempt came to."""

    DELIVERED = "delivered"
    RETRY = "retry"
    DEAD = "dead"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: ``outcome`` is safe to log; ``retry_after`` is the header as it came."""

    verdict: Verdict
    outcome: str
    retry_after: str | None = None


class Receiver(Protocol):
    """Where notices go."""

    name: str

    async def send(self, client: httpx.AsyncClient, message_id: str, body: str, now: float) -> Attempt:
        """Try once to deliver a notice; the same ``message_id`` for every attempt."""
        ...
