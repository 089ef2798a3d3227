"""Finds where a text hangs together: what its words are once normalised, and what its pieces would be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise

from detectors.normalisation.walls import Kind
from detectors.recordings.cuttable import Cuttable, Knot
from detectors.text import Normaliser

__all__ = ["Cutter"]

_REMEMBERED, _LONGEST = 8_192, 64
"""Pieces whose tokens are remembered, and the characters of the longest of them."""
_MOST_WORDS = 16
"""In longer stretches rules are looked for over fewer words, and what hangs together over more is not cut."""
_REACH = 8
_MOST_READINGS = 20_000
"""So many pieces are normalised, in half a second; what comes later in the text is not cut. An hour of speech
has some thousands."""
_AROUND_A_WORD = '.,;:?!()"'
_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")

_Tokens = tuple[str, ...]
_Piece = tuple[_Tokens, Mapping[tuple[int, int], _Tokens] | None]
"""The tokens of some words, with those of their stretches where they are a knot."""


class Cutter:
    """Normalises references so that they may be cut between words afterwards.

    Between two walls every stretch is cut at every place, and its pieces are normalised by themselves. Where
    that changes nothing it falls apart; knots are left, such as "twenty five milligrams" and "it's been".

    Parameters
    ----------
    normaliser
        A piece has the tokens that it makes of the piece alone.

    Examples
    --------
    >>> text = Cutter(Normaliser("en")).cuttable("The dose is twenty. Five minutes later we stop.")
    >>> text.tokens
    ['the', 'dose', 'is', '25', 'minutes', 'later', 'we', 'stop']
    >>> text.piece(0, 4), text.piece(4, text.last)
    (['the', 'dose', 'is', '20'], ['5', 'minutes', 'later', 'we', 'stop'])
    """

    def __init__(self, normaliser: Normaliser) -> None:
        self._normaliser = normaliser
        self._known = lru_cache(maxsize=_REMEMBERED)(self._normalised)
        self._apart = lru_cache(maxsize=_REMEMBERED)(self._taken_apart)
        self._kind = lru_cache(maxsize=_REMEMBERED)(self._kind_of)

    def cuttable(self, text: str) -> Cuttable[str]:
        """Return the tokens of a text with its knots; it has none where the normaliser joins no words."""
        whole = self._normaliser.tokens(text)
        if not self._normaliser.joins_words:
            return Cuttable(whole)
        tokens: list[str] = []
        knots: list[Knot[str]] = []
        for piece, readings in self._pieces(_HYPHEN.sub(" ", self._normaliser.plain(text)).split()):
            if readings is not None:
                words = max(end for _, end in readings)
                knots.append(Knot(len(tokens), len(tokens) + len(piece), words, readings))
            tokens += piece
        # The whole is what counts: where its pieces are not all of it, it is not cut.
        return Cuttable(whole, knots if tokens == whole else ())

    def _pieces(self, words: list[str]) -> Iterator[_Piece]:
        start, stirs, readings = 0, False, 0
        for end, kind in enumerate([*map(self._kind, words), Kind.WALL]):
            stirs = stirs or kind is Kind.STIRRING
            if kind is not Kind.WALL:
                continue
            readings += stirs * (end - start) * min(end - start, _MOST_WORDS) // 2
            if stirs and readings > _MOST_READINGS:
                yield self._tokens(" ".join(words[start:end])), None
            elif stirs:
                stretch = tuple(words[start:end])
                is_short = sum(map(len, stretch)) <= _LONGEST
                yield from self._apart(stretch) if is_short else self._taken_apart(stretch)
            else:
                yield from ((self._tokens(word), None) for word in words[start:end])
            yield from ((self._tokens(word), None) for word in words[end : end + 1])
            start, stirs = end + 1, False

    def _taken_apart(self, words: _Tokens) -> tuple[_Piece, ...]:
        """Pieces of a stretch that may be cut from each other, so that only knots are left in one."""
        size = len(words)
        if size > _MOST_WORDS:
            alone = [self._reading(words, at, at + 1) for at in range(size)]
            if self._reading(words, 0, size) == sum(alone, ()):
                return tuple((tokens, None) for tokens in alone)
        reach = size if size <= _MOST_WORDS else _REACH
        places = [place for place in range(1, size) if self._falls_apart(words, place, reach)]
        return tuple(self._piece(words[begin:end]) for begin, end in pairwise([0, *places, size]))

    def _falls_apart(self, words: _Tokens, place: int, reach: int) -> bool:
        """Whether no stretch of up to so many words across this place changes where it is cut here."""
        return all(
            self._reading(words, begin, end)
            == self._reading(words, begin, place) + self._reading(words, place, end)
            for begin in range(place - 1, max(0, place - reach + 1) - 1, -1)
            for end in range(place + 1, min(len(words), begin + reach) + 1)
        )

    def _piece(self, words: _Tokens) -> _Piece:
        size = len(words)
        whole = self._reading(words, 0, size)
        if not 1 < size <= _MOST_WORDS:
            return whole, None
        stretches = [(begin, end) for begin in range(size) for end in range(begin + 1, size + 1)]
        return whole, {(begin, end): self._reading(words, begin, end) for begin, end in stretches}

    def _reading(self, words: _Tokens, begin: int, end: int) -> _Tokens:
        return self._tokens(" ".join(words[begin:end]))

    def _tokens(self, text: str) -> _Tokens:
        return self._known(text) if len(text) <= _LONGEST else self._normalised(text)

    def _normalised(self, text: str) -> _Tokens:
        return tuple(self._normaliser.tokens(text))

    def _kind_of(self, word: str) -> Kind:
        return self._normaliser.kind(word.strip(_AROUND_A_WORD))
