"""Requests whose end two servers on their way could see at different places."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.headers import header
from service.api.problems import problem

DETAIL = "expected Content-Length or Transfer-Encoding, not both: they may differ in where the body ends"


class Framing:
    """Answers 400 to a request with both lengths, and lets nothing behind it on the connection be a request.

    h11 goes by ``Transfer-Encoding``. A proxy that went by ``Content-Length`` would have taken more for its
    body, so that somebody could hide a request of his own in one that it let pass (RFC 9112, section 6.1).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app, or refuse."""
        app = self._app
        if header(scope, b"transfer-encoding") and header(scope, b"content-length"):
            app = problem(scope, 400, DETAIL, headers={"Connection": "close"})
        await app(scope, receive, send)
