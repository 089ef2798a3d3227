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


def read_token(path: Path, key: str) -> str:
    """The text of a file that goes into a header as it is, such as a bearer token.

    Raises
    ------
    ConfigError
        If it cannot be read, or holds nothing, or what no header can hold; what it holds is not repeated.
    """
    return for_header(read_secret(path, key), f"{key}: {path}")


def for_header(text: str, where: str) -> str:
    """The text, if it may go into a header as it is.

    Raises
    ------
    ConfigError
        As `read_token` does.
    """
    if not text or not text.isascii() or not text.isprintable():
        what = "more than one line, or other characters than ASCII" if text else "nothing"
        raise ConfigError(f"{where} holds {what}; expected a token on one line")
    return text


def read_text(path: Path, key: str) -> str:
    """The text of a file that a key of the configuration names.

    Raises
    ------
    ConfigError
        If it cannot be read.
    """
    try:
        # Some editors begin a file with a byte order mark.
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"{key}: {path} cannot be read: {reason}") from None
