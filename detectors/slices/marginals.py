"""Counts of each attribute value and of each pair of values, apart from whole combinations.

Of sites, devices and engine versions there may be thousands of combinations, but only as many values as have
names, and as many pairs as two attributes allow. What is said of a value rests on its own counts, however
many combinations it is part of. Where there are too many pairs, those of the two attributes with the most are
counted no longer, so that what is counted is counted in full.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from detectors.slices.cell import NARROWEST_S, SliceCell, half_hour, remember
from detectors.slices.counts import SliceCounts
from detectors.tally import Tally
from detectors.unit import Attributes, Unit

Where = Attributes
"""What describes a slice: one attribute with its value, or two; nothing for everything."""
Heard = dict[Attributes, tuple[int, int]]
"""Errors and words of a session by combination of values."""
Kind = tuple[str, ...]
"""The attributes of a slice."""

EVERYTHING: Where = ()
MOST_VALUES_OF_ONE = 128
"""Of an attribute; others are counted as everything, and as their pairs with no other's values."""
MOST_VALUES = 256
MOST_PAIRS, MOST_PAIRS_IN_ALL = 768, 12_288
"""Of a cohort, and of all cohorts together, each with as much of it."""
SESSIONS_REMEMBERED = 256
MOST_FOUND = 2_048
BUCKETS_UNTIL_WIDENED = 96
"""Of a slice, in between two times that its state is written."""
STALE_S = 60 * 86_400.0
SWEEP_S = 86_400.0
_NOT_HEARD = (0, 0)


@dataclass(slots=True)
class Marginals:
    """Counts of one cohort.

    Parameters
    ----------
    cells
        Of everything, of each value and of each pair of values, by what describes it.
    not_paired
        Attributes of which pairs are not counted, for want of room.
    full
        Attributes some values of which are not counted, for want of room.
    sessions
        The last sessions, or speakers where none are named: the half hour in which each was heard first, and
        its errors and words. What is heard an hour later or more counts as another session.
    """

    cells: dict[Where, SliceCell] = field(default_factory=dict)
    not_paired: list[Kind] = field(default_factory=list)
    full: list[str] = field(default_factory=list)
    sessions: dict[str, tuple[int, Heard]] = field(default_factory=dict)
    swept_s: float = float("-inf")
    now_s: float = float("-inf")
    # Cells of the combinations heard of late, which spares to look each of them up.
    _found: dict[Attributes, list[tuple[Where, SliceCell]]] = field(default_factory=dict)
    _values: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._values = Counter(where[0][0] for where in self.cells if len(where) == 1)

    @classmethod
    def of(cls, cells: Mapping[Attributes, SliceCell], now_s: float) -> Marginals:
        """The sums over whole combinations."""
        made = cls(now_s=now_s)
        for attributes, cell in cells.items():
            for _, own in made._find(attributes, cell.first_s, now_s, MOST_PAIRS):
                own.absorb(cell, now_s)
        heard = [
            (start, session, attributes, errors, words)
            for attributes, cell in cells.items()
            for session, (start, errors, words) in cell.sessions.items()
        ]
        for start, session, attributes, errors, words in sorted(heard):
            made._remember(session, start, attributes, errors, words)
        return made

    def add(
        self, unit: Unit, attributes: Attributes, part: Tally, now_s: float, most_pairs: int = MOST_PAIRS
    ) -> None:
        """Add the part of a unit that was spoken with these values."""
        self.now_s = now_s
        at_s, speaker = unit.started_s, unit.speaker
        start, session = half_hour(at_s), unit.session or unit.key
        heard = self._heard(session, start)
        alone = SliceCounts()
        alone.add(part)
        for where, cell in self._found.get(attributes) or self._find(attributes, at_s, now_s, most_pairs):
            counts = _beside(heard, where, part) if heard else alone
            cell.count(counts, at_s, speaker, now_s, BUCKETS_UNTIL_WIDENED)
        self._remember(session, start, attributes, part.capped_errors, part.reference_words)

    def _find(
        self, attributes: Attributes, at_s: float, now_s: float, most_pairs: int
    ) -> list[tuple[Where, SliceCell]]:
        """The slices that a combination of values is part of, as far as they are counted."""
        counted = self._counted(attributes, now_s)
        wheres = (EVERYTHING, *descriptions(counted))
        # Making room for one of them may forget another, which was not heard for long; only once a day.
        for where in 2 * wheres:
            self._make(where, at_s, now_s, most_pairs)
        found = [(where, self.cells[where]) for where in wheres if where in self.cells]
        if len(self._found) >= MOST_FOUND:
            self._found.clear()
        # For a value that has no room it is tried again each time, as it is after a restart.
        if counted == attributes:
            self._found[attributes] = found
        return found

    def _counted(self, attributes: Attributes, now_s: float) -> Attributes:
        """Those of these values that are counted, or may be from now on."""
        cells = self.cells
        for pair in attributes:
            if (pair,) not in cells:
                break
        else:
            return attributes
        return tuple(pair for pair in attributes if (pair,) in cells or self._has_room(pair[0], now_s))

    def _has_room(self, name: str, now_s: float) -> bool:
        if self._may_add(name):
            return True
        if self._sweep(now_s) and self._may_add(name):
            return True
        if name not in self.full:
            self.full.append(name)
        return False

    def _may_add(self, name: str) -> bool:
        return self._values.total() < MOST_VALUES and self._values[name] < MOST_VALUES_OF_ONE

    def _make(self, where: Where, at_s: float, now_s: float, most_pairs: int) -> None:
        """Begin to count a slice, unless it is a pair for which there is no room."""
        if where in self.cells:
            return
        if len(where) == 2:
            self._make_room(most_pairs, now_s)
            if kind(where) in self.not_paired:
                return
        if len(where) == 1:
            self._values[where[0][0]] += 1
        self.cells[where] = SliceCell(at_s, at_s)

    def _make_room(self, most_pairs: int, now_s: float) -> None:
        """Room for one pair more: those of the two attributes with the most are counted no longer."""
        if len(self.cells) < most_pairs:
            return
        kinds = Counter(kind(where) for where in self.cells if len(where) == 2)
        if kinds.total() >= most_pairs and self._sweep(now_s):
            kinds = Counter(kind(where) for where in self.cells if len(where) == 2)
        while kinds and kinds.total() >= most_pairs:
            most = min(kinds, key=lambda each: (-kinds[each], each))
            del kinds[most]
            self.not_paired.append(most)
            self._keep(where for where in self.cells if len(where) != 2 or kind(where) != most)

    def _sweep(self, now_s: float) -> bool:
        """Forget values and pairs that were not heard for long, once a day; False if that was done today."""
        if now_s - self.swept_s < SWEEP_S:
            return False
        self.swept_s = now_s
        self._keep(where for where, cell in self.cells.items() if not where or now_s - cell.last_s < STALE_S)
        return True

    def _keep(self, wheres: Iterable[Where]) -> None:
        self.cells = {where: self.cells[where] for where in wheres}
        self._values = Counter(where[0][0] for where in self.cells if len(where) == 1)
        self._found.clear()

    def _heard(self, session: str, start: int) -> Heard:
        """What is known of a session that was heard within the hour."""
        known = self.sessions.get(session)
        return known[1] if known is not None and abs(known[0] - start) <= NARROWEST_S else {}

    def _remember(self, session: str, start: int, attributes: Attributes, errors: int, words: int) -> None:
        heard = self._heard(session, start)
        if heard:
            start = self.sessions[session][0]
        before = heard.get(attributes, _NOT_HEARD)
        heard[attributes] = before[0] + errors, before[1] + words
        remember(self.sessions, session, (start, heard), SESSIONS_REMEMBERED)

    def to_state(self) -> dict[str, Any]:
        """JSON-ready state, for `detectors.state`; buckets are widened for it, which changes no answer."""
        for cell in self.cells.values():
            cell.widen(self.now_s)
        return {
            "cells": [[where, cell.to_state()] for where, cell in self.cells.items()],
            "not_paired": [list(each) for each in self.not_paired],
            "full": list(self.full),
            "sessions": [
                [session, start, [[attributes, *sums] for attributes, sums in heard.items()]]
                for session, (start, heard) in self.sessions.items()
            ],
            "swept_s": self.swept_s,
            "now_s": self.now_s,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Marginals:
        """The counts whose state `to_state` gave."""
        return cls(
            {_attributes(where): SliceCell.from_state(cell) for where, cell in state["cells"]},
            [tuple(each) for each in state["not_paired"]],
            list(state["full"]),
            {
                session: (start, {_attributes(each): (errors, words) for each, errors, words in heard})
                for session, start, heard in state["sessions"]
            },
            state["swept_s"],
            state["now_s"],
        )


def room_for_pairs(cohorts: int) -> int:
    """How many pairs of values each of so many cohorts may count."""
    return min(MOST_PAIRS, MOST_PAIRS_IN_ALL // cohorts)


def descriptions(attributes: Attributes) -> Iterable[Where]:
    """The slices that a combination of values is part of: each value, each pair.

    Examples
    --------
    >>> list(descriptions((("device", "cart"), ("site", "ward-7"))))
    [(('device', 'cart'),), (('site', 'ward-7'),), (('device', 'cart'), ('site', 'ward-7'))]
    """
    for pair in attributes:
        yield (pair,)
    yield from combinations(attributes, 2)


def kind(where: Where) -> Kind:
    """The attributes of a slice.

    Examples
    --------
    >>> kind((("device", "cart"), ("site", "ward-7")))
    ('device', 'site')
    """
    return tuple([name for name, _ in where])


def _beside(heard: Heard, where: Where, part: Tally) -> SliceCounts:
    """What a part adds to a slice in which its session was heard already."""
    errors = words = 0
    for attributes, (wrong, spoken) in heard.items():
        if all(pair in attributes for pair in where):
            errors, words = errors + wrong, words + spoken
    counts = SliceCounts()
    counts.add(part, (errors, words))
    return counts


def _attributes(state: list[list[str]]) -> Attributes:
    return tuple((name, value) for name, value in state)
