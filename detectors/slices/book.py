"""Where a cohort's speech comes from: bounded counts of every combination of attribute values over time.

Counts are kept by whole combinations (site, device, engine version together), since those of any slice, be it
one value, a pair or everything else, are sums over them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from detectors.slices.cell import Bucket, SliceCell
from detectors.slices.counts import SliceCounts
from detectors.unit import Attributes, Unit

MOST_CELLS = 96
"""Combinations of a cohort; of further ones the attribute with the most values is left out, and so on."""
MORE_CELLS = 16
"""For each attribute that is left out, so many more."""
STALE_S = 60 * 86_400.0
SWEEP_S = 86_400.0
MOST_SPANS = 8
LEAST_FOLDED = 0.01
"""Of the words; of less it need not be said that an attribute is missing there."""


class Splits(msgspec.Struct, frozen=True):
    """A combination's counts until an onset and since.

    ``speakers`` are some that were heard since the onset, up to three; ``first_s`` is when the combination
    was seen first.
    """

    attributes: Attributes
    before: SliceCounts
    after: SliceCounts
    speakers: tuple[str, ...]
    first_s: float


class Folded(msgspec.Struct, frozen=True):
    """An attribute that was left out for want of room, and for which share of the words it is not known.

    Where it was not sent it is not known either: what is missing cannot be told from what was left out.
    """

    attribute: str
    share: float


@dataclass(slots=True)
class SliceBook:
    """Counts of one cohort by combination of values.

    Parameters
    ----------
    cells
        By combination. An attribute that a combination lacks was not sent, or is left out for want of room.
    left_out
        In which order attributes are left out once there is no more room.
    from_s
        What began before is not compared with: another normal held.
    spans
        When the cohort was in alarm, which is nothing to compare with either; the last eight times.
    """

    cells: dict[Attributes, SliceCell] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    from_s: float = float("-inf")
    spans: list[tuple[float, float]] = field(default_factory=list)
    swept_s: float = float("-inf")

    @property
    def first_s(self) -> float:
        """When the first unit that is known began; infinity before it."""
        return min((cell.first_s for cell in self.cells.values()), default=float("inf"))

    def add(self, unit: Unit, now_s: float, cohort_attributes: Collection[str] = ()) -> None:
        """Take a complete unit, each part of it where it was spoken.

        ``cohort_attributes`` are those that make cohorts: what the cohort's name says is no slice of it.
        """
        for attributes, tally in unit.parts:
            if tally.reference_words:
                kept = _but_of_cohort(attributes, unit.cohort, cohort_attributes)
                if kept or self.cells:
                    self._cell(kept, unit.started_s, now_s).add(unit, tally, now_s)

    def begin(self, at_s: float) -> None:
        """Compare with what comes from now on only."""
        self.from_s = at_s
        self.spans = [span for span in self.spans if span[1] > at_s]

    def exclude(self, start_s: float, end_s: float) -> None:
        """Compare with nothing from this time."""
        self.spans = [*self.spans, (start_s, end_s)][-MOST_SPANS:]

    def split(self, onset_s: float, now_s: float, earliest_s: float | None = None) -> list[Splits]:
        """Every combination's counts until an onset and since.

        A bucket that the onset lies in is after it. What lies between ``earliest_s``, when the onset may
        have been at the earliest, and the onset is neither.
        """
        normal_until_s = min(onset_s, onset_s if earliest_s is None else earliest_s)
        splits = []
        for attributes, cell in self.cells.items():
            before, after = SliceCounts(), SliceCounts()
            for bucket in cell.bucketed(now_s):
                if bucket.end_s > onset_s:
                    after.merge(bucket.counts)
                elif bucket.end_s <= normal_until_s and self._is_normal(bucket):
                    before.merge(bucket.counts)
            speakers = tuple(name for name, at_s in cell.speakers.items() if at_s >= onset_s)
            splits.append(Splits(attributes, before, after, speakers, cell.first_s))
        return splits

    def until(self, at_s: float, now_s: float) -> list[tuple[Attributes, SliceCounts]]:
        """Every combination's counts of what was normal until a time, to the nearest bucket before it."""
        return [
            (
                attributes,
                SliceCounts.together(
                    bucket.counts for bucket in cell.until(at_s, now_s) if self._is_normal(bucket)
                ),
            )
            for attributes, cell in self.cells.items()
        ]

    def since(self, start_s: float, now_s: float) -> list[tuple[Attributes, SliceCounts]]:
        """Every combination's counts of what began after this time, to the nearest bucket."""
        return [(each.attributes, each.after) for each in self.split(start_s, now_s) if each.after.words]

    def _is_normal(self, bucket: Bucket) -> bool:
        middle = (bucket.start_s + bucket.end_s) / 2.0
        return bucket.start_s >= self.from_s and not any(start <= middle < end for start, end in self.spans)

    def _cell(self, attributes: Attributes, at_s: float, now_s: float) -> SliceCell:
        cell = self.cells.get(attributes)
        if cell is not None:
            return cell
        if len(self.cells) >= MOST_CELLS:
            attributes = self._with_room(attributes, now_s)
        return self.cells.setdefault(attributes, SliceCell(at_s, at_s))

    def _with_room(self, attributes: Attributes, now_s: float) -> Attributes:
        if now_s - self.swept_s >= SWEEP_S:
            self.swept_s = now_s
            self.cells = {key: cell for key, cell in self.cells.items() if now_s - cell.last_s < STALE_S}
        for name in sorted({name for name, _ in attributes} - set(self.left_out)):
            self._order(name)
        kept, most = attributes, MOST_CELLS
        for name in self.left_out:
            if kept in self.cells or len(self.cells) < most:
                break
            fewer = tuple(pair for pair in kept if pair[0] != name)
            if fewer != kept:
                kept, most = fewer, most + MORE_CELLS
        return kept

    def _order(self, name: str) -> None:
        """Take an attribute into the order in which they are left out: those with the most values first."""
        self.left_out.append(name)
        values: dict[str, set[str]] = {each: set() for each in self.left_out}
        for attributes in self.cells:
            for each, value in attributes:
                values.setdefault(each, set()).add(value)
        self.left_out.sort(key=lambda each: (-len(values[each]), each))

    def to_state(self) -> dict[str, Any]:
        """JSON-ready state, for `detectors.state`."""
        return {
            "cells": [[key, cell.to_state()] for key, cell in self.cells.items()],
            "left_out": list(self.left_out),
            "from_s": self.from_s,
            "spans": [list(span) for span in self.spans],
            "swept_s": self.swept_s,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> SliceBook:
        """The book whose state `to_state` gave."""
        return cls(
            {tuple(map(tuple, key)): SliceCell.from_state(cell) for key, cell in state["cells"]},
            list(state["left_out"]),
            state["from_s"],
            [(start_s, end_s) for start_s, end_s in state["spans"]],
            state["swept_s"],
        )


def folded(books: Sequence[SliceBook], start_s: float, now_s: float) -> tuple[Folded, ...]:
    """The attributes that are not known of all that began after this time, the one missing most first."""
    cells = [(book, *each) for book in books for each in book.since(start_s, now_s)]
    words = sum(counts.words for _, _, counts in cells)
    missing: dict[str, int] = {}
    for book, attributes, counts in cells:
        for name in set(book.left_out) - {name for name, _ in attributes}:
            missing[name] = missing.get(name, 0) + counts.words
    found = [Folded(name, few / words) for name, few in missing.items() if few >= LEAST_FOLDED * words]
    return tuple(sorted(found, key=lambda each: (-each.share, each.attribute)))


def _but_of_cohort(attributes: Attributes, cohort: str, cohort_attributes: Collection[str]) -> Attributes:
    """Without what the cohort's name says; of one into which many are folded it does not say it."""
    parts = (cohort, *cohort.split("/"))
    return tuple(
        (name, value) for name, value in attributes if not (name in cohort_attributes and value in parts)
    )
