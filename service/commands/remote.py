"""Commands that ask a running service over its API."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec

from service.commands.trust import client_context
from service.commands.urls import server_url
from service.errors import StartError
from service.settings.secret_file import read_token

TIMEOUT_S = 10.0


T = TypeVar("T")


class _Refusal(msgspec.Struct):
    detail: str


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

    def post(self, kind: type[T], route: str, body: dict[str, Any]) -> T:
        """POST and return the answer, which has to be of a kind in `service.commands.told`.

        Raises
        ------
        StartError
            If it cannot be reached, refuses, which it says why, or is no werwatch.
        """
        return self._ask(kind, "POST", route, json=body)

    def get(self, kind: type[T], route: str, **query: str | int) -> T:
        """GET and return the answer; raises as `post` does."""
        return self._ask(kind, "GET", route, params=query)

    def delete(self, kind: type[T], route: str, **query: str) -> T:
        """DELETE and return the answer; raises as `post` does."""
        return self._ask(kind, "DELETE", route, params=query)

    def connection(self, timeout_s: float = TIMEOUT_S) -> httpx.Client:
        """A client for many requests.

        Raises
        ------
        StartError
            If the URL is none, or the token or a certificate cannot be used.
        """
        return httpx.Client(timeout=timeout_s, **self._access())

    def lasting_connection(self) -> httpx.AsyncClient:
        """The same for a program that goes on; raises as `connection` does."""
        return httpx.AsyncClient(timeout=TIMEOUT_S, **self._access())

    def _access(self) -> dict[str, Any]:
        server_url("--api", self.api, "http://127.0.0.1:8600")
        headers = {}
        if self.token_file is not None:
            headers["authorization"] = f"Bearer {read_token(self.token_file, '--token-file')}"
        context = client_context(self.ca_file, self.client_cert)
        return {"base_url": self.api, "headers": headers, "verify": context}

    def _ask(self, kind: type[T], method: str, route: str, **sent: Any) -> T:
        try:
            with self.connection() as connection:
                answer = connection.request(method, route, **sent)
        except httpx.HTTPError as error:
            raise unreachable(self.api, error) from None
        return read_answer(self.api, answer, kind)


def read_answer(api: str, answer: httpx.Response, kind: type[T]) -> T:
    """What an answer holds.

    Raises
    ------
    StartError
        If it is a refusal, or none of werwatch's.
    """
    if not answer.is_success:
        raise refusal(api, answer)
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except (ValueError, RecursionError):
        raise _stranger(api, answer) from None


def detail_of(answer: httpx.Response) -> str | None:
    """What a service says of why it refuses; None if that is no refusal of werwatch's."""
    try:
        return msgspec.json.decode(answer.content, type=_Refusal).detail
    except (ValueError, RecursionError):
        return None


def refusal(api: str, answer: httpx.Response) -> StartError:
    """What there is to say of an answer that is no success."""
    detail = detail_of(answer)
    return _stranger(api, answer) if detail is None else StartError(f"{api}: {detail}")


def unreachable(api: str, error: httpx.HTTPError) -> StartError:
    """What there is to say of a service that does not answer."""
    reason = str(error) or type(error).__name__
    return StartError(f"{api}: no answer of werwatch: {reason}; is it running?")


def _stranger(api: str, answer: httpx.Response) -> StartError:
    return StartError(
        f"{api}: what answers there is not werwatch, or another version of it (HTTP {answer.status_code}); "
        "is --api right?"
    )
