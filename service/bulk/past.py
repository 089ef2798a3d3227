"""A history wherever it lies: in the store of a service, in a backup, or in a file of lines."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from service.api.translate import Translator
from service.api.wire import ReferenceIn, UtteranceIn, parse
from service.bulk.batches import Batch, Place, batches
from service.bulk.mapping import REFERENCES, Mapping
from service.bulk.reading import lines_of
from service.config import Config, Privacy
from service.errors import Refused, StartError
from service.pipeline import Pipeline
from service.records import Record
from service.store.history import History
from service.store.schema import MIGRATIONS, version_of
from service.store.store import FILE_NAME, connect

SQLITE = b"SQLite format 3\0"


@contextmanager
def history_in(
    source: Path,
    mapping: Mapping,
    config: Config,
    note_read: Callable[[int], None],
    reject: Callable[[int, str], None],
) -> Iterator[History]:
    """The history; nothing is changed where it lies, and a service may write to it meanwhile.

    Lines of a file go the way that they would go through a service, into a store of their own that is gone
    at the end.

    Parameters
    ----------
    source
        A data folder, a backup, or a file of lines.
    mapping, note_read, reject
        How lines are read, who is told how many bytes were, and who of lines that are not taken.

    Raises
    ------
    StartError
        If there is none, or it cannot be read.
    """
    store = source / FILE_NAME if source.is_dir() else source
    if _is_store(store):
        with _opened(store) as history:
            yield history
        return
    if source.is_dir():
        raise StartError(f"{source}: holds no store")
    with tempfile.TemporaryDirectory(prefix="werwatch-") as folder:
        data_dir = Path(folder) / "data"
        own = {"data_dir": data_dir, "receivers": [], "privacy": Privacy()}
        asyncio.run(_take_in(source, mapping, config.model_copy(update=own), note_read, reject))
        with _opened(data_dir / FILE_NAME) as history:
            yield history


def unused(history: History) -> Iterator[str]:
    """What there is to say of references that are in a history and that no row of it comes from."""
    found = history.unused_references()
    by_recording = {"its utterances are not there, or not all of them": found.waiting, **found.refused}
    if found.lone:
        yield f"not used: {_references(found.lone)}, whose utterance is not there"
    for reason, count in by_recording.items():
        if count:
            yield f"not used: {_references(count)} by recording: {reason}"


def _references(count: int) -> str:
    return f"{count:,} reference{'' if count == 1 else 's'}"


def _is_store(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(SQLITE)) == SQLITE
    except OSError:
        return False


@contextmanager
def _opened(store: Path) -> Iterator[History]:
    try:
        with closing(connect(store, read_only=True)) as db:
            version = version_of(db)
            if version != len(MIGRATIONS):
                own = f"this version's is {len(MIGRATIONS)}; a start upgrades an earlier one"
                raise StartError(f"{store}: layout {version}, {own}")
            yield History(db)
    except sqlite3.Error as error:
        raise StartError(f"{store}: cannot be read: {error}") from None


async def _take_in(
    path: Path,
    mapping: Mapping,
    config: Config,
    note_read: Callable[[int], None],
    reject: Callable[[int, str], None],
) -> None:
    pipeline = Pipeline(config)
    try:
        pipeline.start()
        translator = Translator(config, pipeline.hasher, pipeline.counts)
        for batch in batches(lambda: lines_of(path, note_read), mapping, Place()):
            for number, reason in sorted([*batch.unusable, *await _accept(pipeline, translator, batch)]):
                reject(number, reason)
        await pipeline.recordings.score_rest()
    finally:
        pipeline.close()


async def _accept(pipeline: Pipeline, translator: Translator, batch: Batch) -> list[tuple[int, str]]:
    rejected = []
    for route, lines in batch.sent.items():
        numbers: list[int] = []
        records: list[Record] = []
        for number, body in lines:
            try:
                if route == REFERENCES:
                    records.append(translator.reference(parse(ReferenceIn, body), time.time()))
                else:
                    records.append(translator.utterance(parse(UtteranceIn, body), time.time()))
                numbers.append(number)
            except Refused as refusal:
                rejected.append((number, refusal.detail))
        receipts = await pipeline.accept(records)
        for number, receipt in zip(numbers, receipts, strict=True):
            if isinstance(receipt, Refused):
                rejected.append((number, receipt.detail))
    return rejected
