"""Word error rates of pairs, all together and by group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from detectors.alignment import ErrorCounts, align, aligned
from detectors.readings import Alternatives, Part, nearest_reading
from detectors.tally import Tally
from service.scoring.pairing import Pair

Tokens = Callable[[str], list[str]]


class Scored(msgspec.Struct, frozen=True):
    """A pair with what its alignment found; ``reference`` and ``hypothesis`` are the words compared."""

    pair: Pair
    counts: ErrorCounts
    reference: list[str]
    hypothesis: list[str]

    @property
    def alignment(self) -> list[tuple[str | None, str | None]]:
        """Each word spoken with the word heard in its place; None for no word."""
        return [
            (
                None if spoken is None else self.reference[spoken],
                None if heard is None else self.hypothesis[heard],
            )
            for spoken, heard in aligned(self.reference, self.hypothesis)
        ]


def score(pair: Pair, tokens: Tokens) -> Scored:
    """Align a pair; a reference of several wordings is read as the one that is nearest to the hypothesis."""
    hypothesis = tokens(pair.hypothesis)
    if pair.wording:
        reference = nearest_reading(_normalised(pair.wording, tokens), hypothesis)
    else:
        reference = tokens(pair.reference)
    return Scored(pair, align(reference, hypothesis), reference, hypothesis)


def by_group(scored: Sequence[Scored], names: Iterable[str]) -> dict[str, dict[str, Tally]]:
    """Tally by the values of each group that is named; who has none is in ``unknown``."""
    found: dict[str, dict[str, Tally]] = {}
    for name in names:
        sums = found.setdefault(name, {})
        for each in scored:
            for value in each.pair.groups.get(name, ("unknown",)):
                sums.setdefault(value, Tally()).count(each.counts)
    return found


def total(scored: Iterable[Scored]) -> Tally:
    """Tally over everything."""
    sums = Tally()
    for each in scored:
        sums.count(each.counts)
    return sums


def _normalised(parts: Sequence[Part], tokens: Tokens) -> tuple[Part, ...]:
    """The wording in tokens; words between alternatives are normalised together."""
    made: list[Part] = []
    run: list[str] = []
    for part in (*parts, None):
        if isinstance(part, str):
            run.append(part)
            continue
        made += tokens(" ".join(run))
        run = []
        if part is not None:
            made.append(Alternatives(tuple(_normalised(choice, tokens) for choice in part.choices)))
    return tuple(made)
