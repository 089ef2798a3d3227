"""A copy of the store in one file: made while the service runs, and put in a store's place."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from service.config import Config
from service.errors import StartError
from service.privacy import Hasher, load_key
from service.store.damage import UNREADABLE, fault
from service.store.data_dir import NOT_WHOLE, SET_ASIDE, held, is_there, sync_file, sync_folder
from service.store.key_record import KeyRecord
from service.store.schema import MIGRATIONS, version_of
from service.store.store import FILE_NAME, connect
from service.upkeep.key_rotation import KEY_FILE


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds."""

    file_bytes: int
    scored: int
    unreferenced: int

    def __str__(self) -> str:
        size = f"{self.file_bytes / 1_000_000:,.1f} MB"
        return f"{size}, {self.scored:,} scored utterances, {self.unreferenced:,} without a reference"


def back_up(config: Config, target: Path) -> Copied:
    """Copy a store, also one that a service has open, as it is at one moment; what was deleted is not in it.

    Nor is the hashing key: whoever finds the copy has hashes that say nothing without it.

    Raises
    ------
    StartError
        If there is no store, the target exists, or it cannot be written.
    """
    if is_there(target):
        raise StartError(f"{target}: exists already and is not overwritten; name another file")
    with _reading(config.data_dir) as db, _whole_or_nothing(target) as made:
        db.execute("VACUUM INTO ?", (str(made),))
        with closing(connect(made, read_only=True)) as copy:
            return _content(copy, made)


def restore(config: Config, source: Path, *, is_forced: bool) -> tuple[Copied, Path | None]:
    """Put a copy in the place of the store, which no service may have open.

    Parameters
    ----------
    is_forced
        Whether a store that is there is moved aside; else it is an error.

    Returns
    -------
        What was restored, and the folder into which the store before it was moved.

    Raises
    ------
    StartError
        If the copy is damaged, of a newer version or made with another hashing key; if a store is there, or a
        service has it open. Nothing was changed then.
    """
    if not is_there(source) or not source.is_file():
        raise StartError(f"{source}: no such file")
    with held(config.data_dir) as data_dir, _changeable(data_dir):
        store = data_dir / FILE_NAME
        if is_there(store) and not is_forced:
            raise StartError(
                f"data_dir: {data_dir} holds a store already; restore into another data_dir, or let --force "
                "move that one aside"
            )
        with _readable(source), closing(connect(source, read_only=True)) as copy:
            _check(copy, source, config)
            content = _content(copy, source)
            replacement = store.with_suffix(NOT_WHOLE)
            for left in (replacement, _unfinished(replacement)):
                left.unlink(missing_ok=True)
            with _whole_or_nothing(replacement) as made:
                copy.execute("VACUUM INTO ?", (str(made),))
        aside = _set_aside(store) if store.exists() else None
        replacement.rename(store)
        sync_folder(data_dir)
    return content, aside


@contextmanager
def _reading(data_dir: Path) -> Iterator[sqlite3.Connection]:
    path = data_dir / FILE_NAME
    if not is_there(path):
        raise StartError(f"data_dir: {data_dir} holds no store")
    with _readable(path), closing(connect(path, read_only=True)) as db:
        yield db


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except UNREADABLE as error:
        told = error if isinstance(error, sqlite3.Error) else fault(error)
        raise StartError(f"{path}: cannot be copied: {told}") from None


@contextmanager
def _changeable(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StartError(f"data_dir: {data_dir} cannot be written: {error.strerror}") from None


def _unfinished(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


@contextmanager
def _whole_or_nothing(target: Path) -> Iterator[Path]:
    """A private file beside the target that takes its name once it is complete and on disk."""
    made = _unfinished(target)
    try:
        os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise StartError(f"{made}: is left of a copy that was broken off; remove it") from None
    except OSError as error:
        raise StartError(f"{target}: cannot be written: {error.strerror}") from None
    try:
        yield made
        sync_file(made)
        made.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        raise StartError(f"{target}: cannot be written: {error.strerror}") from None
    finally:
        made.unlink(missing_ok=True)


def _content(db: sqlite3.Connection, path: Path) -> Copied:
    (scored,) = db.execute("SELECT COUNT(*) FROM scored").fetchone()
    (waiting,) = db.execute("SELECT COUNT(*) FROM utterances WHERE scored_seq IS NULL").fetchone()
    return Copied(path.stat().st_size, scored, waiting)


def _check(copy: sqlite3.Connection, source: Path, config: Config) -> None:
    faults = [row[0] for row in copy.execute("PRAGMA integrity_check(3)")]
    if faults != ["ok"]:
        raise StartError(f"{source}: is damaged: {'; '.join(faults)}; take another backup")
    version = version_of(copy)
    if version == 0:
        raise StartError(f"{source}: is no store of werwatch")
    if version > len(MIGRATIONS):
        raise StartError(
            f"{source}: was written by a newer werwatch (layout {version}, this one knows up to "
            f"{len(MIGRATIONS)}); restore it with that version"
        )
    has_record = copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'hashing_key'").fetchone()
    check = KeyRecord(copy).check() if has_record else None
    if check is not None:
        _check_key(check, source, config)


def _check_key(check: bytes, source: Path, config: Config) -> None:
    given = config.privacy.key_file
    path = given or config.data_dir / KEY_FILE
    if not is_there(path):
        raise StartError(
            f"{path}: the hashing key of {source} is missing; put it there first, with mode 0600"
        )
    if Hasher(load_key(path, may_create=given is None)).check != check:
        raise StartError(f"{path}: {source} was made with another hashing key; put that one there first")


def _set_aside(store: Path) -> Path:
    # Folded in where that is still possible, the log need not be moved with the file, which is one step then.
    with suppress(sqlite3.Error), closing(connect(store, read_only=False)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    aside = store.with_name(f"{SET_ASIDE}{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    aside.mkdir(mode=0o700)
    log, index = (store.with_name(f"{store.name}-{end}") for end in ("wal", "shm"))
    for path in (store, log):
        if path.exists():
            os.link(path, aside / path.name)
    sync_folder(aside)
    sync_folder(store.parent)
    for path in (log, index):
        path.unlink(missing_ok=True)
    # A log that came back after a power loss would be folded into the store that takes this one's place.
    sync_folder(store.parent)
    return aside
