"""Who is let in: every request needs a token with the scope of its route, where tokens are configured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.headers import header
from service.api.problems import problem, refusals
from service.api.tokens import Token, recognise
from service.config import Scope as Permission

INGEST_ROUTES = ("/v1/utterances", "/v1/references")
OPEN_ROUTES = {"/v1/ingest/": "/v1/ingest/{provider}", "/v1/references/": "/v1/references/{format}"}
"""Routes of ingest whose paths end in a name, by what stands before it."""
_NAME = "werwatch.token"


def needed(method: str, path: str) -> Permission:
    """The scope that a request needs; whatever changes something and is no ingest is ``admin``.

    Examples
    --------
    >>> needed("GET", "/v1/alerts").value, needed("POST", "/v1/references").value
    ('read', 'ingest')
    >>> needed("POST", "/v1/rebaselines").value
    'admin'
    """
    if method in ("GET", "HEAD"):
        return Permission.READ
    if method == "POST" and (path in INGEST_ROUTES or path.startswith(tuple(OPEN_ROUTES))):
        return Permission.INGEST
    return Permission.ADMIN


class Access:
    """Answers 401 to a request without a known token, and 403 where that one lacks the scope.

    Parameters
    ----------
    tokens
        Gives those that hold now.
    """

    def __init__(self, app: ASGIApp, tokens: Callable[[], Sequence[Token]]) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app, or refuse."""
        scheme, _, sent = header(scope, b"authorization").partition(" ")
        is_bearer = scheme.lower() == "bearer"
        token = recognise(self._tokens(), sent.strip().encode("latin-1")) if is_bearer else None
        scope[_NAME] = token and token.name
        await (_refusal(scope, token) or self._app)(scope, receive, send)


def name_of(request: Request) -> str | None:
    """The name of the token that a request came with; None where none is needed."""
    name: str | None = request.scope.get(_NAME)
    return name


def _refusal(scope: Scope, token: Token | None) -> Response | None:
    permission = needed(scope["method"], scope["path"]).value
    if token is None:
        detail = f"expected the header Authorization: Bearer with a token that has the scope {permission}"
        return problem(scope, 401, detail, headers={"WWW-Authenticate": "Bearer"})
    if permission not in token.scopes:
        has = ", ".join(sorted(token.scopes))
        detail = f"this needs the scope {permission}, and the token {token.name} has {has}"
        challenge = f'Bearer error="insufficient_scope", scope="{permission}"'
        return problem(scope, 403, detail, headers={"WWW-Authenticate": challenge})
    return None


def declare(openapi: dict[str, Any]) -> dict[str, Any]:
    """Say in an OpenAPI document what every operation needs, and how it refuses."""
    schemes = openapi.setdefault("components", {}).setdefault("securitySchemes", {})
    schemes["token"] = {"type": "http", "scheme": "bearer"}
    for path, operations in openapi["paths"].items():
        for method, operation in operations.items():
            operation["security"] = [{"token": [needed(method.upper(), path).value]}]
            operation["responses"] |= {str(status): said for status, said in refusals(401, 403).items()}
    return openapi
