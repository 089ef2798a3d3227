"""What a stopping service cannot finish is refused, so that nobody is left without an answer."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.answer import Answer
from service.api.problems import problem
from service.errors import SOON_S


class Finishing:
    """Answers 503 where a request is broken off because the service stops."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._receiving: set[asyncio.Task[Any]] = set()

    def stop_receiving(self) -> None:
        """Break off every request whose body has not arrived yet."""
        for task in self._receiving:
            task.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app; refuse in its place if it is cancelled before it has answered."""
        answer = Answer(send)

        async def received() -> Message:
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 -- a coroutine runs in a task
            self._receiving.add(task)
            try:
                return await receive()
            finally:
                self._receiving.discard(task)

        try:
            await self._app(scope, received, answer)
        except asyncio.CancelledError:
            if answer.has_begun:
                raise
            detail = "the service is stopping and has not confirmed this; send it again"
            headers = {"Retry-After": str(SOON_S)}
            await problem(scope, 503, detail, headers=headers)(scope, receive, send)
