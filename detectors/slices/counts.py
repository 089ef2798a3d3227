"""Sums over the part of some speaker-shifts that lies in one slice, with what their spread is known by."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from detectors.tally import Tally
from detectors.unit import CORRELATION

LEAST_SESSIONS_OF_OWN_SPREAD = 8
"""From so many sessions on a slice's own spread is taken where it is above the pooled one."""


class SliceCounts(msgspec.Struct, gc=False):
    """Sums of raw counts; ``errors`` are capped at each utterance's words, as everywhere in detection.

    The last three are sums of E^2, E N and N^2 over sessions, of which E and N are the sums: the errors of
    one session, and of one speaker in it, are correlated, so it is sessions that count.
    """

    units: int = 0
    sessions: int = 0
    utterances: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    words: int = 0
    errors: int = 0
    errors_squared: int = 0
    errors_words: int = 0
    words_squared: int = 0

    @property
    def rate(self) -> float:
        """r = E / N; 0 without words."""
        return self.errors / self.words if self.words else 0.0

    @property
    def spread(self) -> float:
        """Sum of (E - r N)^2 over the sessions."""
        rate = self.rate
        return max(self.errors_squared - 2.0 * rate * self.errors_words + rate**2 * self.words_squared, 0.0)

    @property
    def binomial_spread(self) -> float:
        """What `spread` would be, over r (1 - r), at a correlation of 0.05 between words of a session."""
        return (1.0 - CORRELATION) * self.words + CORRELATION * self.words_squared

    def add(self, part: Tally, earlier: tuple[int, int] = (0, 0)) -> None:
        """Add a part of a unit, of a session that has brought ``earlier`` errors and words already."""
        errors, words = part.capped_errors, part.reference_words
        session_errors, session_words = earlier
        self.units += 1
        self.sessions += session_words == 0
        self.utterances += part.utterances
        self.substitutions += part.substitutions
        self.deletions += part.deletions
        self.insertions += part.insertions
        self.words += words
        self.errors += errors
        self.errors_squared += errors * (errors + 2 * session_errors)
        self.errors_words += errors * words + errors * session_words + words * session_errors
        self.words_squared += words * (words + 2 * session_words)

    def merge(self, other: SliceCounts) -> None:
        """Add sums over other sessions."""
        self.units += other.units
        self.sessions += other.sessions
        self.utterances += other.utterances
        self.substitutions += other.substitutions
        self.deletions += other.deletions
        self.insertions += other.insertions
        self.words += other.words
        self.errors += other.errors
        self.errors_squared += other.errors_squared
        self.errors_words += other.errors_words
        self.words_squared += other.words_squared

    def without(self, part: SliceCounts) -> SliceCounts:
        """What is left without ``part``, all of which was merged here."""
        return SliceCounts(*(a - b for a, b in zip(self.to_state(), part.to_state(), strict=True)))

    @classmethod
    def together(cls, parts: Iterable[SliceCounts]) -> SliceCounts:
        """The sum of several."""
        whole = cls()
        for part in parts:
            whole.merge(part)
        return whole

    def variance(self, dispersion: float, level: float) -> float:
        """Variance of r, in a slice whose true rate is near ``level``; infinite without words.

        With n sessions and phi = ``dispersion``, the larger of phi b (1 - b) sum((1 - rho) N + rho N^2) /
        (sum N)^2 and, from 8 sessions on, n / (n - 1) sum (E - r N)^2 / (sum N)^2, the ratio's own
        linearised variance.
        """
        if not self.words:
            return float("inf")
        pooled = dispersion * level * (1.0 - level) * self.binomial_spread
        own = 0.0
        if self.sessions >= LEAST_SESSIONS_OF_OWN_SPREAD:
            own = self.spread * self.sessions / (self.sessions - 1.0)
        return max(pooled, own) / self.words**2

    def to_state(self) -> list[int]:
        """JSON-ready state, for `detectors.state`."""
        return [
            self.units,
            self.sessions,
            self.utterances,
            self.substitutions,
            self.deletions,
            self.insertions,
            self.words,
            self.errors,
            self.errors_squared,
            self.errors_words,
            self.words_squared,
        ]

    @classmethod
    def from_state(cls, state: list[int]) -> SliceCounts:
        """The sums whose state `to_state` gave."""
        return cls(*state)
