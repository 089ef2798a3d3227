"""How much of a large body is scored in one transaction, so that others need not wait for all of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.records import Record, Reference, Utterance

MOST_RECORDS = 500
MOST_WORDS = 5_000
"""Each word may meet 10,000 others: all that takes at most an eightieth of a second to align."""


def portions(records: Sequence[Record]) -> Iterator[list[Record]]:
    """All records in their order, in portions that are as large as they may be."""
    portion: list[Record] = []
    words = 0
    for record in records:
        more = _words(record)
        if portion and (len(portion) == MOST_RECORDS or words + more > MOST_WORDS):
            yield portion
            portion, words = [], 0
        portion.append(record)
        words += more
    if portion:
        yield portion


def _words(record: Record) -> int:
    if isinstance(record, Utterance):
        return record.hypothesis_words
    brought = record.utterance if isinstance(record, Reference) else None
    return max(0 if brought is None else brought.hypothesis_words, len(record.tokens or ()))
