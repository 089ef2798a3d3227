"""Where a rise comes from: which slice, since when, whether others suffer there too, and why.

For an event the speech of a cohort, or of everybody, is compared before and since its onset over the values
of all attributes and their pairs: excess errors, the share of the excess that a slice explains, its error
rate before and since with intervals that count sessions. Explanations of the rise are weighed against each
other (`detectors.slices.explanations`). A slice is named as the cause only if it is likely to be it, and its
rise stands out from everything else's by more than chance gives the largest of so many
(`detectors.slices.naming`); else none is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from detectors.slices.book import Folded, SliceBook, folded
from detectors.slices.counts import SliceCounts
from detectors.slices.divided import Divided
from detectors.slices.explanations import SAME_SHARE
from detectors.slices.marginals import Where
from detectors.slices.naming import Excess, Naming
from detectors.slices.part import LEAST_SESSIONS, Estimate, summed
from detectors.slices.stories import Stories, stories
from detectors.slices.table import SliceTable

MOST_RANKED = 10
MOST_TOO_LITTLE = 10
MOST_NEW = 5
EXPECTED_BEFORE = 5.0
"""A value is new if it was never heard before though so many sessions of it were to be expected."""
AROUND_ONSET_S = 86_400.0
"""How long before the onset a value may have been heard first and still be a candidate."""
MOSTLY = 0.6
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
    likely
        Where none does, the slice that explains most and is hardly so by chance.
    elsewhere
        Everything outside them, or outside the likely one.
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
    folded
        Attributes that are not known of all the speech since the onset, so that slices of them have had more.
    """

    named: tuple[SliceChange, ...]
    likely: SliceChange | None
    elsewhere: SliceChange
    ranked: tuple[SliceChange, ...]
    too_little: tuple[Where, ...]
    looked_at: int
    stories: Stories | None
    new: tuple[NewValue, ...]
    folded: tuple[Folded, ...] = ()

    @property
    def is_moved_traffic(self) -> bool:
        """Whether most of the change is traffic that moved between slices, none of which stands out."""
        told = self.stories
        if told is None or self.named or self.likely is not None:
            return False
        return told.mix > MOSTLY * told.change > 0.0


def attribute(
    books: Mapping[str, SliceBook],
    cohort: str | None,
    onset_s: float,
    now_s: float,
    around: tuple[float, float] | None = None,
) -> Attribution | None:
    """Where the rise of a cohort, or of everybody where it is None, comes from.

    Parameters
    ----------
    books
        Every cohort's slices.
    onset_s, now_s
        When the rise began, and the stream's time.
    around
        Interval for the onset, to which new values are held.

    Returns
    -------
    None where no attributes are known of the cohort's speech, or too little of what was before the onset.
    Other cohorts of which that is so are left out: whatever they say now would count as a rise.
    """
    earliest_s, latest_s = around or (onset_s, onset_s)
    known = {
        name: book.split(onset_s, now_s, earliest_s) for name, book in books.items() if not book.is_empty
    }
    splits = {name: own for name, own in known.items() if own.whole.before.sessions >= LEAST_SESSIONS}
    if any(own.is_apart for own in splits.values()):
        splits = {name: own.apart() for name, own in splits.items()}
    focus = list(splits) if cohort is None else [cohort]
    if not all(name in splits for name in focus) or not focus:
        return None
    wanted = {where for name in focus for where, split in splits[name].slices() if split.after.words}
    table = SliceTable.of(splits, wanted)
    naming = Naming(table, cohort)
    named = naming.named()
    view = _View(naming)
    ranked = sorted(naming.looked_at, key=lambda where: -naming.excess(where).errors)
    likely = None if named else naming.likely()
    left = table.without(named)
    start_s = min((book.first_s for book in books.values()), default=onset_s)
    window = max(earliest_s - AROUND_ONSET_S, start_s), max(latest_s, onset_s)
    return Attribution(
        named=tuple(view.change(where, with_same=True) for where in named),
        likely=None if likely is None else view.change(likely, with_same=True),
        elsewhere=view.elsewhere(left if likely is None else table.without([likely])),
        ranked=tuple(view.change(where) for where in ranked[:MOST_RANKED]),
        too_little=tuple(view.by_words(naming.too_little)[:MOST_TOO_LITTLE]),
        looked_at=len(naming.looked_at),
        stories=None if cohort is None else _stories(view, cohort, named or ([likely] if likely else [])),
        new=tuple(_new(naming, window)),
        folded=folded([books[name] for name in focus], onset_s, now_s),
    )


class _View:
    """Looks slices up for the result."""

    def __init__(self, naming: Naming) -> None:
        self.table, self._naming = naming.table, naming
        self._others = [name for name in naming.everybody if name not in naming.focus]

    def change(self, where: Where, *, with_same: bool = False) -> SliceChange:
        excess = self._naming.excess(where)
        same = self._same_as(where) if with_same else ()
        return self._change(self.table, where, excess, same)

    def elsewhere(self, left: SliceTable) -> SliceChange:
        errors = sum(left.part((), cohort).excess_errors for cohort in self._naming.focus)
        return self._change(left, (), Excess(errors, None))

    def rise_of_others(self, table: SliceTable, where: Where) -> Estimate | None:
        """The other cohorts' mean rise in a slice; None where they have too little there."""
        if table.sides(where, self._others).after.sessions < LEAST_SESSIONS:
            return None
        return table.rise(where, self._others)

    def by_words(self, wheres: Iterable[Where]) -> list[Where]:
        return sorted(wheres, key=lambda where: (-self.words(where), where))

    def words(self, *wheres: Where) -> int:
        """Words since the onset of what lies in all of these; of three values at least so many."""
        wanted = tuple(sorted({pair for where in wheres for pair in where}))
        return sum(_words(self.table.splits[name], wanted) for name in self._naming.focus)

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
        self, table: SliceTable, where: Where, excess: Excess, same: tuple[Where, ...] = ()
    ) -> SliceChange:
        focus = self._naming.focus
        sides = table.sides(where, focus)
        value, lower, upper = _interval(table.rise(where, focus)) or (None, None, None)
        others = _interval(self.rise_of_others(table, where))
        errors, share = excess.errors, excess.share
        return SliceChange(where, sides.before, sides.after, errors, share, value, lower, upper, others, same)


def _words(own: Divided, wanted: Where) -> int:
    """Words since the onset of what has all of these values.

    Where slices are counted apart, of a pair and a third value at least what the value and each of the pair
    have in common, less the value: that is all where it is the same speech as the pair.
    """
    if not own.is_apart:
        values = set(wanted)
        return sum(each.after.words for each in own.parts if values <= set(each.attributes))
    known = {each.attributes: each.after.words for each in own.parts}
    if len(wanted) <= 2:
        return known.get(wanted, 0)
    least = [
        sum(known.get(pair, 0) for pair in combinations(wanted, 2) if value in pair) - known.get((value,), 0)
        for value in wanted
    ]
    return max(0, *least)


def _interval(estimate: Estimate | None) -> tuple[float, float, float] | None:
    if estimate is None:
        return None
    half = Z * estimate.variance**0.5
    return estimate.value, estimate.value - half, estimate.value + half


def _stories(view: _View, cohort: str, named: Sequence[Where]) -> Stories | None:
    """The parts for the partition by what is named; else by the attribute whose values moved the most."""
    table = view.table
    if named:
        own, others, remaining = [], [], table
        for where in named:
            own.append(remaining.sides(where, [cohort]))
            others.append(view.rise_of_others(remaining, where))
            remaining = remaining.without([where])
        own.append(remaining.whole[cohort])
        others.append(view.rise_of_others(remaining, ()))
        return stories(own, [None if each is None else each.value for each in others])
    names = sorted({name for where in table.wanted for name, _ in where})
    found = [told for told in (_by_value(view, cohort, name) for name in names) if told is not None]
    return max(found, key=lambda told: abs(told.mix), default=None)


def _by_value(view: _View, cohort: str, name: str) -> Stories | None:
    """The parts for the partition by one attribute's values; what has none is one more."""
    table = view.table
    wheres = sorted(where for where in table.wanted if len(where) == 1 and where[0][0] == name)
    own = [table.sides(where, [cohort]) for where in wheres]
    rises = [view.rise_of_others(table, where) for where in wheres]
    without = table.whole[cohort].without(summed(own))
    return stories([*own, without], [*(None if each is None else each.value for each in rises), None])


def _new(naming: Naming, window: tuple[float, float]) -> list[NewValue]:
    table = naming.table
    everything = table.sides((), table.splits)
    if not everything.after.sessions:
        return []
    longer = everything.before.sessions / everything.after.sessions
    first: dict[Where, float] = {}
    for splits in table.splits.values():
        for where, split in splits.slices():
            first[where] = min(first.get(where, float("inf")), split.first_s)
    found = []
    for where in sorted(table.wanted):
        if len(where) > 1 or not window[0] < first[where] <= window[1]:
            continue
        sides = table.sides(where, table.splits)
        is_new = sides.after.sessions * longer >= EXPECTED_BEFORE
        if is_new and sides.before.sessions * EXPECTED_BEFORE <= sides.after.sessions * longer:
            [(name, value)] = where
            share = naming.excess(where).share
            sessions = table.sides(where, naming.focus).after.sessions
            found.append(NewValue(name, value, first[where], sessions, share))
    found.sort(key=lambda each: (-(each.share or 0.0), each.first_s))
    return found[:MOST_NEW]
