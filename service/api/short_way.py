"""The short way to the routes that take one object after the other, past what a framework does in between.

FastAPI resolves dependencies and validates for every request, twice for a router that is included; that would
cost as much as all the rest of taking one utterance. The routes are declared there too, and described there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.problems import FORESEEN, refusal


@dataclass(frozen=True, slots=True)
class ShortRoute:
    """What takes the posts to a path."""

    path: str
    take: Callable[[Scope, Receive], Awaitable[Response]]


class ShortWay:
    """Answers posts to its routes itself, and leaves every other request to the app."""

    def __init__(self, app: ASGIApp, routes: Sequence[ShortRoute]) -> None:
        self._app = app
        self._routes = {route.path: route for route in routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the app do so."""
        route = self._routes.get(scope["path"]) if scope["method"] == "POST" else None
        if route is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        try:
            answer = await route.take(scope, receive)
        except FORESEEN as error:
            answer = refusal(scope, error)
        await answer(scope, receive, send)
