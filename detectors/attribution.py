"""Where a rise comes from: which slice, since when, whether others suffer there too, and why.

For an event the speech of a cohort, or of everybody, is compared before and since its onset over the values
of all attributes and their pairs: excess errors, the share of the excess that a slice explains, its error
rate before and since with intervals that count sessions. A slice is named as the cause only if its rise
stands out from everything else's by more than chance gives the largest of so many (see
`detectors.slice_contrast`), at the smallest description (`detectors.slice_naming`); else none is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from detectors.slice_contrast import Estimate, Sides, rise
from detectors.slice_counts import SliceCounts
from detectors.slice_naming import Naming
from detectors.slice_table import SliceTable, Where, descriptions, summed
from detectors.slices import SliceBook, Splits
from detectors.stories import Stories, rise_of_others, stories

MOST_RANKED = 10
MOST_TOO_LITTLE = 10
MOST_NEW = 5
SAME_SHARE = 0.95
"""Two descriptions that share so much of their speech describe the same slice."""
EXPECTED_BEFORE = 5.0
"""A value is new if it was never heard before though so many sessions of it were to be expected."""
AROUND_ONSET_S = 86_400.0
"""How long before the onset a value may have been heard first and still be a candidate."""
Z = 1.96


@dataclass(frozen=True, slots=True)
class SliceChange:
    """What became of a slice; rates and their intervals (95 %) as ratios.

    Parameters
    ----------
    where
        What describes the slice; empty for everything outside the named ones.
    before, after
        Counts until the onset and since, of those whose event it is.
    excess_errors, share
        Errors beyond what the cohort's own rate in the slice predicts, and their share of the whole excess;
        the share is None where there is no excess.
    rise, lower, upper
        Of the error rate; None without speech on both sides.
    others
        The other cohorts' mean rise there, with its interval; None where none can be compared.
    same_as
        Other descriptions of the same speech.
    """

    where: Where
    before: SliceCounts
    after: SliceCounts
    excess_errors: float
    share: float | None
    rise: float | None
    lower: float | None
    upper: float | None
    others: tuple[float, float, float] | None = None
    same_as: tuple[Where, ...] = ()

    @property
    def others_suffer(self) -> bool | None:
        """Whether the other cohorts' rise there is at least half of this one; None if that cannot be told."""
        if self.others is None or self.rise is None:
            return None
        value, lower, upper = self.others
        if lower > 0.0 and value >= self.rise / 2.0:
            return True
        return False if upper < self.rise / 2.0 else None


@dataclass(frozen=True, slots=True)
class NewValue:
    """A value first heard around the onset: a candidate, however little it explains."""

    attribute: str
    value: str
    first_s: float
    sessions: int
    share: float | None


@dataclass(frozen=True, slots=True)
class Attribution:
    """Where a rise comes from.

    Parameters
    ----------
    named
        The slices that stand out, the first one first; empty if none does.
    elsewhere
        Everything outside them.
    ranked
        Slices by the excess that they explain, standing out or not.
    too_little
        Slices that have too little speech to be compared, those with the most first.
    looked_at
        How many slices were compared.
    stories
        Why the cohort's rate moved; None for everybody's.
    new
        Values first heard around the onset.
    """

    named: tuple[SliceChange, ...]
    elsewhere: SliceChange
    ranked: tuple[SliceChange, ...]
    too_little: tuple[Where, ...]
    looked_at: int
    stories: Stories | None
    new: tuple[NewValue, ...]


def attribute(
    books: Mapping[str, SliceBook],
    cohort: str | None,
    onset_s: float,
    now_s: float,
    *,
    onset_earliest_s: float | None = None,
    onset_latest_s: float | None = None,
) -> Attribution | None:
    """Where the rise of a cohort, or of everybody where it is None, comes from.

    Parameters
    ----------
    books
        Every cohort's slices.
    onset_s, now_s
        When the rise began, and the stream's time.
    onset_earliest_s, onset_latest_s
        Interval for the onset, to which new values are held.

    Returns
    -------
    None where no attributes are known of the cohort's speech.
    """
    splits = {name: book.split(onset_s, now_s) for name, book in books.items() if book.cells}
    focus = list(splits) if cohort is None else [cohort]
    if not all(name in splits for name in focus) or not focus:
        return None
    heard = [split for name in focus for split in splits[name] if split.after.words]
    wanted = {where for split in heard for where in descriptions(split.attributes)}
    table = SliceTable.of(splits, wanted)
    naming = Naming(table, cohort)
    named = naming.named()
    view = _View(naming, heard)
    ranked = sorted(naming.looked_at, key=lambda where: -naming.excess(where).errors)
    pairs_of_nothing_new = {where for where in ranked if _adds_nothing(where, view)}
    ranked = [where for where in ranked if where in named or where not in pairs_of_nothing_new]
    left = table.without(named)
    start_s = min((book.first_s for book in books.values()), default=onset_s)
    around = (
        max((onset_earliest_s or onset_s) - AROUND_ONSET_S, start_s),
        max(onset_latest_s or onset_s, onset_s),
    )
    return Attribution(
        named=tuple(view.change(where, with_same=True) for where in named),
        elsewhere=view.elsewhere(left),
        ranked=tuple(view.change(where) for where in ranked[:MOST_RANKED]),
        too_little=tuple(view.by_words(naming.too_little)[:MOST_TOO_LITTLE]),
        looked_at=len(naming.looked_at),
        stories=None if cohort is None else _stories(table, left, cohort, named),
        new=tuple(_new(naming, around)),
    )


class _View:
    """Looks slices up for the result."""

    def __init__(self, naming: Naming, heard: Sequence[Splits]) -> None:
        self._naming, self._heard = naming, heard
        self._others = [name for name in naming.everybody if name not in naming.focus]
        self._sets = [(set(split.attributes), split.after.words) for split in heard]

    def change(self, where: Where, *, with_same: bool = False) -> SliceChange:
        naming = self._naming
        inside = naming.table.inside(where, naming.focus)
        others = rise_of_others(naming.table.inside(where, self._others), naming.table.usual)
        excess = naming.excess(where)
        same = self._same_as(where) if with_same else ()
        return self._change(where, inside, excess.errors, excess.share, others, same)

    def elsewhere(self, left: SliceTable) -> SliceChange:
        naming = self._naming
        inside = {name: left.whole[name] for name in naming.focus}
        others = rise_of_others({name: left.whole[name] for name in self._others}, left.usual)
        errors = sum(sides.after.errors - sides.before.rate * sides.after.words for sides in inside.values())
        return self._change((), inside, errors, None, others, ())

    def by_words(self, wheres: Iterable[Where]) -> list[Where]:
        return sorted(wheres, key=lambda where: (-self.words(where), where))

    def words(self, *wheres: Where) -> int:
        """Words since the onset of what lies in all of these."""
        wanted = {pair for where in wheres for pair in where}
        return sum(words for attributes, words in self._sets if wanted <= attributes)

    def _same_as(self, where: Where) -> tuple[Where, ...]:
        own = self.words(where)
        return tuple(
            other
            for other in sorted(self._naming.table.wanted, key=lambda each: (len(each), each))
            if len(other) == 1
            and not set(other) <= set(where)
            and self.words(where, other) >= SAME_SHARE * max(own, self.words(other)) > 0.0
        )

    def _change(
        self,
        where: Where,
        inside: Mapping[str, Sides],
        errors: float,
        share: float | None,
        others: Estimate | None,
        same: tuple[Where, ...],
    ) -> SliceChange:
        whole = summed(inside.values())
        risen = Estimate.together(
            rise(sides, self._naming.table.usual[name])
            for name, sides in inside.items()
            if sides.before.words and sides.after.words
        )
        value, lower, upper = _interval(risen) or (None, None, None)
        if len(inside) == 1 and value is not None:
            value = whole.after.rate - whole.before.rate
        between = _interval(others)
        return SliceChange(
            where, whole.before, whole.after, errors, share, value, lower, upper, between, same
        )


def _interval(estimate: Estimate | None) -> tuple[float, float, float] | None:
    if estimate is None:
        return None
    half = Z * estimate.variance**0.5
    return estimate.value, estimate.value - half, estimate.value + half


def _adds_nothing(where: Where, view: _View) -> bool:
    """Whether a pair is the same speech as one of its values."""
    return len(where) == 2 and any(view.words(where) >= SAME_SHARE * view.words((value,)) for value in where)


def _stories(table: SliceTable, left: SliceTable, cohort: str, named: Sequence[Where]) -> Stories | None:
    others = [name for name in table.splits if name != cohort]
    if named:
        own, rest = [], []
        remaining = table
        for where in named:
            inside = remaining.inside(where, remaining.splits)
            own.append(inside.get(cohort, summed(())))
            rest.append({name: inside[name] for name in others if name in inside})
            remaining = remaining.without([where])
        own.append(left.whole[cohort])
        rest.append({name: left.whole[name] for name in others})
        return stories(own, rest, table.usual)
    partitions = (_by_value(table, cohort, others, name) for name in _attributes(table))
    found = [told for told in partitions if told is not None]
    return max(found, key=lambda told: abs(told.mix), default=None)


def _attributes(table: SliceTable) -> list[str]:
    return sorted({name for where in table.wanted for name, _ in where})


def _by_value(table: SliceTable, cohort: str, others: Sequence[str], name: str) -> Stories | None:
    """The parts for the partition by one attribute's values, of which none is one more."""
    values: dict[str | None, dict[str, list[Sides]]] = {}
    for each, splits in table.splits.items():
        for split in splits:
            value = dict(split.attributes).get(name)
            parts = values.setdefault(value, {}).setdefault(each, [])
            parts.append(Sides(split.before, split.after))
    kept = [by for by in values.values() if cohort in by]
    own = [summed(by[cohort]) for by in kept]
    rest = [{each: summed(by[each]) for each in others if each in by} for by in kept]
    return stories(own, rest, table.usual)


def _new(naming: Naming, around: tuple[float, float]) -> list[NewValue]:
    table = naming.table
    everything = summed(table.whole.values())
    if not everything.after.sessions:
        return []
    longer = everything.before.sessions / everything.after.sessions
    first: dict[Where, float] = {}
    for splits in table.splits.values():
        for split in splits:
            for pair in split.attributes:
                first[(pair,)] = min(first.get((pair,), float("inf")), split.first_s)
    found = []
    for where in sorted(table.wanted):
        if len(where) > 1 or not around[0] < first[where] <= around[1]:
            continue
        sides = summed(table.inside(where, table.splits).values())
        is_new = sides.after.sessions * longer >= EXPECTED_BEFORE
        if is_new and sides.before.sessions * EXPECTED_BEFORE <= sides.after.sessions * longer:
            [(name, value)] = where
            share = naming.excess(where).share
            sessions = summed(table.inside(where, naming.focus).values()).after.sessions
            found.append(NewValue(name, value, first[where], sessions, share))
    found.sort(key=lambda each: (-(each.share or 0.0), each.first_s))
    return found[:MOST_NEW]
