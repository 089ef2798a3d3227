"""Erasure on demand: when it is answered, no byte of a text is left in the data folder.

Hashes are overwritten where they lie or deleted with ``secure_delete``. That none of them stays behind is
measured, and not certain as it is of texts (see `service.store.rows.texts`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from service.errors import Refused, StillOnDisk
from service.privacy import Hasher
from service.records import Erased, Subject
from service.store.data_dir import other_stores
from service.store.log_fold import LogFold
from service.store.rows.erasures import ERASED
from service.store.store import Store, connect
from service.store.writer import Writer
from service.telemetry.counts import Counts

MOST_TOGETHER = 100
"""Utterances that are erased in one transaction, so that others are answered meanwhile: among a million, in
70 ms."""
ROWS_AT_ONCE = 50_000
PATIENCE_S, LOOK_EVERY_S = 5.0, 0.01


@dataclass(frozen=True, slots=True)
class Done:
    """The rows that an erasure left in the record, one a transaction, and what it took in all."""

    rows: list[int]
    erased: Erased


class Erasing:
    """Erases through the one thread that writes.

    Parameters
    ----------
    fold
        Empties the write-ahead log, which else holds what was there before.
    """

    def __init__(self, store: Store, writer: Writer, fold: LogFold, hasher: Hasher, counts: Counts) -> None:
        self._store = store
        self._writer = writer
        self._fold = fold
        self._hasher = hasher
        self._counts = counts

    async def utterance(self, utterance_id: str, author: str | None) -> Done:
        """Erase what was said in one utterance; of one that was erased before, nothing more.

        Raises
        ------
        Refused
            404 if nothing is known of it.
        StillOnDisk, StoreUnavailable
            If it is not, or not yet, gone.
        """
        return await self._erase([[utterance_id]], Subject.UTTERANCE, utterance_id, author)

    async def speaker(self, speaker_id: str, author: str | None) -> Done:
        """Erase what was said in all utterances that a speaker is known for now.

        Raises
        ------
        StillOnDisk, StoreUnavailable
            If it is not, or not yet, gone.
        """
        key = self._hasher.pseudonym("speaker", speaker_id)
        names = await asyncio.to_thread(utterances_of, self._store.path, key)
        return await self._erase(_portions(names), Subject.SPEAKER, key, author)

    async def recording(self, recording_id: str, author: str | None) -> Done:
        """Erase what was said in all utterances of a recording, and every reference for it.

        Raises
        ------
        StillOnDisk, StoreUnavailable
            If it is not, or not yet, gone.
        """
        key = self._hasher.pseudonym("recording", recording_id)
        names = await asyncio.to_thread(utterances_of_recording, self._store.path, key)
        return await self._erase(_portions(names), Subject.RECORDING, key, author)

    async def _erase(
        self, portions: Sequence[Sequence[str]], subject: Subject, key: str, author: str | None
    ) -> Done:
        done, wish = Done([], Erased()), 0
        for names in portions:
            work = partial(self._erase_together, names, subject, key, author)
            row, erased, wish = await self._writer.run(work)
            self._counts.texts["erased"] += erased.texts
            done = Done([*done.rows, row], done.erased + erased)
        await self._is_gone(wish)
        return done

    def _erase_together(
        self, names: Sequence[str], subject: Subject, key: str, author: str | None
    ) -> tuple[int, Erased, int]:
        found = [erased for erased in map(self._store.erasures.erase, names) if erased is not None]
        # Of a speaker's, age may have taken one since it was found.
        if not found and subject is Subject.UTTERANCE:
            raise Refused(404, "nothing is known under this utterance_id")
        total = sum(found, Erased())
        if subject is Subject.RECORDING:
            waited = self._store.recordings.erase(key, ERASED, time.time())
            total += Erased(unreferenced=waited)
        return self._store.erasures.put(subject, key, author, total), total, self._fold.want()

    async def _is_gone(self, wish: int) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while self._fold.done < wish:
            if time.monotonic() > deadline:
                raise StillOnDisk(
                    "it is erased, but a reader of the store, perhaps a backup, keeps its bytes in the "
                    "write-ahead log; they go by themselves once it ends: ask again to be sure"
                )
            await asyncio.sleep(LOOK_EVERY_S)
        for other in other_stores(self._store.path.parent):
            raise StillOnDisk(
                f"it is erased, but in data_dir {other.name} holds another store, left by a restore, and in "
                "that what was said: remove it, then ask again to be sure"
            )


def _portions(names: list[str]) -> list[list[str]]:
    return [names[at : at + MOST_TOGETHER] for at in range(0, len(names), MOST_TOGETHER)] or [[]]


def utterances_of_recording(path: Path, recording: str) -> list[str]:
    """The ids of what is kept of a recording (a keyed hash) and was not erased."""
    with closing(connect(path, read_only=True)) as db:
        rows = db.execute(
            "SELECT utterance_id FROM utterances WHERE recording = ? AND content != ? ORDER BY number",
            (recording, ERASED),
        )
        return [name for (name,) in rows]


def utterances_of(path: Path, speaker: str) -> list[str]:
    """The ids under which something of a speaker (a keyed hash) is kept that was not erased.

    It looks at every utterance, since an index over speakers would cost each of them something: beside the
    writer, and in portions, so that the log can be emptied between them.
    """
    texts = "SELECT utterance_id FROM texts WHERE speaker = ? AND is_wiped = 0"
    others = (
        "SELECT utterance_id FROM utterances WHERE number > ? AND number <= ? AND speaker = ? "
        "AND content != ?"
    )
    with closing(connect(path, read_only=True)) as db:
        names = {name for (name,) in db.execute(texts, (speaker,))}
        (last,) = db.execute("SELECT IFNULL(MAX(number), 0) FROM utterances").fetchone()
        for begin in range(0, last, ROWS_AT_ONCE):
            rows = db.execute(others, (begin, begin + ROWS_AT_ONCE, speaker, ERASED))
            names.update(name for (name,) in rows)
    return sorted(names)
