"""How a receiver's server is reached: address, certificates, proxy, patience, and what its answer means."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace

import httpx
from pydantic import AnyHttpUrl, TypeAdapter, ValidationError

from service.errors import ConfigError
from service.receivers.addresses import Forbidden, GuardedTransport
from service.receivers.attempt import Attempt, Verdict
from service.settings.receivers import Authorised, DeliverySettings, ReceiverSettings
from service.settings.secret_file import read_secret, read_token

RETRIED = frozenset({408, 425, 429})
GONE = 410
MOST_BYTES = 65_536
"""So much of an answer is read; nothing that we need is longer."""
SHOWN = 300

_URL = TypeAdapter(AnyHttpUrl)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered."""

    status: int
    content: bytes
    retry_after: str | None

    @property
    def is_success(self) -> bool:
        """Whether it took what was sent."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The beginning of its content, on one line."""
        return " ".join(self.content.decode(errors="replace").split())[:SHOWN]


def url_of(settings: ReceiverSettings, delivery: DeliverySettings) -> str:
    """Where a receiver's notices go.

    Raises
    ------
    ConfigError
        If the file with the URL cannot be read, or the URL is none, or not permitted; it is not repeated.
    """
    key = f"receivers: {settings.name}"
    if settings.url_file is None:
        url = settings.url or AnyHttpUrl(settings.usual_url or "")
    else:
        try:
            url = _URL.validate_python(read_secret(settings.url_file, f"{key}: url_file"))
            settings.check_scheme(url)
        except ValidationError:
            raise ConfigError(f"{key}: url_file: {settings.url_file} holds no URL") from None
        except ValueError as error:
            raise ConfigError(f"{key}: url_file: {error}") from None
    allowed = delivery.allowed_hosts
    if allowed is not None and url.host not in allowed:
        raise ConfigError(f"{key}: its host is not among delivery.allowed_hosts")
    return str(url)


def authorisation(settings: Authorised) -> dict[str, str]:
    """The header that lets us in, if one is needed.

    Raises
    ------
    ConfigError
        If a secret's file cannot be read, or what it holds cannot be sent.
    """
    key = f"receivers: {settings.name}"
    if settings.bearer_token_file is not None:
        token = read_token(settings.bearer_token_file, f"{key}: bearer_token_file")
        return {"authorization": f"Bearer {token}"}
    if settings.username is not None and settings.password_file is not None:
        password = read_secret(settings.password_file, f"{key}: password_file")
        both = base64.b64encode(f"{settings.username}:{password}".encode()).decode()
        return {"authorization": f"Basic {both}"}
    return {}


def client_for(settings: ReceiverSettings, usual: ssl.SSLContext | None = None) -> httpx.AsyncClient:
    """A client of a receiver's own, which follows no redirect and heeds no proxy of the environment.

    Parameters
    ----------
    settings
        How its server is reached.
    usual
        What trusts the usual authorities, for a receiver that has no certificates of its own; made if there
        is none.

    Raises
    ------
    ConfigError
        If certificates cannot be used.
    """
    timeout = httpx.Timeout(
        settings.read_timeout.total_seconds(), connect=settings.connect_timeout.total_seconds()
    )
    has_its_own = settings.ca_file is not None or settings.client_cert_file is not None
    context = _context(settings) if has_its_own else usual or httpx.create_ssl_context()
    proxy = None if settings.proxy is None else str(settings.proxy)
    transport: httpx.AsyncBaseTransport = httpx.AsyncHTTPTransport(verify=context, proxy=proxy)
    transport = GuardedTransport(transport, is_open=settings.allow_link_local, looks_up=proxy is None)
    return httpx.AsyncClient(transport=transport, timeout=timeout, follow_redirects=False, trust_env=False)


def _context(settings: ReceiverSettings) -> ssl.SSLContext:
    key = f"receivers: {settings.name}"
    try:
        usual = settings.ca_file is None
        context = httpx.create_ssl_context() if usual else ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "reason", None) or error.strerror
        raise ConfigError(f"{key}: ca_file: {settings.ca_file} cannot be used: {reason}") from None
    if settings.client_cert_file is not None:
        try:
            # Without a passphrase here, OpenSSL would ask the terminal for one.
            context.load_cert_chain(settings.client_cert_file, settings.client_key_file, password="")
        except (OSError, ssl.SSLError) as error:
            reason = getattr(error, "reason", None) or error.strerror
            raise ConfigError(f"{key}: client_cert_file: cannot be used: {reason}") from None
    return context


async def post(
    client: httpx.AsyncClient, url: str, content: bytes, headers: Mapping[str, str], most_s: float
) -> Answer | Attempt:
    """POST JSON within ``most_s`` seconds; what comes to no answer is an attempt that failed."""
    told = {"content-type": "application/json", "user-agent": "werwatch", **headers}
    begun: Answer | None = None
    try:
        async with (
            asyncio.timeout(most_s),
            client.stream("POST", url, content=content, headers=told) as answer,
        ):
            begun = Answer(answer.status_code, b"", answer.headers.get("retry-after"))
            async for part in answer.aiter_bytes():
                begun = replace(begun, content=begun.content + part)
                if len(begun.content) > MOST_BYTES:
                    break
            return begun
    except (TimeoutError, httpx.HTTPError) as error:
        # It was taken, whatever becomes of the rest: sent again it would be told twice.
        if begun is not None and begun.is_success:
            return begun
        if isinstance(error, TimeoutError):
            return Attempt(Verdict.RETRY, f"no whole answer within {most_s:g} s")
        if isinstance(error, Forbidden):
            refused = f"refused to connect to {error}; allow_link_local: true permits it"
            return Attempt(Verdict.DEAD, refused)
        return Attempt(Verdict.RETRY, _reason(error))
    except httpx.InvalidURL as error:
        return Attempt(Verdict.RETRY, _reason(error))


def judged(answer: Answer, memory: str | None = None) -> Attempt:
    """What an answer's status means where a service says nothing of its own about it."""
    verdict = Verdict.DEAD
    if answer.is_success:
        verdict = Verdict.DELIVERED
    elif answer.status == GONE:
        verdict = Verdict.GONE
    elif answer.status in RETRIED or answer.status >= 500 or 300 <= answer.status < 400:
        # A redirect is not followed; whoever made one may take it back.
        verdict = Verdict.RETRY
    kept = memory if verdict is Verdict.DELIVERED else None
    return Attempt(verdict, f"HTTP {answer.status}", answer.retry_after, kept, answer.text)


def _reason(error: BaseException) -> str:
    """In our own words where we know them: those of a library can name a URL."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its TLS certificate is not to be trusted: {cause.verify_message.partition(',')[0]}"
        if isinstance(cause, ssl.SSLError):
            return f"TLS failed: {cause.reason}"
        if isinstance(cause, socket.gaierror | UnicodeError):
            return "its host is not found"
        if isinstance(cause, ConnectionRefusedError):
            return "connection refused"
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__
