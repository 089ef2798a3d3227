"""How much of a large body is scored in one transaction, so that others need not wait for all of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from service.records import Record, RecordingReference, Reference, Utterance

MOST_RECORDS = 500
MOST_WORDS = 8_000
"""Each word may meet 10,000 others: all that takes at most a fiftieth of a second to align."""


def portions(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    """All records in their order, in portions that are as large as they may be."""
    words = [
        record.hypothesis_words if isinstance(record, Utterance) else _words(record) for record in records
    ]
    begin = 0
    while begin < len(records):
        end = min(begin + MOST_RECORDS, len(records))
        if sum(words[begin:end]) > MOST_WORDS:
            so_far = accumulate(words[begin:end])
            end = begin + max(1, sum(1 for number in so_far if number <= MOST_WORDS))
        yield records[begin:end]
        begin = end


def _words(record: Reference | RecordingReference) -> int:
    brought = record.utterance if isinstance(record, Reference) else None
    return max(0 if brought is None else brought.hypothesis_words, len(record.tokens or ()))
