"""Secrets that are mounted as files."""

from __future__ import annotations

from pathlib import Path

from service.config import Config
from service.errors import ConfigError

FEWEST_TOKEN_CHARACTERS = 16
"""As for ``api_token`` itself."""


def api_token(config: Config) -> str | None:
    """The bearer token that the API asks for; None where none is configured.

    Raises
    ------
    ConfigError
        If its file cannot be read, or holds too little to keep anybody out.
    """
    if config.api_token_file is None:
        return config.api_token
    token = read_secret(config.api_token_file, "api_token_file")
    if len(token) < FEWEST_TOKEN_CHARACTERS:
        raise ConfigError(
            f"api_token_file: {config.api_token_file}: expected at least {FEWEST_TOKEN_CHARACTERS} "
            f"characters, got {len(token)}"
        )
    return token


def read_secret(path: Path, key: str) -> str:
    """The text of a secret's file.

    Raises
    ------
    ConfigError
        If it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"{key}: {path} cannot be read: {reason}") from None
