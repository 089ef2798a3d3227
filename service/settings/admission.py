"""Who is let in, and what the API shows of itself: read at the start, and again at each reload."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from service.api.tokens import Token, read_tokens
from service.config import Config
from service.listeners.tls import server_context

TOKENS = ("api_token", "api_token_file", "api_tokens")
TLS = "tls"


@dataclass(slots=True)
class Admission:
    """What holds now: tokens for each request, TLS for each connection that begins.

    Whether there are tokens, and TLS, at all is decided at the start, for as long as the service runs: a
    reload that took them away would open an address that is bound already.
    """

    tokens: Sequence[Token]
    tls: ssl.SSLContext | None

    @classmethod
    def of(cls, config: Config) -> Admission:
        """As a configuration and the files that it names say.

        Raises
        ------
        ConfigError
            If one of the files cannot be used.
        """
        return cls(read_tokens(config), None if config.tls is None else server_context(config.tls))

    def context(self) -> ssl.SSLContext:
        """What TLS is spoken with now, where it is spoken."""
        assert self.tls is not None  # noqa: S101 -- decided at the start
        return self.tls

    def keys_taken(self, wanted: Admission) -> tuple[str, ...]:
        """The keys of the configuration whose files can be exchanged for others: all but what is new here."""
        tokens = TOKENS if self.tokens and wanted.tokens else ()
        return (*tokens, TLS) if self.tls is not None and wanted.tls is not None else tokens

    def become(self, wanted: Admission) -> None:
        """Let in by others from now on; who is connected stays so, with a token that still holds."""
        if self.tokens and wanted.tokens:
            self.tokens = wanted.tokens
        if self.tls is not None and wanted.tls is not None:
            self.tls = wanted.tls
