"""Asking a running service whether it is ready, with as little to import as can be."""

from __future__ import annotations

import http.client
import json

from service.errors import NotReady

TIMEOUT_S = 3.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 -- asked, not bound


def ask(metrics: str) -> str:
    """What the metrics listener at ``host:port`` says in ``/readyz``.

    Where it listens everywhere, loopback is asked.

    Raises
    ------
    NotReady
        If it does not answer, or is not ready.
    """
    host, _, port = metrics.rpartition(":")
    try:
        connection = http.client.HTTPConnection(f"{_EVERYWHERE.get(host, host)}:{port}", timeout=TIMEOUT_S)
    except http.client.InvalidURL:
        raise NotReady(f"--metrics: expected host:port, like 127.0.0.1:9600, got {metrics}") from None
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        status = str(json.load(answer)["status"])
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError):
        raise NotReady(f"{metrics}: no answer of werwatch; is it running?") from None
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise NotReady(f"{metrics}: {status}")
    return status
