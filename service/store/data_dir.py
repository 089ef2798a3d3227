"""The data folder: private, written to by one process at a time, its entries on disk."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from service.errors import StartError

LOCK_FILE = "lock"
SET_ASIDE, NOT_WHOLE = "replaced-", ".restored"
"""How a folder begins into which a restore moved a store, and how the copy ends that it makes."""


@contextmanager
def held(path: Path) -> Iterator[Path]:
    """The data folder, made with mode 0700 where it is missing and kept from every other process.

    The lock ends with the process, however it ends.

    Raises
    ------
    StartError
        If the folder cannot be made or written, or another process holds it.
    """
    try:
        _make(path)
        lock = os.open(path / LOCK_FILE, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise _refusal(path, error) from None
    try:
        _lock(lock, path)
        _probe(path)
        yield path
    finally:
        os.close(lock)


def other_stores(path: Path) -> list[Path]:
    """What restores left in a data folder: what is erased in its store is in these as it was."""
    return sorted([*path.glob(f"{SET_ASIDE}*"), *path.glob(f"*{NOT_WHOLE}*")])


def must_be_a_folder(path: Path) -> None:
    """Find what is in the way of a data folder, whoever the service will run as.

    Raises
    ------
    StartError
        If it, or what it would be made in, is no folder.
    """
    try:
        there = next((folder for folder in (path, *path.parents) if folder.exists()), path)
        is_folder = there.is_dir()
    except OSError:
        # Whoever looks may not look there, as the service may.
        return
    if not is_folder:
        raise StartError(f"data_dir: {path}: {there} is no folder; set data_dir to another place")


def is_there(path: Path) -> bool:
    """Whether there is something under this name.

    Raises
    ------
    StartError
        If that cannot be seen, since whoever asks may not look there, or nothing can be called so.
    """
    try:
        return path.exists()
    except OSError as error:
        remedy = ""
        if isinstance(error, PermissionError):
            remedy = f"; the user {os.geteuid()} may not look there, so ask as the one who runs the service"
        raise StartError(f"{path}: {error.strerror}{remedy}") from None


def sync_folder(path: Path) -> None:
    """Put a folder's entries on disk: only then does a new or renamed file survive a power loss."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def sync_file(path: Path) -> None:
    """Put a file's content and length on disk."""
    _sync(path, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make(path: Path) -> None:
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    for made in missing:
        sync_folder(made.parent)


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if not isinstance(error, BlockingIOError):
            raise _refusal(path, error) from None
        holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
        raise StartError(
            f"data_dir: {path} is in use by another werwatch (process {holder or 'unknown'}); stop that one, "
            "or give this one a data_dir of its own"
        ) from None
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def _probe(path: Path) -> None:
    # A file system that became read-only, or is full, shows only when something is made there.
    probe = path / ".writable"
    try:
        probe.write_bytes(b"1")
        probe.unlink()
    except OSError as error:
        raise _refusal(path, error) from None


def _refusal(path: Path, error: OSError) -> StartError:
    remedy = f"let the user {os.geteuid()} write there, or set data_dir to another folder"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        remedy = "free some space, then start again"
    return StartError(f"data_dir: {path} cannot be written: {error.strerror}; {remedy}")
