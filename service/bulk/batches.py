"""Lines gathered for requests, so that what comes of them is what would come of them one by one.

Only an utterance whose reference came before it may be scored up to a batch earlier than that.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from service.bulk.mapping import REFERENCES, UTTERANCES, Mapped, Mapping, Unusable

MOST_LINES, MOST_BYTES = 1_000, 1_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """How far in a file: lines, those of them with a hypothesis, and a digest of all their bytes."""

    lines: int = 0
    spoken: int = 0
    digest: str = ""


@dataclass(slots=True)
class Batch:
    """Numbered lines by route, those that cannot be sent, and the places in the file before and after them.

    Utterances are sent before references, so no reference here is followed by an utterance of its id.
    """

    sent: dict[str, list[tuple[int, bytes]]] = field(default_factory=lambda: {UTTERANCES: [], REFERENCES: []})
    unusable: list[tuple[int, str]] = field(default_factory=list)
    referenced: set[str | None] = field(default_factory=set)
    size: int = 0
    before: Place = field(default_factory=Place)
    after: Place = field(default_factory=Place)

    def has_room_for(self, mapped: Mapped) -> bool:
        """Whether the line may go into this batch."""
        lines = sum(map(len, self.sent.values()))
        if lines >= MOST_LINES or (lines and self.size + len(mapped.body) > MOST_BYTES):
            return False
        # A reference without utterance_id is of a recording, which any utterance may belong to.
        return mapped.route == REFERENCES or self.referenced.isdisjoint({mapped.utterance_id, None})

    def add(self, number: int, mapped: Mapped) -> None:
        """Take a line in."""
        self.sent[mapped.route].append((number, mapped.body.rstrip(b"\r\n")))
        self.size += len(mapped.body) + 1
        if mapped.route == REFERENCES:
            self.referenced.add(mapped.utterance_id)


def batches(read: Callable[[], Iterator[bytes]], mapping: Mapping, begin: Place) -> Iterator[Batch]:
    """The lines of a file from a place on, or from its first if it is not the file that the place is in.

    Parameters
    ----------
    read
        Gives its lines, from the first one.
    begin
        Where an earlier reading came to. If the lines up to there are others now, it begins anew.
    """
    lines, seen = read(), hashlib.blake2b(digest_size=16)
    if begin.lines:
        for raw in itertools.islice(lines, begin.lines):
            seen.update(raw)
        if seen.hexdigest() != begin.digest:
            begin, lines, seen = Place(), read(), hashlib.blake2b(digest_size=16)
    spoken, batch = begin.spoken, Batch(before=begin)
    number = begin.lines
    for number, raw in enumerate(lines, begin.lines + 1):
        mapped: Mapped | None = None
        try:
            mapped = mapping.line(raw, spoken) if raw.strip() else None
        except Unusable as reason:
            batch.unusable.append((number, str(reason)))
        if mapped is not None:
            if not batch.has_room_for(mapped):
                batch.after = Place(number - 1, spoken, seen.hexdigest())
                yield batch
                batch = Batch(before=batch.after)
            batch.add(number, mapped)
            spoken += mapped.is_spoken
        seen.update(raw)
    batch.after = Place(number, spoken, seen.hexdigest())
    yield batch
