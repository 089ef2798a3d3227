"""No name in a query is ignored: whoever misspelt one is told so, on every route."""

from __future__ import annotations

from fastapi import Request

from service.api.beside import said_in_query


def only_known_in_query(request: Request) -> None:
    """Let a request go on whose query has only names that its route declares, each once.

    Raises
    ------
    Refused
        422 that names those which the route knows.
    """
    declared = request.scope["route"].dependant.query_params
    said_in_query(request.scope, [each.alias for each in declared])
