"""Who does something, and why: in the body or the query, else by the token."""

from __future__ import annotations

from typing import Annotated

from fastapi import Request
from pydantic import Field

from service.api.access import name_of
from service.api.expected import ONE_LINE, SOME_LINES
from service.errors import Refused

Author = Annotated[
    str, Field(min_length=1, max_length=128, pattern=ONE_LINE, description="Without it: the token's name.")
]
Note = Annotated[str, Field(max_length=1_000, pattern=SOME_LINES, description="Why; never text of speech.")]


Reason = Annotated[Note, Field(min_length=1)]


def author_of(request: Request, author: str | None) -> str:
    """Who says so.

    Raises
    ------
    Refused
        422 if neither the sender nor a token says it.
    """
    found = author or name_of(request)
    if found is None:
        raise Refused(422, "author: this field is required where no token says who it is", "#/author")
    return found
