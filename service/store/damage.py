"""A damaged store: what is said of it, and what a person has to do."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from service.errors import StartError
from service.store.newest import newest_at
from service.store.wal import Loss

DAMAGED = "the store is damaged; stop werwatch and put a backup in its place"

logger = logging.getLogger("werwatch.store")


def fault(error: Exception) -> str:
    """What went wrong in SQLite, and what to do where only a person can mend it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    is_damage = code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return f"{error}; {DAMAGED}" if is_damage else str(error)


@contextmanager
def needed_to_start(path: Path) -> Iterator[None]:
    """Let what cannot be read inside be a reason not to start."""
    try:
        yield
    except sqlite3.Error as error:
        raise StartError(f"{path}: the store cannot be read: {fault(error)}") from None


def tell_of_loss(loss: Loss, db: sqlite3.Connection, path: Path) -> None:
    """Log what an opened store has lost, and since when things have to be sent again.

    Raises
    ------
    StartError
        If what is left does not fit together: then only a backup helps.
    """
    (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise StartError(f"{path}: {DAMAGED}")
    newest = newest_at(db)
    logger.error(
        "the write-ahead log was damaged: at least %d committed transaction(s), %d page(s), are lost; "
        "send again everything since %s, what is kept counts once",
        loss.transactions,
        loss.pages,
        "the beginning" if newest is None else datetime.fromtimestamp(newest, UTC).isoformat(),
    )
