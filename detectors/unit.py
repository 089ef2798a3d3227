"""The unit of evidence: a speaker-shift, the scored utterances of one speaker in one stretch of work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from detectors.alignment import ErrorCounts
from detectors.tally import Tally

IDLE_S = 30 * 60.0
LONGEST_S = 12 * 3600.0
MOST_WORDS = 400
CORRELATION = 0.05
"""rho between words of one unit, for weights: a wrong value costs efficiency, never validity."""

Attributes = tuple[tuple[str, str], ...]
"""Names and values, in order of the names."""


@dataclass(frozen=True, slots=True)
class ScoredUtterance:
    """One utterance with its error counts, as the monitor sees it: no text.

    Parameters
    ----------
    cohort
        Value of the cohort attribute(s).
    at_s
        When it was spoken, seconds since the epoch.
    counts
        The alignment's counts.
    speaker
        Pseudonymous speaker key; None where the customer sends none.
    unit_key
        What to count as one speaker-shift where there is no speaker: the session, or place and hour.
    session
        Pseudonymous session key, shared by the speakers of one recording; None where the customer sends none.
    normaliser
        Version of the rules that both sides went through; another version begins another baseline.
    attributes
        What else is known of where it comes from: site, device and the like.
    """

    cohort: str
    at_s: float
    counts: ErrorCounts
    speaker: str | None = None
    unit_key: str = ""
    session: str | None = None
    normaliser: str = ""
    attributes: Attributes = ()


@dataclass(slots=True)
class Unit:
    """A speaker-shift, open or closed. Its words are correlated, so it counts A_u effective words.

    ``attributes`` are those of its first utterance, ``elsewhere`` the counts of what has others.
    """

    key: str
    cohort: str
    started_s: float
    last_s: float
    touched_s: float
    has_speaker: bool
    session: str | None = None
    tally: Tally = field(default_factory=Tally)
    attributes: Attributes = ()
    elsewhere: list[tuple[Attributes, Tally]] = field(default_factory=list)

    @property
    def speaker(self) -> str | None:
        """The speaker's key, None where there is none."""
        return self.key if self.has_speaker else None

    @property
    def effective_words(self) -> float:
        """A_u = N / (1 + (N - 1) rho), at most 1/rho = 20."""
        words = self.tally.reference_words
        return words / (1.0 + (words - 1) * CORRELATION) if words else 0.0

    @property
    def error_rate(self) -> float:
        """x = E / N in [0, 1], the utterances' errors capped at their words; 0 without words."""
        words = self.tally.reference_words
        return self.tally.capped_errors / words if words else 0.0

    @property
    def parts(self) -> list[tuple[Attributes, Tally]]:
        """The counts by attributes."""
        if not self.elsewhere:
            return [(self.attributes, self.tally)]
        rest = self.tally
        for _, tally in self.elsewhere:
            rest = rest.without(tally)
        return [(self.attributes, rest), *self.elsewhere]

    def add(self, scored: ScoredUtterance) -> None:
        """Add an utterance's counts."""
        self.tally.count(scored.counts)
        if scored.attributes != self.attributes:
            self._count_elsewhere(scored)
        if scored.at_s < self.started_s:
            self.started_s = scored.at_s
        if scored.at_s > self.last_s:
            self.last_s = scored.at_s

    def _count_elsewhere(self, scored: ScoredUtterance) -> None:
        for attributes, tally in self.elsewhere:
            if attributes == scored.attributes:
                tally.count(scored.counts)
                return
        tally = Tally()
        tally.count(scored.counts)
        self.elsewhere.append((scored.attributes, tally))


@dataclass(slots=True)
class UnitTracker:
    """Sorts scored utterances into units and says when a unit is complete.

    A unit closes after 30 min without its speaker, after 12 h or at 400 words. The clock is the stream's own:
    the latest ``at_s`` seen so far. An utterance that arrives late is put into the unit that is open now if
    it was spoken within 30 min of it, else into a unit of its own, and closing waits for 30 min of the
    stream's time after the last arrival.

    Examples
    --------
    >>> tracker = UnitTracker()
    >>> hit = ErrorCounts(substitutions=0, deletions=0, insertions=0, hits=10)
    >>> [len(tracker.add(ScoredUtterance("en", t, hit, "ann"))) for t in (0.0, 60.0)]
    [0, 0]
    >>> [closed] = tracker.add(ScoredUtterance("en", 4_000.0, hit, "bob"))
    >>> closed.key, closed.tally.utterances, closed.tally.reference_words
    ('ann', 2, 20)
    """

    now_s: float = float("-inf")
    open: dict[str, Unit] = field(default_factory=dict)

    def add(self, scored: ScoredUtterance) -> list[Unit]:
        """Add an utterance; return the units that are complete now, oldest first."""
        if scored.at_s > self.now_s:
            self.now_s = scored.at_s
        closed = self.close_idle()
        key = scored.speaker or scored.unit_key
        slot = f"{scored.cohort} {key}"
        unit = self.open.pop(slot, None)
        if unit is not None and not _belongs(scored, unit):
            closed.append(unit)
            unit = None
        if unit is None:
            unit = Unit(
                key,
                scored.cohort,
                scored.at_s,
                scored.at_s,
                self.now_s,
                has_speaker=scored.speaker is not None,
                session=scored.session if scored.speaker is not None else None,
                attributes=scored.attributes,
            )
            if scored.speaker is not None:
                unit.tally.meet(scored.speaker)
        unit.add(scored)
        unit.touched_s = self.now_s
        if unit.tally.reference_words >= MOST_WORDS:
            closed.append(unit)
        else:
            self.open[slot] = unit  # last in the dict: the dict stays ordered by touched_s
        for complete in closed:
            complete.tally.units = 1
        return closed

    def idle(self, idle_s: float) -> Iterator[Unit]:
        """The open units without their speaker for so long, the longest first."""
        for unit in self.open.values():
            if self.now_s - unit.touched_s < idle_s:
                return
            yield unit

    def close_idle(self, idle_s: float = IDLE_S) -> list[Unit]:
        """Complete the open units without their speaker for so long; should he return, it is another unit."""
        closed = []
        while self.open:
            slot, unit = next(iter(self.open.items()))
            if self.now_s - unit.touched_s < idle_s:
                break
            unit.tally.units = 1
            closed.append(self.open.pop(slot))
        return closed

    def drop(self, cohort: str | None = None) -> None:
        """Forget the open units of one cohort, or of all."""
        self.open = {slot: unit for slot, unit in self.open.items() if cohort not in (None, unit.cohort)}


def _belongs(scored: ScoredUtterance, unit: Unit) -> bool:
    at_s, start, end = scored.at_s, unit.started_s, unit.last_s
    if not start - IDLE_S < at_s < end + IDLE_S:
        return False
    return (at_s if at_s > end else end) - (at_s if at_s < start else start) < LONGEST_S
