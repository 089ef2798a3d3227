"""Whether a request has been answered: until then another answer may be given in its place."""

from __future__ import annotations

from starlette.types import Message, Send


class Answer:
    """Sends an answer on, and knows whether one has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        """Send a part of it."""
        self.has_begun = True
        await self._send(message)
