"""A reference for a whole recording, or for a passage of it: the counts of each utterance that it covers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate, islice, pairwise
from typing import Any

from rapidfuzz.distance import Levenshtein

from detectors.alignment import ErrorCounts
from detectors.recordings.cuts import EXPECTED_WER, Cut, cuts
from detectors.recordings.cuttable import Cuttable, Words

UNKNOWN: Hashable = None
"""A word that equals none: it holds the place of words that are not kept any more."""
MARGIN_WORDS, MARGIN_SHARE = 3, 0.1
"""By so many errors, and by so many of its words, a passage must fit better than anywhere else."""
COVERED_SHARE = 0.5
"""An utterance of which a passage covers a smaller share of its words is left alone by it."""


class Misfit(StrEnum):
    """Why a passage has no place in a recording."""

    NOWHERE = "nowhere"
    SEVERAL = "several"


@dataclass(frozen=True, slots=True)
class Window:
    """Where a passage fits: from the word of the recording with number ``begin`` up to that with ``end``."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Share:
    """What a reference says of one utterance.

    Parameters
    ----------
    utterance
        Its number in the recording, from 0.
    counts
        What the alignment found in it, or in the part of it that the reference covers.
    spoken
        Its part of the reference.
    heard
        Its words, as far as the reference covers them.
    """

    utterance: int
    counts: ErrorCounts
    spoken: Words
    heard: Words


@dataclass(frozen=True, slots=True)
class Part:
    """Utterances that follow each other, with what of the reference is held to them as one text."""

    first: int
    spoken: Words
    utterances: Sequence[Words]


def parts(reference: Words | Cuttable[Any], utterances: Sequence[Words]) -> list[Part]:
    """Cut a reference where rules would join its words over an utterance's end; mostly there is one part.

    Parameters
    ----------
    reference, utterances
        As for `shares`.
    """
    if not isinstance(reference, Cuttable):
        return [Part(0, reference, utterances)]
    bounds = [Cut(0, 0), *cuts(reference, utterances), Cut(reference.last, len(utterances))]
    return [
        Part(
            begin.utterance,
            reference.piece(begin.place, end.place),
            utterances[begin.utterance : end.utterance],
        )
        for begin, end in pairwise(bounds)
    ]


def shares(reference: Words | Cuttable[Any], utterances: Sequence[Words]) -> list[Share]:
    """Align a reference with utterances in spoken order, as one text, and give each the counts that are its.

    Where a reference can be cut, and its words are joined over the end of an utterance, it is cut there as
    the utterances are if that leaves fewer errors (`detectors.recordings.cuts`); each part is then aligned by
    itself.

    The counts of all add up to those of the alignment. A wrong or an inserted word belongs to the
    utterance that has it, a missing word to the one in which it is missing. Words missing between two
    utterances belong to those without any word that lie there; where none does, half of them are the earlier
    one's and half the later one's, of an odd number one more the earlier one's. So each utterance has a part
    of the reference of its own, of as many words as its counts say, and these parts follow each other.

    Parameters
    ----------
    reference
        Normalised tokens, or their hashes, with or without its knots.
    utterances
        The tokens of each utterance, normalised by itself; at least one.

    Examples
    --------
    >>> heard = ["no fever".split(), "monday he says".split()]
    >>> for share in shares("no fever since monday he said".split(), heard):
    ...     print(share.counts, *share.spoken)
    ErrorCounts(substitutions=0, deletions=1, insertions=0, hits=2) no fever since
    ErrorCounts(substitutions=1, deletions=0, insertions=0, hits=2) monday he said
    """
    return part_shares(parts(reference, utterances))


def part_shares(found: Iterable[Part]) -> list[Share]:
    """Align each part by itself; the shares of all utterances, in their order."""
    return [
        replace(share, utterance=part.first + share.utterance)
        for part in found
        for share in _shares(part.spoken, part.utterances)
    ]


def _shares(reference: Words, utterances: Sequence[Words]) -> list[Share]:
    owners = [number for number, words in enumerate(utterances) for _ in words]
    heard = [word for words in utterances for word in words]
    wrong, missing, added = Counter[int](), Counter[int](), Counter[int]()
    gaps = Counter[int]()
    # As lists, since rapidfuzz takes the words of an array for other ones than those of a list.
    expected = int(EXPECTED_WER * len(reference))
    for operation in Levenshtein.editops(list(reference), heard, score_hint=expected):
        if operation.tag == "delete":
            gaps[operation.dest_pos] += 1
        elif operation.tag == "replace":
            wrong[owners[operation.dest_pos]] += 1
        else:
            added[owners[operation.dest_pos]] += 1
    for at, count in gaps.items():
        takers = _owners_of_gap(owners, at, len(utterances))
        each, odd = divmod(count, len(takers))
        for place, number in enumerate(takers):
            missing[number] += each + (place < odd)
    found, begin = [], 0
    for number, words in enumerate(utterances):
        hits = len(words) - wrong[number] - added[number]
        counts = ErrorCounts(wrong[number], missing[number], added[number], hits)
        end = begin + counts.reference_words
        found.append(Share(number, counts, reference[begin:end], words))
        begin = end
    return found


def passage_shares(reference: Words | Cuttable[Any], utterances: Sequence[Words]) -> list[Share] | Misfit:
    """Align a passage where it fits best in a recording, and give each utterance there its counts.

    Its counts are those of `shares` over what the window covers of each utterance. What it leaves out of an
    utterance counts neither for nor against it; an utterance of which it covers less than half is left out
    altogether.

    Parameters
    ----------
    reference
        Normalised tokens of the passage, or their hashes, with or without its knots. Its place is found as it
        is read as a whole.
    utterances
        The same of each utterance of the recording, in spoken order.

    Examples
    --------
    >>> heard = [text.split() for text in ("good morning", "he had no fever since on monday", "and no pain")]
    >>> [share] = passage_shares("he had no fever since monday".split(), heard)
    >>> share.utterance, share.counts
    (1, ErrorCounts(substitutions=0, deletions=0, insertions=1, hits=6))
    """
    starts = list(accumulate(map(len, utterances), initial=0))
    tokens = reference.tokens if isinstance(reference, Cuttable) else reference
    window = fit(tokens, [word for words in utterances for word in words], starts)
    if isinstance(window, Misfit):
        return window
    numbers, pieces = [], []
    for number, words in enumerate(utterances):
        begin = max(window.begin, starts[number])
        end = min(window.end, starts[number + 1])
        if begin < end or (not words and window.begin < starts[number] < window.end):
            numbers.append(number)
            pieces.append(words[begin - starts[number] : end - starts[number]])
    return [
        replace(share, utterance=number)
        for number, share in zip(numbers, shares(reference, pieces), strict=True)
        if len(share.heard) >= COVERED_SHARE * len(utterances[number])
    ]


def fit(passage: Words, heard: Words, boundaries: Sequence[int] = ()) -> Window | Misfit:
    """Where a passage fits best in what was heard: where it has the fewest errors (Levenshtein distance).

    The place must be clear. Anywhere beside it the passage must have at least three errors more, and at least
    a tenth of its words more; and so it must have than if it were heard nowhere. Of windows with equally
    few errors that differ by a few words at their ends, one that ends and begins at ``boundaries`` is taken
    if there is one, else the longest.

    Parameters
    ----------
    passage, heard
        Normalised tokens, or their hashes.
    boundaries
        Numbers of the words with which utterances begin.

    Examples
    --------
    >>> heard = "is there pain no there is no pain at all is there pain in the leg".split()
    >>> fit("there is no pain at all".split(), heard)
    Window(begin=4, end=10)
    >>> fit("is there pain".split(), heard)
    <Misfit.SEVERAL: 'several'>
    >>> fit("take two of these every day".split(), heard)
    <Misfit.NOWHERE: 'nowhere'>

    References
    ----------
    Myers, G. (1999). A fast bit-vector algorithm for approximate string matching based on dynamic
    programming. Journal of the ACM 46(3), 395-415.
    """
    margin = max(MARGIN_WORDS, math.ceil(MARGIN_SHARE * len(passage)))
    errors = list(_errors(passage, heard))
    fewest = min(errors)
    if fewest > len(passage) - margin:
        return Misfit.NOWHERE
    ends = [end for end, count in enumerate(errors) if count == fewest]
    end = _chosen(ends, boundaries, max(ends))
    # Longer than this, a window would have more errors.
    back = islice(_errors(passage[::-1], heard[:end][::-1], is_anchored=True), len(passage) + fewest + 1)
    begins = [end - length for length, count in enumerate(back) if count == fewest]
    begin = _chosen(begins, boundaries, min(begins))
    before, after = min(errors[: begin + 1]), min(_errors(passage, heard[end:]))
    # Of one place an error can move the end by two: a word too many before the last one, or both left out.
    is_one = max(ends) - min(ends) <= 2 * fewest
    if not is_one or min(before, after) - fewest < margin:
        return Misfit.SEVERAL
    return Window(begin, end)


def _owners_of_gap(owners: Sequence[int], at: int, utterances: int) -> Sequence[int]:
    """Whose the words are that are missing before the heard word with this number."""
    earlier = owners[at - 1] if at > 0 else -1
    later = owners[at] if at < len(owners) else utterances
    if earlier == later:
        return (earlier,)
    silent = range(earlier + 1, later)
    return silent or [number for number in (earlier, later) if 0 <= number < utterances]


def _chosen(places: Sequence[int], boundaries: Sequence[int], otherwise: int) -> int:
    at_boundary = set(places).intersection(boundaries)
    return max(at_boundary) if at_boundary else otherwise


def _errors(passage: Words, heard: Words, *, is_anchored: bool = False) -> Iterator[int]:
    """The fewest errors of the passage in what ends after 0, 1, 2... of the heard words.

    What begins anywhere counts; if it is anchored, only what begins with the first word. A column of the
    table of distances is two numbers of as many bits as the passage has words: where it rises from one word
    to the next, and where it falls (Myers 1999).
    """
    places: dict[Hashable, int] = {}
    for number, word in enumerate(passage):
        places[word] = places.get(word, 0) | 1 << number
    every, last = (1 << len(passage)) - 1, 1 << len(passage) >> 1
    rises, falls, count = every, 0, len(passage)
    yield count
    for word in heard:
        equal = 0 if word is UNKNOWN else places.get(word, 0)
        vertical = equal | falls
        horizontal = (((equal & rises) + rises) ^ rises) | equal
        more = falls | (every & ~(horizontal | rises))
        fewer = rises & horizontal
        count += bool(more & last) - bool(fewer & last)
        more = (more << 1 | is_anchored) & every
        fewer = fewer << 1 & every
        rises = fewer | (every & ~(vertical | more))
        falls = more & vertical
        yield count
