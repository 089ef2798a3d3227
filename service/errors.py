"""What can go wrong, one class a kind of failure that a caller can act on."""

from __future__ import annotations

import traceback
from http import HTTPStatus

SOON_S, LATER_S = 1, 30
"""When to send again what was put off: for the moment, or until somebody has mended what is broken."""


class WerwatchError(Exception):
    """Every error of werwatch; its message says what is wrong, where, and what to do."""


class ConfigError(WerwatchError):
    """The configuration cannot be used."""


class StartError(WerwatchError):
    """The service cannot start: a port in use, a data folder that is not ours, a key that others can read."""


class StoreUnavailable(WerwatchError):
    """The store cannot take writes now (disk full, locked, closing).

    Parameters
    ----------
    retry_after_s
        When it is worth to be sent again.
    kept
        How many of the records that came together were kept all the same.
    """

    def __init__(self, detail: str, retry_after_s: int = SOON_S, kept: int = 0) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s
        self.kept = kept


class StillOnDisk(WerwatchError):
    """What was erased is not in the store any more, but in the write-ahead log, or in another store."""


class Refused(WerwatchError):
    """One submitted object is not accepted; ``status`` is the HTTP status that says why.

    ``pointer`` is where in it something is wrong, as a JSON pointer in a URI fragment (``#/field``); in what
    is well-formed but invalid (422) that is the whole, unless it is told.
    """

    def __init__(self, status: int, detail: str, pointer: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.pointer = "#" if pointer is None and status == HTTPStatus.UNPROCESSABLE_ENTITY else pointer


def place_of(error: BaseException) -> str:
    """File and line where an error was raised: a log may say so, its message could hold text."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "unknown place"


class NotReady(WerwatchError):
    """A service that was asked for its health does not answer, or is not ready."""
