"""Critical terms: the words whose loss matters more than a word error rate tells.

"no fever" that becomes "fever" is one error among a hundred words, and the opposite of what was said. So the
terms of a lexicon (drugs, doses, negations) are counted where a reference and its hypothesis are aligned:

    missed: occurrences in the reference with a word that the hypothesis has otherwise, or not at all
    inserted: occurrences in the hypothesis with a word that nobody spoke there
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein


@dataclass(frozen=True, slots=True)
class CriticalCounts:
    """Critical terms of one utterance, or of many.

    Parameters
    ----------
    terms
        Occurrences in the reference.
    missed
        Those of them that are not in the hypothesis, word for word in their place; at most ``terms``.
    inserted
        Occurrences in the hypothesis that are not in the reference so.
    """

    terms: int = 0
    missed: int = 0
    inserted: int = 0

    def __bool__(self) -> bool:
        """Whether there is any at all."""
        return bool(self.terms or self.inserted)


class Lexicon:
    """A set of terms, each a sequence of tokens, found in a row of tokens.

    Of terms that begin alike the longest counts, and no token counts twice: with "heart failure" and
    "failure" in the lexicon, "heart failure" is one occurrence.

    Parameters
    ----------
    terms
        Normalised terms, as tokens or their hashes: only equality matters.
    version
        What `version_of` says of their text.

    Examples
    --------
    >>> lexicon = Lexicon([["no"], ["heart", "failure"], ["failure"]])
    >>> lexicon.occurrences("no known heart failure or renal failure".split())
    [(0, 1), (2, 4), (6, 7)]
    >>> lexicon.count("no fever".split(), "fever".split())
    CriticalCounts(terms=1, missed=1, inserted=0)
    >>> lexicon.count("renal failure".split(), "heart failure".split())
    CriticalCounts(terms=1, missed=0, inserted=1)
    """

    def __init__(self, terms: Iterable[Sequence[Hashable]], version: str = "") -> None:
        self.version = version
        by_first: dict[Hashable, set[tuple[Hashable, ...]]] = {}
        for term in terms:
            if term:
                by_first.setdefault(term[0], set()).add(tuple(term))
        self._by_first: Mapping[Hashable, tuple[tuple[Hashable, ...], ...]] = {
            first: tuple(sorted(found, key=len, reverse=True)) for first, found in by_first.items()
        }

    def occurrences(self, tokens: Sequence[Hashable]) -> list[tuple[int, int]]:
        """Where terms begin and end, in order and without overlap."""
        by_first, found, end = self._by_first, [], 0
        for begin, token in enumerate(tokens):
            if token not in by_first or begin < end:
                continue
            for term in by_first[token]:
                if len(term) == 1 or tuple(tokens[begin : begin + len(term)]) == term:
                    end = begin + len(term)
                    found.append((begin, end))
                    break
        return found

    def count(self, reference: Sequence[Hashable], hypothesis: Sequence[Hashable]) -> CriticalCounts:
        """The critical terms of an utterance, by the alignment that `detectors.alignment.align` counts."""
        spoken, heard = self.occurrences(reference), self.occurrences(hypothesis)
        if not spoken and not heard:
            return CriticalCounts()
        lost, added = set(), set()
        for edit in Levenshtein.editops(reference, hypothesis):
            if edit.tag != "insert":
                lost.add(edit.src_pos)
            if edit.tag != "delete":
                added.add(edit.dest_pos)
        return CriticalCounts(len(spoken), _touched(spoken, lost), _touched(heard, added))

    def count_correct(self, hypothesis: Sequence[Hashable]) -> CriticalCounts:
        """The critical terms of an utterance whose hypothesis is what was spoken."""
        return CriticalCounts(len(self.occurrences(hypothesis)))


def version_of(terms: Iterable[Sequence[str]], normaliser: str) -> str:
    """A name for these terms under this version of the normaliser, which is another where either is.

    Counts under two lexicons are of different words, and are never compared.

    Examples
    --------
    >>> one = version_of([["no"], ["heart", "failure"]], "en-1")
    >>> one == version_of([["heart", "failure"], ["no"], ["no"]], "en-1")
    True
    """
    written = json.dumps([normaliser, sorted({tuple(term) for term in terms})], ensure_ascii=False)
    return hashlib.blake2b(written.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def _touched(occurrences: Iterable[tuple[int, int]], places: set[int]) -> int:
    return sum(1 for begin, end in occurrences if not places.isdisjoint(range(begin, end)))
