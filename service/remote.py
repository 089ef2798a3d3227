"""Commands that ask a running service over its API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from service.errors import StartError
from service.secret_file import read_secret

TIMEOUT_S = 10.0


def post(api: str, route: str, body: dict[str, Any], token_file: Path | None) -> dict[str, Any]:
    """POST to a running service and return its answer.

    Raises
    ------
    StartError
        If it cannot be reached or refuses; the message is its own.
    """
    headers = {}
    if token_file is not None:
        headers["authorization"] = f"Bearer {read_secret(token_file, '--token-file')}"
    try:
        answer = httpx.post(f"{api.rstrip('/')}{route}", json=body, headers=headers, timeout=TIMEOUT_S)
        content = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise StartError(f"{api}: no answer of werwatch: {type(error).__name__}; is it running?") from None
    if answer.is_error:
        raise StartError(f"{api}: {content.get('detail', answer.reason_phrase)}")
    return dict(content)
