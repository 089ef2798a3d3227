"""Looking up one header of a request, without making a mapping of all."""

from __future__ import annotations

from starlette.types import Scope


def header(scope: Scope, name: bytes, default: str = "") -> str:
    """The first value of a header, or the default; ``name`` in lower case.

    Examples
    --------
    >>> scope = {"headers": [(b"host", b"a"), (b"content-type", b"text/plain")]}
    >>> header(scope, b"content-type"), header(scope, b"accept", "*/*")
    ('text/plain', '*/*')
    """
    for key, value in scope["headers"]:
        if key == name:
            found: bytes = value
            return found.decode("latin-1")
    return default
