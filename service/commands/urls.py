"""URLs of servers, as people give them to commands."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

import httpx

from service.errors import StartError

NEVER = ' "<>\\^`{|}?#'
"""What nobody's URL has, or what begins a query or a fragment."""


def server_url(option: str, url: str, example: str) -> SplitResult:
    """The parts of a server's URL; a path may come before those of its routes.

    Raises
    ------
    StartError
        If it is none, or has a query or a fragment, which nothing could be appended to.
    """
    try:
        parts = urlsplit(url)
        is_one = bool(parts.scheme in ("http", "https") and parts.hostname and parts.port != 0)
        # A name that nobody could look up.
        (parts.hostname or "").encode("idna")
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        # Those, a bracket without the other, a port that is none.
        is_one = False
    if not is_one or not url.isascii() or not url.isprintable() or set(url) & set(NEVER):
        raise StartError(
            f"{option}: expected a URL like {example}: http or https, a host, perhaps a port up to 65535, "
            "and no spaces, query or fragment"
        )
    return parts
