"""A damaged store: what is said of it, and what a person has to do."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from service.errors import StartError
from service.store.newest import newest_at
from service.store.wal import Loss

DAMAGED = "the store is damaged; stop werwatch and put a backup in its place"

logger = logging.getLogger("werwatch.store")


LONG_LOG_BYTES = 50_000_000
"""Read in about a second; a service that runs keeps it a tenth of that."""
UNREADABLE = (sqlite3.Error, UnicodeDecodeError)
"""What reading a damaged file raises: of a damaged name not even the message can be read."""


def fault(error: Exception) -> str:
    """What went wrong in SQLite, and what to do where only a person can mend it."""
    if isinstance(error, UnicodeDecodeError):
        return f"it names what is no text; {DAMAGED}"
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    is_damage = code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return f"{error}; {DAMAGED}" if is_damage else str(error)


@contextmanager
def needed_to_start(path: Path) -> Iterator[None]:
    """Let what cannot be read inside be a reason not to start."""
    try:
        yield
    except UNREADABLE as error:
        raise StartError(f"{path}: the store cannot be read: {fault(error)}") from None


def must_be_whole(db: sqlite3.Connection, path: Path, check: str = "integrity_check") -> None:
    """Look at every page of a store; quick_check leaves out whether indexes are those of their tables.

    Raises
    ------
    StartError
        If it is damaged: then only a backup helps.
    """
    (verdict,) = db.execute(f"PRAGMA {check}(1)").fetchone()
    if verdict != "ok":
        raise StartError(f"{path}: {DAMAGED}")


def tell_of_long_log(path: Path, say: Callable[[str], None]) -> None:
    """Say why a start is late where a process that was killed left a log that takes long to read."""
    log = path.with_name(f"{path.name}-wal")
    size = log.stat().st_size if log.exists() else 0
    if size > LONG_LOG_BYTES:
        text = f"reading {size // 1_000_000:,} MB of the write-ahead log"
        logger.info("%s", text)
        say(text)


def tell_of_loss(loss: Loss, db: sqlite3.Connection, path: Path) -> None:
    """Log what an opened store has lost, and since when things have to be sent again.

    Raises
    ------
    StartError
        If what is left does not fit together: then only a backup helps.
    """
    must_be_whole(db, path, "quick_check")
    newest = newest_at(db)
    logger.error(
        "the write-ahead log was damaged: at least %d committed transaction(s), %d page(s), are lost; "
        "send again everything since %s, what is kept counts once",
        loss.transactions,
        loss.pages,
        "the beginning" if newest is None else datetime.fromtimestamp(newest, UTC).isoformat(),
    )
