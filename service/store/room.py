"""The room that the store takes on the disk, and how its file gives it back."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import time
from pathlib import Path

from service.store.data_dir import sync_file

LOG_BYTES = 5_000_000
"""How long the write-ahead log stays; SQLite folds it in from 1,000 pages on."""
SPARE_BYTES = 1_000_000
SPARE_SHARE = 10
"""So much of the file, a tenth, may be free for what comes next: it need not shrink to grow again."""

INCREMENTAL = 2
"""What SQLite calls a file that can shrink in steps."""

logger = logging.getLogger("werwatch.room")


def bound_log(connection: sqlite3.Connection) -> None:
    """Let a log that grew long become short again once it is folded in."""
    connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")


def make_shrinkable(connection: sqlite3.Connection, path: Path) -> None:
    """Let a file be able to give space back; one of an earlier version is written anew for that, once.

    Where the disk has no room for that, it is left as it is, and tried again at the next start.
    """
    if connection.execute("PRAGMA auto_vacuum").fetchone() == (INCREMENTAL,):
        return
    # Asked first, since SQLite may write the first page of a new file for what follows.
    is_new = connection.execute("PRAGMA page_count").fetchone() == (0,)
    connection.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")
    if is_new:
        return
    # A copy beside the file's own temporary one, the log, and the file itself as it grows.
    needed = 3 * path.stat().st_size
    if shutil.disk_usage(path.parent).free < needed:
        logger.warning(
            "%s cannot give space back yet: it must be written anew once, and that needs %d MB; free them, "
            "then start again",
            path,
            needed // 1_000_000 + 1,
        )
        return
    logger.info("%s is written anew once, so that it can give space back", path)
    try:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.OperationalError as error:
        logger.warning("%s cannot give space back yet: it could not be written anew: %s", path, error)


class Room:
    """What the file takes, over the store's connection.

    Parameters
    ----------
    db
        The connection.
    path
        The store's file.
    """

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        self._path = path
        self._log = path.with_name(f"{path.name}-wal")

    @property
    def needed_bytes(self) -> int:
        """What is in use, with the log at its usual length."""
        return self._pages_bytes() - self._free_bytes() + LOG_BYTES

    @property
    def taken_bytes(self) -> int:
        """What the file and its log take on the disk now; any thread may ask."""
        return self._path.stat().st_size + (self._log.stat().st_size if self._log.exists() else 0)

    @property
    def disk(self) -> tuple[int, int]:
        """Size of the file system that it is on and what is free there, in bytes; any thread may ask."""
        size, _, free = shutil.disk_usage(self._path.parent)
        return size, free

    def give_back(self, most_bytes: int | None, deadline: float) -> bool:
        """Cut free pages off, one at least and no more from the deadline on; return whether any was.

        Runs in a transaction that the caller holds. A small part of the file stays free for what comes
        next, unless it is longer than ``most_bytes``.
        """
        pages, free = self._pages_bytes(), self._free_bytes()
        spare = max(SPARE_BYTES, pages // SPARE_SHARE)
        if most_bytes is not None and pages + LOG_BYTES > most_bytes:
            spare = 0
        has_cut = False
        while free > spare:
            # Without a result to fetch, each call takes one step: one page.
            self._db.execute("PRAGMA incremental_vacuum(1)")
            left = self._free_bytes()
            if left == free:
                break
            free, has_cut = left, True
            if time.monotonic() >= deadline:
                break
        return has_cut

    def fold_log(self) -> bool:
        """Empty the log, so that what was cut off or overwritten is gone; False while a reader needs it.

        It stays gone if the power fails.

        Raises
        ------
        OSError
            If the disk does not take that.
        """
        patience = self._number("busy_timeout")
        self._db.execute("PRAGMA busy_timeout = 0")
        try:
            (is_blocked, *_) = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            self._db.execute(f"PRAGMA busy_timeout = {patience}")
        if not is_blocked:
            # SQLite cuts the log and leaves the rest to the kernel.
            sync_file(self._log)
        return not is_blocked

    def _pages_bytes(self) -> int:
        return self._number("page_count") * self._number("page_size")

    def _free_bytes(self) -> int:
        return self._number("freelist_count") * self._number("page_size")

    def _number(self, pragma: str) -> int:
        (number,) = self._db.execute(f"PRAGMA {pragma}").fetchone()
        return int(number)
