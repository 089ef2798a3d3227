"""Secrets and lists that are mounted as files."""

from __future__ import annotations

from pathlib import Path

from service.errors import ConfigError


def read_secret(path: Path, key: str) -> str:
    """The text of a secret's file.

    Raises
    ------
    ConfigError
        If it cannot be read.
    """
    return read_text(path, key).strip()


def read_text(path: Path, key: str) -> str:
    """The text of a file that a key of the configuration names.

    Raises
    ------
    ConfigError
        If it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"{key}: {path} cannot be read: {reason}") from None
