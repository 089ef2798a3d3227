"""What damage to the write-ahead log loses: SQLite drops all from the first bad frame on, and says nothing.

The log is a header of 32 bytes and frames: 24 bytes that tell the page, the size of the database after a
commit (0 inside a transaction), two salts and two checksums, then the page. The checksums of a frame go on
from those of the frame before, over its first 8 bytes and its page, as words w_0 .. w_n of 32 bits, two at a
time:

    s0 += w_i + s1        s1 += w_(i+1) + s0        (modulo 2^32)

These are sums with Fibonacci numbers: s0 = sum F(n - i) w_i, s1 = sum F(n + 1 - i) w_i, where s0 and s1 - s0
from before are the first two words. Each time that the log begins anew its salts are others.

A process that is killed leaves at most a last transaction without its end, and nobody was told that this is
kept. A commit behind the last one that SQLite takes was lost if its frame still fits the one before it, or if
the index beside the log counts it, which is written once a commit is on disk. (A machine that loses power may
leave a last transaction with its end but not all of its middle; that one is counted too.)

Source: the SQLite documents "WAL-mode File Format" (walformat.html) and "Database File Format"
(fileformat2.html).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

MAGIC = 0x377F0682
"""Its last bit is set where the words of checksums are big-endian."""
PAGE_BYTES = [512 << power for power in range(8)]
HEADER, FRAME = struct.Struct(">8I"), struct.Struct(">6I")
INDEX, BACKFILLED = struct.Struct("=12x?3xI4x8x8s2I"), struct.Struct("=I")
"""Of the index: whether it holds anything, the last frame, salts, checksums; frames in the database."""

Checksums = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Loss:
    """Committed transactions that are lost, at least so many, and the pages that they wrote."""

    transactions: int
    pages: int


@dataclass(frozen=True, slots=True)
class _Index:
    """What the index says of the log with these salts: its frames on disk, and those in the database."""

    salts: Checksums
    frames: int
    backfilled: int


@dataclass(frozen=True, slots=True)
class _Frame:
    """``is_whole``: SQLite takes it; ``fits``: it was written whole behind the one before it."""

    is_commit: bool = False
    is_whole: bool = False
    fits: bool = False


@dataclass(frozen=True, slots=True)
class _Log:
    """The log as far as it can be read; without salts it cannot."""

    salts: Checksums | None = None
    frames: tuple[_Frame, ...] = ()


def loss(store: Path) -> Loss | None:
    """What opening a store will lose; None if nothing that was committed.

    No connection of this process may be open: closing a file drops all locks on it that the process has.
    """
    index = _read_index(store.with_name(f"{store.name}-shm"))
    log = _read_log(store.with_name(f"{store.name}-wal"), index)
    if index is None or log.salts not in (None, index.salts):
        # What the index says, it says of another log.
        index = _Index((0, 0), 0, 0)
    commits = [(number, frame) for number, frame in enumerate(log.frames, 1) if frame.is_commit]
    whole = [number for number, frame in commits if frame.is_whole]
    # Where nothing of the log is taken, what is in the database already stays as it is.
    kept = whole[-1] if whole else index.backfilled
    done = {index.frames, *(number for number, frame in commits if frame.fits)}
    lost = [number for number in done if number > kept]
    return Loss(len(lost), max(lost) - kept) if lost else None


def _read_log(path: Path, index: _Index | None) -> _Log:
    try:
        with path.open("rb") as file:
            head = file.read(HEADER.size)
            if len(head) < HEADER.size:
                return _Log()
            magic, _, page_bytes, _, *rest = HEADER.unpack(head)
            if page_bytes not in PAGE_BYTES:
                return _Log()
            sums = _Sums(">u4" if magic & 1 else "<u4")
            salts, stored, computed = (rest[0], rest[1]), (rest[2], rest[3]), sums.of(head[:24], (0, 0))
            is_whole = magic | 1 == MAGIC | 1 and computed == stored
            if not is_whole and index is not None:
                salts = index.salts
            contents = _pieces(file, FRAME.size + page_bytes)
            return _Log(salts, tuple(_frames(contents, sums, salts, stored, computed, is_whole=is_whole)))
    except FileNotFoundError:
        return _Log()


def _pieces(file: BinaryIO, size: int) -> Iterator[bytes]:
    while len(piece := file.read(size)) == size:
        yield piece


def _frames(
    contents: Iterator[bytes],
    sums: _Sums,
    salts: Checksums,
    stored: Checksums,
    computed: Checksums,
    *,
    is_whole: bool,
) -> Iterator[_Frame]:
    for content in contents:
        page, pages, *rest = FRAME.unpack(content[: FRAME.size])
        words = content[:8] + content[FRAME.size :]
        # Where checksums are damaged and not what they are of, the next frame fits those computed.
        expected = {before: sums.of(words, before) for before in {stored, computed}}
        computed, stored = expected[computed], (rest[2], rest[3])
        if (rest[0], rest[1]) != salts:
            is_whole = False
            yield _Frame()
        else:
            is_whole = is_whole and computed == stored and page > 0
            yield _Frame(pages > 0, is_whole, stored in expected.values())


class _Sums:
    """SQLite's checksums over words of this byte order."""

    def __init__(self, words: str) -> None:
        self._words = words
        self._fibonacci = np.array([0, 1], np.uint32)

    def of(self, content: bytes, before: Checksums) -> Checksums:
        first = np.array([before[0], (before[1] - before[0]) % 2**32], np.uint32)
        words = np.concatenate([first, np.frombuffer(content, self._words).astype(np.uint32)])[::-1]
        numbers = self._numbers(len(words) + 1)
        return int(np.dot(words, numbers[:-1])), int(np.dot(words, numbers[1:]))

    def _numbers(self, count: int) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
        if len(self._fibonacci) < count:
            numbers = [0, 1]
            while len(numbers) < count:
                numbers.append((numbers[-1] + numbers[-2]) % 2**32)
            self._fibonacci = np.array(numbers, np.uint32)
        return self._fibonacci[:count]


def _read_index(path: Path) -> _Index | None:
    try:
        content = path.read_bytes()[: 2 * INDEX.size + BACKFILLED.size]
    except FileNotFoundError:
        return None
    if len(content) < 2 * INDEX.size + BACKFILLED.size:
        return None
    sums = _Sums("=u4")
    (backfilled,) = BACKFILLED.unpack(content[2 * INDEX.size :])
    # It is there twice, so that one is whole at any time.
    for copy in (content[: INDEX.size], content[INDEX.size : 2 * INDEX.size]):
        holds, frames, salts, *stored = INDEX.unpack(copy)
        if holds and sums.of(copy[: INDEX.size - 8], (0, 0)) == tuple(stored):
            return _Index(struct.unpack(">2I", salts), frames, backfilled)
    return None
