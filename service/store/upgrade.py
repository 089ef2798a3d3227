"""An earlier layout becomes the present one at a start: with room for it, and told of while it goes on.

Each version is one transaction, so whatever ends it leaves the store as it was before that version; the next
start begins it again.
"""

from __future__ import annotations

import logging
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from service.errors import StartError
from service.store.schema import MIGRATIONS, migrate, version_of

WRITES_ANEW = 8
"""The last layout that writes the largest table anew, for which an earlier one needs room."""
TIMES, TIMES_FOR_IDS = 3.0, 0.25
"""So many times the file's size: the table again, and the log with that and with what is overwritten of the
old one. Measured with a third of the utterances scored: 2.6 times, and 0.1 times for the ids alone."""
STEPS = 200_000
"""Of SQLite's machine between two looks at the clock: some milliseconds."""
SAY_EVERY_S = 10.0

logger = logging.getLogger("werwatch.store")


def upgrade(db: sqlite3.Connection, path: Path, say: Callable[[str], None]) -> None:
    """Bring the database to the present layout.

    Parameters
    ----------
    path
        Its file.
    say
        Is told what goes on, every few milliseconds, where there is an earlier layout.

    Raises
    ------
    StartError
        If the disk has no room for that, or a newer werwatch wrote it.
    SystemExit
        If a signal asks to stop meanwhile.
    """
    before = version_of(db)
    if not 0 < before < len(MIGRATIONS):
        migrate(db)
        return
    _must_have_room(path, before, TIMES if before < WRITES_ANEW else TIMES_FOR_IDS)
    progress = _Progress(path, before, say)
    db.set_progress_handler(progress.look, STEPS)
    try:
        migrate(db)
    except sqlite3.OperationalError as error:
        if db.in_transaction:
            db.execute("ROLLBACK")
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            # What a signal's handler raises in the handler of progress, SQLite takes for this.
            logger.info("the upgrade was broken off; the next start begins it again")
            raise SystemExit(0) from None
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise _no_room(path, before, f"the disk did not take that ({error})") from None
        raise
    finally:
        db.set_progress_handler(None, 0)
    progress.end()


class _Progress:
    def __init__(self, path: Path, before: int, say: Callable[[str], None]) -> None:
        self._log = path.with_name(f"{path.name}-wal")
        self._what = f"upgrading the store from layout {before} to {len(MIGRATIONS)}"
        self._say = say
        self._began = time.monotonic()
        self._due = self._began + SAY_EVERY_S
        say(self._what)
        logger.info("%s; it is whole or did not happen, whatever ends it", self._what)

    def look(self) -> int:
        now = time.monotonic()
        written = self._log.stat().st_size // 1_000_000 if self._log.exists() else 0
        text = f"{self._what}: {now - self._began:.0f} s so far, {written:,} MB of the log are written"
        self._say(text)
        if now >= self._due:
            logger.info("%s", text)
            self._due = now + SAY_EVERY_S
        return 0

    def end(self) -> None:
        logger.info(
            "the store has layout %d now, after %.0f s", len(MIGRATIONS), time.monotonic() - self._began
        )


def _must_have_room(path: Path, before: int, times: float) -> None:
    needed, free = int(times * path.stat().st_size), shutil.disk_usage(path.parent).free
    if free < needed:
        megabytes = f"needs {needed // 1_000_000 + 1:,} MB free beside it, and {free // 1_000_000:,} are"
        raise _no_room(path, before, f"that {megabytes}")


def _no_room(path: Path, before: int, why: str) -> StartError:
    return StartError(
        f"data_dir: {path} has layout {before} and is to be written anew once for this version: {why}; free "
        "some space, or move data_dir to a larger disk, then start again. The store is as it was, and the "
        "version before can go on with it"
    )
