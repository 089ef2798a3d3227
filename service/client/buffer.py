"""What waits to be sent: bounded, the oldest goes first, and all that goes unsent is counted."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

MOST_LINES, MOST_BYTES = 500, 1_000_000
"""Of one batch; the service takes ten times as much."""
LINE_BYTES = 250
"""What a line takes in memory besides its text."""


class Line(NamedTuple):
    """An object as it is sent, with its place among all."""

    number: int
    route: str
    body: bytes

    @property
    def size(self) -> int:
        """About how many bytes it takes in memory."""
        return len(self.body) + LINE_BYTES


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the objects that the app handed over.

    Parameters
    ----------
    taken
        On the service's disk, those among them that it had already.
    waiting
        Not sent yet, or not answered.
    dropped
        Given up: too much waited, it was more than may wait at all, or the client was closed.
    refused
        Not taken by the service, which said why: it is in the log.
    invalid
        No JSON could be made of them: it is in the log, of which field.
    values_left_out
        Numbers that are not finite, of objects that were sent without them.
    failed_attempts
        Requests without an answer, or with one that asks to come again.
    """

    taken: int = 0
    waiting: int = 0
    dropped: int = 0
    refused: int = 0
    invalid: int = 0
    values_left_out: int = 0
    failed_attempts: int = 0


class Buffer:
    """Lines on their way, for any number of threads that put and one that takes.

    No method waits for more than some assignments of another thread.

    Parameters
    ----------
    most_bytes
        How much memory the lines may take, those included that were taken and are not settled.

    Examples
    --------
    >>> buffer = Buffer(most_bytes=1_000)
    >>> for number in range(5):
    ...     _ = buffer.put("/v1/utterances", b"{}")
    >>> buffer.counts.waiting, buffer.counts.dropped
    (3, 2)
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget everything, in a process that was forked: what waited is sent by the first one."""
        # One that a signal's handler may take while its own thread holds it.
        self._lock = threading.RLock()
        self._counts = Counts()
        self._waiting: deque[Line] = deque()
        self._away: list[Line] = []
        self._size = self._last = 0
        self._is_closed = False

    @property
    def counts(self) -> Counts:
        """What became of everything so far."""
        with self._lock:
            return replace(self._counts, waiting=len(self._waiting) + len(self._away))

    @property
    def last(self) -> int:
        """The number of the newest line."""
        return self._last

    @property
    def is_full(self) -> bool:
        """Whether a whole batch waits."""
        return len(self._waiting) >= MOST_LINES or self._size >= MOST_BYTES

    def put(self, route: str, body: bytes) -> bool:
        """Keep a line; return whether whoever takes should look."""
        with self._lock:
            if self._is_closed:
                self._count(dropped=1)
                return False
            line = Line(self._last + 1, route, body)
            if not self._has_room_for(line):
                self._count(dropped=1)
                return False
            self._last = line.number
            was_full = self.is_full
            self._waiting.append(line)
            self._size += line.size
            self._drop_the_oldest()
            return len(self._waiting) == 1 or (self.is_full and not was_full)

    def take(self) -> list[Line]:
        """The oldest lines, which are away until they are given back or settled."""
        with self._lock:
            size = 0
            while self._waiting and len(self._away) < MOST_LINES and size < MOST_BYTES:
                line = self._waiting.popleft()
                size += line.size
                self._away.append(line)
            return self._away.copy()

    def settle(self, lines: Sequence[Line], refused: int = 0) -> None:
        """Let go of lines that the service has answered, of which so many were refused."""
        with self._lock:
            if self._is_closed:
                return
            gone = {line.number for line in lines}
            self._away = [line for line in self._away if line.number not in gone]
            self._size -= sum(line.size for line in lines)
            self._count(taken=len(lines) - refused, refused=refused)

    def give_back(self, failed_attempts: int = 0) -> None:
        """Put what is away to the front again."""
        with self._lock:
            self._waiting.extendleft(reversed(self._away))
            self._away = []
            self._count(failed_attempts=failed_attempts)
            self._drop_the_oldest()

    def is_settled(self, number: int) -> bool:
        """Whether nothing waits that was put up to this line."""
        with self._lock:
            ahead = [*self._away[:1], *([self._waiting[0]] if self._waiting else [])]
            return all(line.number > number for line in ahead)

    def count_invalid(self) -> None:
        """Count what cannot be sent."""
        with self._lock:
            self._count(invalid=1)

    def count_left_out(self, values: int) -> None:
        """Count values without which an object is sent."""
        with self._lock:
            self._count(values_left_out=values)

    def close(self) -> None:
        """Give up what waits, and whatever comes."""
        with self._lock:
            self._is_closed = True
            self._count(dropped=len(self._waiting) + len(self._away))
            self._waiting.clear()
            self._away = []
            self._size = 0

    def _has_room_for(self, line: Line) -> bool:
        """Whether there is room once all goes that may; else all would go, and it would have to go itself."""
        if self._size + line.size <= self._most_bytes:
            return True
        return sum(each.size for each in self._away) + line.size <= self._most_bytes

    def _drop_the_oldest(self) -> None:
        while self._size > self._most_bytes and self._waiting:
            self._size -= self._waiting.popleft().size
            self._count(dropped=1)

    def _count(self, **more: int) -> None:
        counts = self._counts
        self._counts = replace(
            counts, **{name: getattr(counts, name) + count for name, count in more.items()}
        )
