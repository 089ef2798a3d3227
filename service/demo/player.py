"""Plays messages into a service over HTTP, at an accelerated pace."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from datetime import datetime
from operator import attrgetter

import httpx

from service.demo.recording import Message

STEPS_A_SECOND = 10
RETRY_S = 0.5
PATIENCE_S = 60.0


class Player:
    """Posts the messages in order, in small NDJSON batches.

    Parameters
    ----------
    base_url
        Where the API is.
    seconds
        How long the whole recording takes at least.
    """

    def __init__(self, base_url: str, seconds: float) -> None:
        self._base_url = base_url
        self._seconds = seconds

    async def play(self, messages: list[Message]) -> AsyncIterator[datetime]:
        """Post everything; yield the recorded time after each step.

        Raises
        ------
        httpx.HTTPError
            If the service cannot be reached for a minute, or refuses a line.
        """
        steps = max(1, round(self._seconds * STEPS_A_SECOND))
        first, last = messages[0].at, messages[-1].at
        loop = asyncio.get_running_loop()
        started, position = loop.time(), 0
        async with httpx.AsyncClient(base_url=self._base_url, timeout=PATIENCE_S) as client:
            for step in range(1, steps + 1):
                until = first + (last - first) * step / steps
                begin = position
                while position < len(messages) and messages[position].at <= until:
                    position += 1
                # Two requests at most: transcripts, whose route sorts last, and then references to them.
                together = sorted(messages[begin:position], key=attrgetter("route"), reverse=True)
                for route, group in itertools.groupby(together, key=attrgetter("route")):
                    await self._post(client, route, list(group))
                yield until
                await asyncio.sleep(max(0.0, started + step / STEPS_A_SECOND - loop.time()))

    async def _post(self, client: httpx.AsyncClient, route: str, batch: list[Message]) -> None:
        body = "\n".join(json.dumps(message.body) for message in batch)
        headers = {"content-type": "application/x-ndjson"}
        give_up = asyncio.get_running_loop().time() + PATIENCE_S
        while True:
            try:
                answer = await client.post(route, content=body, headers=headers)
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    break
            except httpx.TransportError:
                if asyncio.get_running_loop().time() > give_up:
                    raise
            # A resent line is a duplicate and counts once.
            await asyncio.sleep(RETRY_S)
        answer.raise_for_status()
        rejected = answer.json()["rejected_lines"]
        if rejected:
            message = f"{route}: {rejected[0]['detail']}"
            raise httpx.HTTPStatusError(message, request=answer.request, response=answer)
