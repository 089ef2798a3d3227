"""Lines of files, gzipped or not, with how much of a file was read."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from service.errors import StartError

MOST_LINE_BYTES = 10_000_000
"""More than any limit for a line can be set to."""
GZIP = b"\x1f\x8b"


def lines_of(path: Path, note_read: Callable[[int], None]) -> Iterator[bytes]:
    """The lines with their ends; ``note_read`` is told how many bytes of the file were read so far.

    Raises
    ------
    StartError
        If it cannot be read, or is damaged where that has come to.
    """
    try:
        with path.open("rb") as file:
            is_packed = file.peek(2)[:2] == GZIP
            unpacked = io.BufferedReader(gzip.GzipFile(fileobj=file)) if is_packed else file
            while line := unpacked.readline(MOST_LINE_BYTES):
                note_read(file.tell())
                yield line
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise StartError(f"{path}: cannot be read: {reason}") from None
