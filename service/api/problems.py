"""Errors as RFC 9457 problem+json; no answer repeats what was sent."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from service.errors import Refused, StoreUnavailable

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 1

logger = logging.getLogger("werwatch.api")

RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {
        "description": HTTPStatus(status).phrase,
        "content": {
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
        },
    }
    for status in (400, 401, 409, 413, 415, 422, 503)
}


def problem(
    request: Request,
    status: int,
    detail: str,
    pointer: str | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """A problem+json answer."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.url.path,
    }
    if pointer is not None:
        content["errors"] = [{"pointer": pointer, "detail": detail}]
    return JSONResponse(content, status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer every error of the app as a problem."""

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> JSONResponse:
        return problem(request, error.status, error.detail, error.pointer)

    @app.exception_handler(StoreUnavailable)
    async def unavailable(request: Request, error: StoreUnavailable) -> JSONResponse:
        detail = f"nothing was accepted: {error}; send it again"
        return problem(request, 503, detail, headers={"Retry-After": str(RETRY_AFTER_S)})

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        # FastAPI's own answer carries the whole input; only the place and the kind of fault may leave.
        fault = error.errors()[0]
        place = "/".join(str(part) for part in fault["loc"][:2])
        return problem(request, 422, f"{place}: {fault['type'].replace('_', ' ')}", f"#/{place}")

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        return problem(request, error.status_code, str(error.detail), headers=dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        # The message of an unforeseen error could hold a value; its kind and place cannot.
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "unknown place"
        logger.error("unexpected %s at %s", type(error).__name__, where)
        return problem(request, 500, "an unexpected fault; it is in the log without your data")
