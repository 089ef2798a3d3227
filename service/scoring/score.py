"""Word error rates of pairs, all together and by group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from detectors.alignment import ErrorCounts, align, aligned
from detectors.recordings.cuttable import Cuttable
from detectors.recordings.readings import Alternatives, Part, nearest_reading
from detectors.recordings.recording import part_shares, parts
from detectors.tally import Tally
from service.scoring.pairing import Heard, Pair

Tokens = Callable[[str], list[str]]


class Scored(msgspec.Struct, frozen=True):
    """A pair with what its alignment found.

    Attributes
    ----------
    shares
        What of the counts is each utterance's; together they are all.
    compared
        The words spoken and those heard: of the whole pair, or of each part where the reference was cut.
    """

    pair: Pair
    counts: ErrorCounts
    shares: list[ErrorCounts]
    compared: list[tuple[list[str], list[str]]]

    @property
    def alignment(self) -> list[tuple[str | None, str | None]]:
        """Each word spoken with the word heard in its place; None for no word."""
        return [
            (None if at is None else spoken[at], None if place is None else heard[place])
            for spoken, heard in self.compared
            for at, place in aligned(spoken, heard)
        ]


def score(pair: Pair, tokens: Tokens, cuttable: Callable[[str], Cuttable[str]] | None = None) -> Scored:
    """Align a pair; a reference of several wordings is read as the one that is nearest to the hypothesis.

    Parameters
    ----------
    cuttable
        What makes a reference that is cut as its utterances are where that leaves fewer errors
        (`detectors.recordings.cuts`); None where no words are joined.
    """
    heard = [tokens(each.hypothesis) for each in pair.heard]
    if len(heard) > 1:
        made = Cuttable(tokens(pair.reference)) if cuttable is None else cuttable(pair.reference)
        return _by_parts(pair, made, heard)
    [hypothesis] = heard
    if pair.wording:
        reference = nearest_reading(_normalised(pair.wording, tokens), hypothesis)
    else:
        reference = tokens(pair.reference)
    counts = align(reference, hypothesis)
    return Scored(pair, counts, [counts], [(reference, hypothesis)])


def _by_parts(pair: Pair, reference: Cuttable[str], heard: Sequence[list[str]]) -> Scored:
    found = parts(reference, heard)
    of_each = [share.counts for share in part_shares(found)]
    compared = [
        (list(map(str, part.spoken)), [str(word) for words in part.utterances for word in words])
        for part in found
    ]
    return Scored(pair, sum(of_each, ErrorCounts(0, 0, 0, 0)), of_each, compared)


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
