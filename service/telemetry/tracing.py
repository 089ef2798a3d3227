"""Where tracing is configured: which requests get a span, and what makes spans at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.access import OPEN_ROUTES, needed
from service.api.headers import header
from service.config import Config
from service.config import Scope as Permission
from service.errors import ConfigError

if TYPE_CHECKING:
    from service.telemetry.spans import Spans


def spans_of(config: Config) -> Spans | None:
    """What makes spans; None where no endpoint is configured, and nothing is imported for it.

    Raises
    ------
    ConfigError
        If the packages are missing, or a file cannot be read.
    """
    if config.tracing.endpoint is None:
        return None
    try:
        from service.telemetry.spans import Spans
    except ImportError:
        raise ConfigError("tracing.endpoint: needs OpenTelemetry: pip install 'werwatch[tracing]'") from None
    return Spans(config.tracing)


class Traced:
    """Takes what is posted to the routes of ingest inside a span each."""

    def __init__(self, app: ASGIApp, spans: Spans) -> None:
        self._app = app
        self._spans = spans

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app, in a span if this is ingest."""
        path = scope["path"]
        if needed(scope["method"], path) is not Permission.INGEST:
            await self._app(scope, receive, send)
            return
        # What follows the prefix is whatever somebody sent.
        route = next((route for prefix, route in OPEN_ROUTES.items() if path.startswith(prefix)), path)
        with self._spans.of_request(route, header(scope, b"traceparent")) as answer:

            async def send_noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    answer(message["status"])
                await send(message)

            await self._app(scope, receive, send_noted)
