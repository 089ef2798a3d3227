"""What programs did to files and sockets, from ``strace``: system calls in the order of their effects."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

CALLS = (
    "openat,open,creat,write,pwrite64,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,"
    "link,linkat,mkdir,mkdirat,sendto,recvfrom,lseek"
)
STDOUT = 1
ENDED_S = 180.0
_LINE = re.compile(r"(\d+) +(.*)")
_CALL = re.compile(r"(\w+)\((.*)\) += +(-?\d+)")
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)")
_OPEN = " <unfinished ...>"


@dataclass(frozen=True, slots=True)
class Call:
    """A system call that succeeded; `began` and `ended` are lines of the trace, and order it among all."""

    name: str
    words: tuple[str, ...]
    result: int
    began: int
    ended: int

    @property
    def is_success(self) -> bool:
        """Whether it begins an answer that is a 2xx."""
        return self.name == "sendto" and self.data(1).startswith(b"HTTP/1.1 2")

    @property
    def is_said(self) -> bool:
        """Whether it prints, but no log."""
        return self.name == "write" and self.number(0) == STDOUT and self.data(1)[:1] != b"{"

    @property
    def tells(self) -> bool:
        """Whether somebody hears it."""
        return self.name == "sendto" or (self.name == "write" and self.number(0) == STDOUT)

    def number(self, word: int) -> int:
        """An argument that is a number; of an open file, its descriptor."""
        return int(self.words[word].partition("<")[0], 0)

    def data(self, word: int) -> bytes:
        """An argument that is a string."""
        return _bytes(self.words[word].strip('"'))

    def path(self, word: int) -> Path:
        """The path in an argument: a string, or that of an open file."""
        text = self.words[word]
        inner = text.partition("<")[2].rpartition(">")[0] if "<" in text else text.strip('"')
        return Path(_bytes(inner).decode())


def traced(trace: Path) -> tuple[str, ...]:
    """The words before a command that let its calls be written to a file; its process id is its own."""
    options = ("-D", "-f", "-qqq", "--seccomp-bpf", "-y", "-xx", "-s", "16777216", "-e", f"trace={CALLS}")
    return ("strace", *options, "-o", str(trace))


def wait_for_end(trace: Path) -> None:
    """Wait until the tracer has written what there was; it ends a little after the program."""
    size, deadline = -1, time.monotonic() + ENDED_S
    while size != (size := trace.stat().st_size):
        assert time.monotonic() < deadline
        time.sleep(0.2)


def calls(trace: Path) -> Iterator[Call]:
    """The calls that succeeded, in the order in which they ended."""
    begun: dict[str, tuple[str, int]] = {}
    with trace.open() as lines:
        for number, line in enumerate(lines):
            found = _LINE.match(line)
            if found is None:
                continue
            thread, text = found.groups()
            if text.endswith(_OPEN):
                begun[thread] = (text.removesuffix(_OPEN), number)
                continue
            began = number
            if resumed := _RESUMED.match(text):
                head, began = begun.pop(thread)
                text = head + resumed[1]
            if (call := _CALL.match(text)) and int(call[3]) >= 0:
                yield Call(call[1], tuple(call[2].split(", ")), int(call[3]), began, number)


def in_order(traces: Iterable[Path]) -> list[Call]:
    """The calls of programs that ran one after the other, by when they take effect.

    What is told takes effect when it begins, as it may be heard before the call ends; all else when it ends.
    """
    ordered: list[Call] = []
    behind = 0
    for trace in traces:
        moved = [replace(each, began=each.began + behind, ended=each.ended + behind) for each in calls(trace)]
        behind = max([behind, *(each.ended + 1 for each in moved)])
        ordered += sorted(moved, key=lambda call: call.began if call.tells else call.ended)
    return ordered


def _bytes(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))
