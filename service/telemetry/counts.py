"""What this process has seen: counters that start at 0 with it, for Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock

from detectors.alignment import ErrorCounts
from service.providers import READERS
from service.records import EDITED, Outcome, Receipt, tallied

TOGETHER = (
    "utterances",
    "scored",
    "reference_words",
    "word_errors",
    "empty_hypotheses",
    "loops",
    "edited_references",
    "edited_reference_words",
    "edited_word_errors",
    "outcomes",
    "last_reference_at",
    "critical_terms",
    "critical_terms_missed",
    "critical_terms_inserted",
)
"""What one object changes at once: a scrape that saw words without their errors would show too low a WER."""
LISTENERS = ("api", "metrics")
SELECTIONS = ("random", "requested", "volunteered")
FORGOTTEN = (
    ("utterance", "age"),
    ("utterance", "size"),
    ("reference", "age"),
    ("reference", "size"),
    ("reference", "normaliser"),
    ("scored", "age"),
    ("alert", "age"),
    ("trace", "age"),
)
RECORDING_ENDS = ("scored", "refused")
TEXT_EVENTS = ("kept", "erased", "expired")
REASONS = {
    400: "not_json",
    408: "broken_off",
    409: "conflict",
    410: "erased",
    413: "too_large",
    415: "media_type",
    422: "invalid",
}
OTHER = "other"
REJECTIONS = (*REASONS.values(), OTHER)


@dataclass(slots=True)
class Counts:
    """Monotone counts by their labels, counted after each commit."""

    utterances: Counter[str] = field(default_factory=Counter)
    scored: Counter[tuple[str, str]] = field(default_factory=Counter)
    reference_words: Counter[tuple[str, str]] = field(default_factory=Counter)
    word_errors: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    empty_hypotheses: Counter[str] = field(default_factory=Counter)
    loops: Counter[str] = field(default_factory=Counter)
    critical_terms: Counter[tuple[str, str]] = field(default_factory=Counter)
    critical_terms_missed: Counter[tuple[str, str]] = field(default_factory=Counter)
    critical_terms_inserted: Counter[tuple[str, str]] = field(default_factory=Counter)
    edited_references: Counter[str] = field(default_factory=Counter)
    edited_reference_words: Counter[str] = field(default_factory=Counter)
    edited_word_errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(Outcome, 0)))
    last_reference_at: dict[str, float] = field(default_factory=dict)
    deliveries: Counter[tuple[str, str]] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(REJECTIONS, 0)))
    crowded_out: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(LISTENERS, 0)))
    texts: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(TEXT_EVENTS, 0)))
    refreshes: Counter[tuple[str, str]] = field(default_factory=Counter)
    disabled: set[str] = field(default_factory=set)
    ignored_results: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(READERS, 0)))
    late_utterances: int = 0
    recordings: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(RECORDING_ENDS, 0)))
    undeclared_attributes: int = 0
    forgotten: Counter[tuple[str, str]] = field(default_factory=lambda: Counter(dict.fromkeys(FORGOTTEN, 0)))
    monitor_failures: int = 0

    _turn: Lock = field(default_factory=Lock, repr=False, compare=False)

    def taken(self) -> Counts:
        """What was counted up to one moment; of no object a part only. Any thread may ask.

        What belongs to single objects is a copy, the rest goes on to be counted.
        """
        with self._turn:
            return replace(self, **{name: getattr(self, name).copy() for name in TOGETHER})

    def reject(self, status: int) -> None:
        """Count an object that was not taken, by the reason that its HTTP status gives."""
        self.rejected[REASONS.get(status, OTHER)] += 1

    def crowd_out(self, listener: str) -> None:
        """Count a connection that was closed to make room for another."""
        self.crowded_out[listener] += 1

    def know(self, cohorts: Iterable[str]) -> None:
        """Let every series of a cohort exist at 0: a counter born above 0 hides its first increase."""
        for cohort in cohorts:
            if cohort in self.utterances:
                continue
            self.utterances[cohort] = self.empty_hypotheses[cohort] = self.loops[cohort] = 0
            for selection in SELECTIONS:
                self.scored[cohort, selection] = 0
                self.reference_words[cohort, selection] = 0
                self.critical_terms[cohort, selection] = 0
                self.critical_terms_missed[cohort, selection] = 0
                self.critical_terms_inserted[cohort, selection] = 0
                for kind in ("substitution", "deletion", "insertion"):
                    self.word_errors[cohort, selection, kind] = 0

    def receive(self, receipts: Sequence[Receipt], now: float) -> list[tuple[Receipt, int]]:
        """Count committed objects; return them `tallied`."""
        tally = tallied(receipts)
        for receipt, times in tally:
            with self._turn:
                self._receive(receipt, times, now)
        return tally

    def end_recording(self, scored: Iterable[Receipt], now: float) -> None:
        """Count a reference by recording that waits no more, and the utterances that were scored with it."""
        receipts = list(scored)
        self.recordings["scored" if receipts else "refused"] += 1
        for receipt in receipts:
            with self._turn:
                self._score(receipt, 1, now)

    def _receive(self, receipt: Receipt, times: int, now: float) -> None:
        self.outcomes[receipt.outcome.value] += times
        self.texts["kept"] += times * receipt.texts
        if receipt.cohort is None:
            return
        self.know((receipt.cohort,))
        if receipt.is_new_utterance:
            self.utterances[receipt.cohort] += times
            self.empty_hypotheses[receipt.cohort] += times * receipt.is_empty
            self.late_utterances += times * receipt.is_late
        if receipt.outcome is Outcome.SCORED:
            self._score(receipt, times, now)

    def _score(self, receipt: Receipt, times: int, now: float) -> None:
        cohort, counts, selection = receipt.cohort, receipt.counts, receipt.selection
        if cohort is None or counts is None:
            return
        if receipt.kind == EDITED:
            self.edited_references[cohort] += times
            self.edited_reference_words[cohort] += times * counts.reference_words
            for kind, count in _by_type(counts):
                self.edited_word_errors[cohort, kind] += times * count
        elif selection is not None:
            self.scored[cohort, selection] += times
            self.reference_words[cohort, selection] += times * counts.reference_words
            for kind, count in _by_type(counts):
                self.word_errors[cohort, selection, kind] += times * count
            self.loops[cohort] += times * counts.is_loop
            self.last_reference_at[cohort] = now
            if receipt.critical is not None:
                self.critical_terms[cohort, selection] += times * receipt.critical.terms
                self.critical_terms_missed[cohort, selection] += times * receipt.critical.missed
                self.critical_terms_inserted[cohort, selection] += times * receipt.critical.inserted


def _by_type(counts: ErrorCounts) -> Iterator[tuple[str, int]]:
    yield "substitution", counts.substitutions
    yield "deletion", counts.deletions
    yield "insertion", counts.insertions
