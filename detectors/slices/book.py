"""Where a cohort's speech comes from: bounded counts of its attribute values over time.

Counts are kept by whole combinations (site, device, engine version together), since those of any slice, be it
one value, a pair or everything else, are sums over them. Where there are more combinations than room, values
and pairs of them are counted apart from then on (`detectors.slices.marginals`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from detectors.slices.cell import SliceCell, bucket_of
from detectors.slices.counts import SliceCounts
from detectors.slices.divided import Divided, Splits
from detectors.slices.marginals import MOST_PAIRS, STALE_S, SWEEP_S, Marginals, kind
from detectors.tally import Tally
from detectors.unit import Attributes, Unit

MOST_CELLS = 96
"""Combinations of a cohort; with further ones values and pairs are counted apart."""
MOST_SPANS = 8
LEAST_FOLDED = 0.01
"""Of the words; of less it need not be said that an attribute is missing there."""


class Folded(msgspec.Struct, frozen=True):
    """An attribute, or pairs of two, not counted for want of room, and of which share of the words.

    Where it was not sent it is not known either: what is missing cannot be told from what was left out.
    """

    attribute: str
    share: float


@dataclass(slots=True)
class SliceBook:
    """Counts of one cohort by where it was spoken.

    Parameters
    ----------
    cells
        By combination of values, as long as there is room for all. An attribute that one lacks was not sent.
    apart
        By value and by pair of values, where there is not.
    from_s
        What began before is not compared with: another normal held.
    spans
        When the cohort was in alarm, which is nothing to compare with either; the last eight times.
    """

    cells: dict[Attributes, SliceCell] = field(default_factory=dict)
    apart: Marginals | None = None
    from_s: float = float("-inf")
    spans: list[tuple[float, float]] = field(default_factory=list)
    swept_s: float = float("-inf")

    @property
    def is_empty(self) -> bool:
        """Whether no attributes are known of any speech."""
        return not self.cells and self.apart is None

    @property
    def is_apart(self) -> bool:
        """Whether values and pairs are counted apart from their combinations."""
        return self.apart is not None

    @property
    def size(self) -> int:
        """How many combinations, or values and pairs, are counted."""
        return len(self._known())

    @property
    def first_s(self) -> float:
        """When the first unit that is known began; infinity before it."""
        return min((cell.first_s for cell in self._known().values()), default=float("inf"))

    def add(
        self,
        unit: Unit,
        now_s: float,
        cohort_attributes: Collection[str] = (),
        most_pairs: int = MOST_PAIRS,
    ) -> None:
        """Take a complete unit, each part of it where it was spoken.

        ``cohort_attributes`` are those that make cohorts: what the cohort's name says is no slice of it.
        ``most_pairs`` is the room for pairs of values, should they be counted apart.
        """
        for attributes, tally in unit.parts:
            if tally.reference_words:
                kept = _but_of_cohort(attributes, unit.cohort, cohort_attributes)
                if kept or not self.is_empty:
                    self._add(kept, unit, tally, now_s, most_pairs)

    def begin(self, at_s: float) -> None:
        """Compare with what comes from now on only."""
        self.from_s = at_s
        self.spans = [span for span in self.spans if span[1] > at_s]

    def exclude(self, start_s: float, end_s: float) -> None:
        """Compare with nothing from this time."""
        self.spans = [*self.spans, (start_s, end_s)][-MOST_SPANS:]

    def split(self, onset_s: float, now_s: float, earliest_s: float | None = None) -> Divided:
        """The counts until an onset and since.

        A bucket that the onset lies in is after it. What lies between ``earliest_s``, when the onset may
        have been at the earliest, and the onset is neither.
        """
        normal_until_s = min(onset_s, onset_s if earliest_s is None else earliest_s)
        is_after, is_before = dict[int, bool](), dict[int, bool]()
        splits = []
        for attributes, cell in self._known().items():
            before, after = SliceCounts(), SliceCounts()
            for start, counts in cell.buckets.items():
                if start not in is_after:
                    # Buckets of all begin at the same times.
                    bucket = bucket_of(start, now_s)
                    is_after[start] = bucket[1] > onset_s
                    is_before[start] = bucket[1] <= normal_until_s and self._is_normal(*bucket)
                if is_after[start]:
                    after.merge(counts)
                elif is_before[start]:
                    before.merge(counts)
            speakers = tuple(name for name, at_s in cell.speakers.items() if at_s >= onset_s)
            splits.append(Splits(attributes, before, after, speakers, cell.first_s))
        return Divided(tuple(splits), is_apart=self.is_apart)

    def until(self, at_s: float, now_s: float) -> list[tuple[Attributes, SliceCounts]]:
        """The counts of what was normal until a time, to the nearest bucket before it."""
        split = self.split(at_s, now_s)
        return [(each.attributes, each.before) for each in split.parts]

    def since(self, start_s: float, now_s: float) -> Divided:
        """What began after this time, to the nearest bucket; nothing is before it."""
        heard = [each for each in self.split(start_s, now_s).parts if each.after.words]
        nothing = SliceCounts()
        return Divided(
            tuple(
                Splits(each.attributes, nothing, each.after, each.speakers, each.first_s) for each in heard
            ),
            is_apart=self.is_apart,
        )

    def _known(self) -> dict[Attributes, SliceCell]:
        return self.cells if self.apart is None else self.apart.cells

    def _is_normal(self, start_s: int, end_s: int) -> bool:
        middle = (start_s + end_s) / 2.0
        return start_s >= self.from_s and not any(start <= middle < end for start, end in self.spans)

    def _add(self, attributes: Attributes, unit: Unit, tally: Tally, now_s: float, most_pairs: int) -> None:
        if self.apart is None:
            cell = self.cells.get(attributes)
            if cell is None and len(self.cells) >= MOST_CELLS:
                self._sweep(now_s)
            if cell is None and len(self.cells) < MOST_CELLS:
                cell = self.cells[attributes] = SliceCell(unit.started_s, unit.started_s)
            if cell is not None:
                cell.add(unit, tally, now_s)
                return
            self.apart, self.cells = Marginals.of(self.cells, now_s), {}
        self.apart.add(unit, attributes, tally, now_s, most_pairs)

    def _sweep(self, now_s: float) -> None:
        """Forget combinations that were not heard for long, once a day."""
        if now_s - self.swept_s >= SWEEP_S:
            self.swept_s = now_s
            self.cells = {key: cell for key, cell in self.cells.items() if now_s - cell.last_s < STALE_S}

    def to_state(self) -> dict[str, Any]:
        """JSON-ready state, for `detectors.state`."""
        return {
            "cells": [[key, cell.to_state()] for key, cell in self.cells.items()],
            "apart": None if self.apart is None else self.apart.to_state(),
            "from_s": self.from_s,
            "spans": [list(span) for span in self.spans],
            "swept_s": self.swept_s,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> SliceBook:
        """The book whose state `to_state` gave."""
        apart = state["apart"]
        return cls(
            {tuple(map(tuple, key)): SliceCell.from_state(cell) for key, cell in state["cells"]},
            None if apart is None else Marginals.from_state(apart),
            state["from_s"],
            [(start_s, end_s) for start_s, end_s in state["spans"]],
            state["swept_s"],
        )


def folded(books: Sequence[SliceBook], start_s: float, now_s: float) -> tuple[Folded, ...]:
    """What is not counted of all that began after this time, the one missing most first."""
    if not any(book.apart is not None and (book.apart.full or book.apart.not_paired) for book in books):
        return ()
    known = [(book.apart, book.since(start_s, now_s)) for book in books]
    words = sum(divided.whole.after.words for _, divided in known)
    missing: dict[str, int] = {}
    for apart, divided in known:
        for name, few in _missing(apart, divided) if apart is not None else ():
            missing[name] = missing.get(name, 0) + few
    found = [Folded(name, few / words) for name, few in missing.items() if few >= LEAST_FOLDED * words > 0.0]
    return tuple(sorted(found, key=lambda each: (-each.share, each.attribute)))


def _missing(apart: Marginals, divided: Divided) -> Iterator[tuple[str, int]]:
    """Of how many words an attribute, or pairs of two, are not counted."""
    whole = divided.whole.after.words
    for name in apart.full:
        yield name, whole - _words(divided.parts, (name,))
    for names in apart.not_paired:
        yield f"pairs of {' and '.join(names)}", whole


def _words(parts: Iterable[Splits], attributes: tuple[str, ...]) -> int:
    return sum(each.after.words for each in parts if kind(each.attributes) == attributes)


def _but_of_cohort(attributes: Attributes, cohort: str, cohort_attributes: Collection[str]) -> Attributes:
    """Without what the cohort's name says; of one into which many are folded it does not say it."""
    parts = (cohort, *cohort.split("/"))
    return tuple(
        (name, value) for name, value in attributes if not (name in cohort_attributes and value in parts)
    )
