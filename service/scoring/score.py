"""Word error rates of pairs, all together and by group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from detectors.alignment import ErrorCounts, align, aligned
from detectors.readings import Alternatives, Part, nearest_reading
from detectors.recording import shares
from detectors.tally import Tally
from service.scoring.pairing import Heard, Pair

Tokens = Callable[[str], list[str]]


class Scored(msgspec.Struct, frozen=True):
    """A pair with what its alignment found.

    Attributes
    ----------
    shares
        What of the counts is each utterance's; together they are all.
    reference, hypothesis
        The words that were compared.
    """

    pair: Pair
    counts: ErrorCounts
    shares: list[ErrorCounts]
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
    heard = [tokens(each.hypothesis) for each in pair.heard]
    hypothesis = [word for words in heard for word in words]
    if pair.wording:
        reference = nearest_reading(_normalised(pair.wording, tokens), hypothesis)
    else:
        reference = tokens(pair.reference)
    counts = align(reference, hypothesis)
    of_each = [counts] if len(heard) == 1 else [share.counts for share in shares(reference, heard)]
    return Scored(pair, counts, of_each, reference, hypothesis)


def by_group(scored: Sequence[Scored], names: Iterable[str]) -> dict[str, dict[str, Tally]]:
    """Tally by the values of each group that is named; who has none is in ``unknown``."""
    found: dict[str, dict[str, Tally]] = {}
    for name in names:
        sums = found.setdefault(name, {})
        for heard, counts in _utterances(scored):
            for value in heard.groups.get(name, ("unknown",)):
                sums.setdefault(value, Tally()).count(counts)
    return found


def total(scored: Iterable[Scored]) -> Tally:
    """Tally over everything."""
    sums = Tally()
    for _, counts in _utterances(scored):
        sums.count(counts)
    return sums


def _utterances(scored: Iterable[Scored]) -> Iterator[tuple[Heard, ErrorCounts]]:
    for each in scored:
        yield from zip(each.pair.heard, each.shares, strict=True)


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
