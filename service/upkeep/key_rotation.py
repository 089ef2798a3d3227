"""A hashing key: found to be the one that the store was written with, or changed for another.

A change is made by one transaction of the store. Before it, the new key lies beside the old one; after it, it
takes the old one's place. A start that finds a change broken off undoes or completes it, as the store says.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from service.config import Config
from service.errors import StartError
from service.privacy import Hasher, create_key, load_key
from service.store.damage import needed_to_start
from service.store.data_dir import held, is_there, sync_folder
from service.store.key_record import Unjoinable
from service.store.store import FILE_NAME, Store
from service.watching.course import ROTATE_KEY

KEY_FILE = "key"
NEXT_KEY_FILE = "key.next"
NOTE = "the hashing key was changed"


def open_key(config: Config, store: Store) -> bytes:
    """The key that the store was written with; made where the store is new and the key is its own.

    Raises
    ------
    StartError
        If the key cannot be read, can be read by others, or is another one.
    """
    check = store.key.check()
    given = config.privacy.key_file
    if given is None:
        _settle(config.data_dir, check)
    path = given or config.data_dir / KEY_FILE
    is_new = check is None and not store.key.has_hashes()
    if not is_new and not is_there(path):
        raise StartError(f"{path}: the hashing key is missing{_remedy(given)}")
    key = load_key(path, may_create=given is None)
    found = Hasher(key).check
    if check is None:
        with store.transaction():
            store.key.put_check(found)
    elif check != found:
        raise StartError(f"{path}: the store was written with another hashing key{_remedy(given)}")
    return key


def rotate(
    config: Config, to: Path | None, author: str, confirm: Callable[[Unjoinable], bool]
) -> tuple[int, Unjoinable] | None:
    """Change the key of a store that no service has open.

    Parameters
    ----------
    to
        The file with the new key where ``privacy.key_file`` is set; without that the new key is made.
    author
        For the audit record.
    confirm
        Is told what becomes useless; where it answers no, nothing happens.

    Returns
    -------
        The audit row's id and what became useless; None where nothing happened.

    Raises
    ------
    StartError
        If there is no store, a service has it open, it is damaged, or the new key cannot be used.
    """
    if (to is None) != (config.privacy.key_file is None):
        raise StartError(
            "--to: expected exactly where privacy.key_file is set: there the new key is yours to make, with "
            "mode 0600; elsewhere it is made beside the store"
        )
    if not is_there(config.data_dir / FILE_NAME):
        raise StartError(f"data_dir: {config.data_dir} holds no store whose key could be changed")
    with held(config.data_dir) as data_dir, needed_to_start(data_dir):
        store = Store(data_dir)
        try:
            return _rotate(store, data_dir, to, author, confirm)
        finally:
            store.close()


def what_is_lost(lost: Unjoinable) -> str:
    """A line for each kind of thing that another key makes useless."""
    lines = [
        f"{lost.hypotheses:,} utterances without a reference are deleted; send again what shall be scored",
        f"{lost.references:,} references without an utterance are deleted; send them again",
        f"{lost.scored:,} scored utterances stay and count; sent again, they are refused as known (409)",
        f"{lost.speakers:,} speakers become new ones: their own levels are learned again",
    ]
    if lost.texts:
        lines.append(f"{lost.texts:,} kept texts can be erased by utterance_id or by age, no more by speaker")
    return "\n".join(f"  {line}" for line in lines)


def _rotate(
    store: Store, data_dir: Path, to: Path | None, author: str, confirm: Callable[[Unjoinable], bool]
) -> tuple[int, Unjoinable] | None:
    # What is damaged and was not met would be kept under a key that it does not belong to.
    store.must_be_whole()
    if to is None:
        _settle(data_dir, store.key.check())
    elif Hasher(load_key(to, may_create=False)).check == store.key.check():
        raise StartError(f"--to: {to} holds the key that the store has already")
    lost = store.key.unjoinable()
    if not confirm(lost):
        return None
    next_key = data_dir / NEXT_KEY_FILE
    if to is None:
        create_key(next_key)
    check = Hasher(load_key(to or next_key, may_create=to is None)).check
    try:
        with store.transaction():
            store.key.drop_unjoinable()
            store.key.put_check(check)
            row = store.history.put_intervention(ROTATE_KEY, None, author, NOTE, time.time())
    finally:
        # Also where it failed; where the store cannot say which key is its own now, the next start asks.
        with suppress(sqlite3.Error):
            if to is None:
                _settle(data_dir, store.key.check())
    return row, lost


def _settle(data_dir: Path, check: bytes | None) -> None:
    next_key = data_dir / NEXT_KEY_FILE
    if not next_key.exists():
        return
    if Hasher(load_key(next_key, may_create=True)).check == check:
        next_key.rename(data_dir / KEY_FILE)
    else:
        next_key.unlink()
    sync_folder(data_dir)


def _remedy(given: Path | None) -> str:
    way = "put the right one back" if given is None else "let privacy.key_file name the right one"
    new = "" if given is None else " --to with the new key's file"
    return f"; {way}, or, if it is lost, begin with a new one: werwatch rotate-key{new}"
