"""What an estimate rests on: words, errors by type, utterances, units, and up to a few speakers."""

from __future__ import annotations

from dataclasses import dataclass, field

from detectors.alignment import ErrorCounts

ENOUGH_SPEAKERS = 3
"""From how many speakers on an alert may page; a tally remembers no more keys than this."""


@dataclass(slots=True)
class Tally:
    """Sums of raw counts.

    ``capped_errors`` is the sum of min(S + D + I, N) over the utterances, which detection uses; ``loops``
    and ``empties`` count the utterances that ran away or have no hypothesis although something was said;
    ``speakers`` holds the first three distinct speaker keys.
    """

    units: int = 0
    utterances: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    reference_words: int = 0
    capped_errors: int = 0
    loops: int = 0
    empties: int = 0
    speakers: list[str] = field(default_factory=list)

    @property
    def errors(self) -> int:
        """S + D + I."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def wer(self) -> float | None:
        """Raw WER, a ratio of sums; None without words."""
        return self.errors / self.reference_words if self.reference_words else None

    def count(self, counts: ErrorCounts) -> None:
        """Add an utterance."""
        words, errors = counts.reference_words, counts.errors
        self.utterances += 1
        self.substitutions += counts.substitutions
        self.deletions += counts.deletions
        self.insertions += counts.insertions
        self.reference_words += words
        if errors < words:
            self.capped_errors += errors
        else:  # only then can it be a loop or empty
            self.capped_errors += words
            self.loops += counts.is_loop
            self.empties += counts.is_empty

    def merge(self, other: Tally) -> None:
        """Add another tally's counts."""
        self.units += other.units
        self.utterances += other.utterances
        self.substitutions += other.substitutions
        self.deletions += other.deletions
        self.insertions += other.insertions
        self.reference_words += other.reference_words
        self.capped_errors += other.capped_errors
        self.loops += other.loops
        self.empties += other.empties
        if len(self.speakers) < ENOUGH_SPEAKERS:
            for speaker in other.speakers:
                self.meet(speaker)

    def plus(self, other: Tally) -> Tally:
        """Both tallies' counts, in a tally of their own."""
        both = Tally(
            self.units + other.units,
            self.utterances + other.utterances,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
            self.reference_words + other.reference_words,
            self.capped_errors + other.capped_errors,
            self.loops + other.loops,
            self.empties + other.empties,
            self.speakers.copy(),
        )
        for speaker in other.speakers:
            both.meet(speaker)
        return both

    def without(self, part: Tally) -> Tally:
        """What is left without the counts of ``part``, which was merged before; the speakers stay."""
        return Tally(
            self.units - part.units,
            self.utterances - part.utterances,
            self.substitutions - part.substitutions,
            self.deletions - part.deletions,
            self.insertions - part.insertions,
            self.reference_words - part.reference_words,
            self.capped_errors - part.capped_errors,
            self.loops - part.loops,
            self.empties - part.empties,
            self.speakers.copy(),
        )

    def meet(self, speaker: str) -> None:
        """Remember a speaker's key while there is room."""
        if len(self.speakers) < ENOUGH_SPEAKERS and speaker not in self.speakers:
            self.speakers.append(speaker)

    def copy(self) -> Tally:
        """An independent tally of the same counts."""
        return Tally(
            self.units,
            self.utterances,
            self.substitutions,
            self.deletions,
            self.insertions,
            self.reference_words,
            self.capped_errors,
            self.loops,
            self.empties,
            self.speakers.copy(),
        )
