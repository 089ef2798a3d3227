"""A name for every request, taken from its sender where it is well-formed, in the answer and in the log."""

from __future__ import annotations

import logging
import re
import secrets
import time
from itertools import count

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.headers import header
from service.telemetry.log_lines import request_id

HEADER = b"x-request-id"
WELL_FORMED = re.compile(r"[A-Za-z0-9._~+/=-]{1,64}")

logger = logging.getLogger("werwatch.api")


class RequestIds:
    """Answers with ``X-Request-Id``, lets log lines bear it, and logs each answer at level debug.

    A line names the route as it is declared: a path can hold what was sent, and so can a query.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        # A number is enough within a process, and drawing at random is a system call.
        self._process = secrets.token_hex(6)
        self._numbers = count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app under the request's id."""
        sent = header(scope, HEADER)
        name = sent if WELL_FORMED.fullmatch(sent) else f"{self._process}-{next(self._numbers):x}"
        status = 0
        started = time.perf_counter()

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (HEADER, name.encode())]
            await send(message)

        token = request_id.set(name)
        try:
            await self._app(scope, receive, named)
        finally:
            if logger.isEnabledFor(logging.DEBUG):
                fields = {
                    "method": scope["method"],
                    "route": getattr(scope.get("route"), "path", None),
                    "status": status,
                    "took_ms": round(1000 * (time.perf_counter() - started), 3),
                }
                logger.debug("answered", extra={"fields": fields})
            request_id.reset(token)
