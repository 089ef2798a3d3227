"""Who may ask the API for what: bearer tokens, each with its scopes."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from service.config import Config, Scope
from service.errors import ConfigError
from service.settings.secret_file import read_token

FEWEST_CHARACTERS = 16
"""As for ``api_token`` itself."""
ONLY = "api_token"
"""The name of the token that has every scope."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token's digest, with the name that stands for it."""

    name: str
    digest: bytes = field(repr=False)
    scopes: frozenset[Scope]


def read_tokens(config: Config) -> tuple[Token, ...]:
    """The tokens that the API asks for; none where none is configured.

    Raises
    ------
    ConfigError
        If a file cannot be read, holds too little to keep anybody out, or holds what another one holds.
    """
    tokens = []
    if config.api_token is not None:
        tokens.append(Token(ONLY, _digest(config.api_token.encode()), frozenset(Scope)))
    if config.api_token_file is not None:
        tokens.append(_read(ONLY, config.api_token_file, "api_token_file", Scope))
    for settings in config.api_tokens:
        key = f"api_tokens: {settings.name}: token_file"
        tokens.append(_read(settings.name, settings.token_file, key, settings.scopes))
    owners: dict[bytes, str] = {}
    for token in tokens:
        owner = owners.setdefault(token.digest, token.name)
        if owner != token.name:
            raise ConfigError(f"api_tokens: {token.name} and {owner} are the same token; make one of its own")
    return tuple(tokens)


def recognise(tokens: Sequence[Token], sent: bytes) -> Token | None:
    """The token that was sent, if it is one; the time that it takes says nothing about any of them."""
    digest = _digest(sent)
    found = None
    for token in tokens:
        if hmac.compare_digest(token.digest, digest):
            found = token
    return found


def _read(name: str, path: Path, key: str, scopes: Sequence[Scope] | type[Scope]) -> Token:
    text = read_token(path, key)
    if len(text) < FEWEST_CHARACTERS:
        raise ConfigError(f"{key}: {path}: expected at least {FEWEST_CHARACTERS} characters, got {len(text)}")
    return Token(name, _digest(text.encode()), frozenset(scopes))


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
