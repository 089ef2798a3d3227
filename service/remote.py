"""Commands that ask a running service over its API."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from service.errors import StartError
from service.secret_file import read_secret
from service.trust import client_context

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Remote:
    """A running service, and by what it lets us in.

    Parameters
    ----------
    api
        Its URL.
    token_file
        With the bearer token.
    ca_file
        With the certificates that may vouch for it, in place of the machine's.
    client_cert
        With our certificate and its key.
    """

    api: str
    token_file: Path | None = None
    ca_file: Path | None = None
    client_cert: Path | None = None

    def post(self, route: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST and return the answer.

        Raises
        ------
        StartError
            If it cannot be reached or refuses; the message is its own.
        """
        return self._ask("POST", route, json=body)

    def get(self, route: str, **query: str | int) -> dict[str, Any]:
        """GET and return the answer; raises as `post` does."""
        return self._ask("GET", route, params=query)

    def delete(self, route: str, **query: str) -> dict[str, Any]:
        """DELETE and return the answer; raises as `post` does."""
        return self._ask("DELETE", route, params=query)

    def connection(self, timeout_s: float = TIMEOUT_S) -> httpx.Client:
        """A client for many requests.

        Raises
        ------
        StartError
            If the token or a certificate cannot be read.
        """
        return httpx.Client(timeout=timeout_s, **self._access())

    def lasting_connection(self) -> httpx.AsyncClient:
        """The same for a program that goes on; raises as `connection` does."""
        return httpx.AsyncClient(timeout=TIMEOUT_S, **self._access())

    def _access(self) -> dict[str, Any]:
        headers = {}
        if self.token_file is not None:
            headers["authorization"] = f"Bearer {read_secret(self.token_file, '--token-file')}"
        context = client_context(self.ca_file, self.client_cert)
        return {"base_url": self.api, "headers": headers, "verify": context}

    def _ask(self, method: str, route: str, **sent: Any) -> dict[str, Any]:
        try:
            with self.connection() as connection:
                answer = connection.request(method, route, **sent)
            content = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            reason = (
                str(error)
                if isinstance(error, (httpx.TransportError, httpx.InvalidURL))
                else type(error).__name__
            )
            raise StartError(f"{self.api}: no answer of werwatch: {reason}; is it running?") from None
        if answer.is_error:
            raise StartError(f"{self.api}: {content.get('detail', answer.reason_phrase)}")
        return dict(content)
