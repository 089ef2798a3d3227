"""What every receiver is and answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

import httpx

from service.receivers.notice import Notice
from service.records import Remembered


class Verdict(StrEnum):
    """What an attempt came to: told, to be tried again, never to be taken, and nothing ever again."""

    DELIVERED = "delivered"
    RETRY = "retry"
    DEAD = "dead"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt.

    Parameters
    ----------
    verdict
        What it came to.
    outcome
        Why, safe to log.
    retry_after
        That header as it came.
    memory
        What the receiver wants to know at the alert's next notice, kept if this one was delivered;
        None leaves what is kept as it is.
    answer
        The beginning of what the server said, for the person who tests a receiver; never logged.
    """

    verdict: Verdict
    outcome: str
    retry_after: str | None = None
    memory: str | None = None
    answer: str = ""


class Receiver(Protocol):
    """Where notices go."""

    name: str

    async def send(self, client: httpx.AsyncClient, notice: Notice, now: float) -> Attempt:
        """Try once to deliver a notice."""
        ...


@runtime_checkable
class Refreshing(Protocol):
    """A receiver that must be told again and again what it was told, until some time after it ended."""

    name: str
    refresh_s: float
    remembered_s: float

    async def refresh(
        self, client: httpx.AsyncClient, remembered: Sequence[Remembered], now: float
    ) -> Attempt | None:
        """Tell it all that is not over, or not long enough; None if there was nothing to tell."""
        ...
