"""Word alignment of a hypothesis with its reference, reduced to error counts."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

LOOP_MINIMUM_ERRORS = 20
"""Fewest errors of a *loop*, an engine repeating itself or inventing speech."""


@dataclass(frozen=True, slots=True)
class ErrorCounts:
    """What an alignment found: counts of words, each at least 0.

    Parameters
    ----------
    substitutions
        S, reference words that the hypothesis has as another word.
    deletions
        D, reference words that the hypothesis lacks.
    insertions
        I, hypothesis words that nobody spoke.
    hits
        H, reference words that the hypothesis has.

    Examples
    --------
    >>> counts = ErrorCounts(substitutions=1, deletions=0, insertions=2, hits=3)
    >>> counts.reference_words, counts.hypothesis_words, counts.errors
    (4, 6, 3)
    >>> counts.wer
    0.75
    """

    substitutions: int
    deletions: int
    insertions: int
    hits: int

    def __add__(self, other: ErrorCounts) -> ErrorCounts:
        """The counts of both together."""
        return ErrorCounts(
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
            self.hits + other.hits,
        )

    @property
    def reference_words(self) -> int:
        """N = S + D + H."""
        return self.substitutions + self.deletions + self.hits

    @property
    def hypothesis_words(self) -> int:
        """S + I + H."""
        return self.substitutions + self.insertions + self.hits

    @property
    def errors(self) -> int:
        """S + D + I, which can exceed N."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def capped_errors(self) -> int:
        """E = min(S + D + I, N): what detection uses, so that one loop cannot outweigh a day."""
        return min(self.errors, self.reference_words)

    @property
    def wer(self) -> float | None:
        """(S + D + I) / N; above 1 where insertions abound; None for an empty reference."""
        words = self.reference_words
        return self.errors / words if words else None

    @property
    def is_loop(self) -> bool:
        """Whether the hypothesis runs away: more errors than words, and at least 20."""
        return self.errors >= LOOP_MINIMUM_ERRORS and self.errors > self.reference_words

    @property
    def is_empty(self) -> bool:
        """Whether the engine said nothing although something was spoken."""
        return self.hypothesis_words == 0 and self.reference_words > 0


def align(reference: Sequence[Hashable], hypothesis: Sequence[Hashable]) -> ErrorCounts:
    """Count the errors of the cheapest word alignment (Levenshtein distance, all costs 1).

    Several cheapest alignments can exist; the one that rapidfuzz finds is the one that jiwer reports.
    An empty reference makes every hypothesis word an insertion, an empty hypothesis every reference
    word a deletion.

    Parameters
    ----------
    reference, hypothesis
        Normalised tokens, or their hashes: only equality matters.

    Examples
    --------
    >>> align("no fever since monday".split(), "fever since on monday".split())
    ErrorCounts(substitutions=0, deletions=1, insertions=1, hits=3)
    >>> align([], ["thank", "you"])
    ErrorCounts(substitutions=0, deletions=0, insertions=2, hits=0)
    """
    operations = Levenshtein.editops(reference, hypothesis)
    edits, excess = len(operations), len(hypothesis) - len(reference)
    # S + D + I = edits and I - D = excess: where D is known, so are the others.
    if edits == abs(excess):
        deletions = max(-excess, 0)
    else:
        deletions = [tag for tag, _, _ in operations.as_list()].count("delete")
    insertions = deletions + excess
    substitutions = edits - deletions - insertions
    hits = len(reference) - substitutions - deletions
    return ErrorCounts(substitutions, deletions, insertions, hits)


def aligned(
    reference: Sequence[Hashable], hypothesis: Sequence[Hashable]
) -> list[tuple[int | None, int | None]]:
    """Pair the words of the reference with those of the hypothesis, in the alignment that `align` counts.

    Words are given by their places; None stands against a deleted word and against an inserted one.

    Examples
    --------
    >>> aligned("no fever since monday".split(), "no since monday evening".split())
    [(0, 0), (1, None), (2, 1), (3, 2), (None, 3)]
    """
    pairs: list[tuple[int | None, int | None]] = []
    for operation in Levenshtein.opcodes(reference, hypothesis):
        spoken: Sequence[int | None] = range(operation.src_start, operation.src_end)
        heard: Sequence[int | None] = range(operation.dest_start, operation.dest_end)
        pairs += zip(spoken or [None] * len(heard), heard or [None] * len(spoken), strict=True)
    return pairs
