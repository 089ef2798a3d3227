"""Errors as RFC 9457 problem+json; no answer repeats what was sent."""

from __future__ import annotations

import logging
import sqlite3
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.answer import Answer
from service.api.invalid import NO_JSON
from service.api.invalid import invalid as refused
from service.errors import LATER_S, SOON_S, Refused, StillOnDisk, StoreUnavailable, place_of
from service.store.damage import fault

MEDIA_TYPE = "application/problem+json"

logger = logging.getLogger("werwatch.api")

PROBLEM: dict[str, Any] = {
    MEDIA_TYPE: {
        "schema": {
            "type": "object",
            "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "instance": {"type": "string"},
                "kept": {
                    "type": "integer",
                    "description": "Lines that are on disk although the whole was not taken.",
                },
                "errors": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
                    },
                },
            },
        }
    }
}
"""What OpenAPI says of the body of a refusal."""


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of the statuses with which a route refuses."""
    return {status: {"description": HTTPStatus(status).phrase, "content": PROBLEM} for status in statuses}


def problem(
    scope: Scope,
    status: int,
    detail: str,
    pointer: str | None = None,
    headers: dict[str, str] | None = None,
    **more: int,
) -> JSONResponse:
    """A problem+json answer to the request of an ASGI scope."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": scope["path"],
        **more,
    }
    if pointer is not None:
        content["errors"] = [{"pointer": pointer, "detail": detail}]
    return JSONResponse(content, status, headers, MEDIA_TYPE)


FORESEEN = (Refused, StoreUnavailable, StillOnDisk, sqlite3.Error)
"""What a request may end in."""


def refusal(scope: Scope, error: Exception) -> JSONResponse:
    """The answer to a request that ended in one of `FORESEEN`."""
    match error:
        case Refused():
            # What comes late is not worth waiting for.
            headers = {"Connection": "close"} if error.status == HTTPStatus.REQUEST_TIMEOUT else None
            return problem(scope, error.status, error.detail, error.pointer, headers)
        case StoreUnavailable(kept=0):
            detail = f"not taken: {error}; send it again, what is kept already counts once"
            return problem(scope, 503, detail, headers={"Retry-After": str(error.retry_after_s)})
        case StoreUnavailable():
            detail = f"only {error.kept} lines are kept: {error}; send all again, what is kept counts once"
            headers = {"Retry-After": str(error.retry_after_s)}
            return problem(scope, 503, detail, headers=headers, kept=error.kept)
        case StillOnDisk():
            return problem(scope, 503, str(error), headers={"Retry-After": str(SOON_S)})
        case _:
            logger.error("the store cannot be read: %s", fault(error))
            detail = f"the store cannot be read: {fault(error)}"
            return problem(scope, 503, detail, headers={"Retry-After": str(LATER_S)})


def install(app: FastAPI) -> None:
    """Answer every error of the app as a problem."""

    async def foreseen(request: Request, error: Exception) -> JSONResponse:
        return refusal(request.scope, error)

    for kind in FORESEEN:
        app.add_exception_handler(kind, foreseen)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        # FastAPI's own answer carries the whole input.
        return refusal(request.scope, refused(request, error.errors()[0], app.openapi()))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        # FastAPI says of everything that is raised while it reads a body that this could not be parsed.
        if isinstance(error.__cause__, FORESEEN):
            return refusal(request.scope, error.__cause__)
        if error.status_code == HTTPStatus.BAD_REQUEST and error.__cause__ is not None:
            return problem(request.scope, 400, NO_JSON)
        headers = {**(error.headers or {}), **_allowed(app, request, error.status_code)}
        return problem(request.scope, error.status_code, str(error.detail), headers=headers)


def _allowed(app: FastAPI, request: Request, status: int) -> dict[str, str]:
    # Starlette names the methods of one route, and a path may have several.
    methods = app.openapi()["paths"].get(request.url.path, {})
    is_told = status == HTTPStatus.METHOD_NOT_ALLOWED and methods
    return {"Allow": ", ".join(map(str.upper, methods))} if is_told else {}


class Unforeseen:
    """Answers an error that nobody foresaw, in the place of the server, which would log its message.

    The message could hold a value that was sent; its kind and place cannot.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app; answer 500 where it fails before it has answered."""
        answer = Answer(send)
        try:
            await self._app(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 -- what passes here ends in the log with its message
            logger.error("unexpected %s at %s", type(error).__name__, place_of(error))
            if not answer.has_begun:
                detail = "an unexpected fault; it is in the log without your data"
                await problem(scope, 500, detail)(scope, receive, send)
