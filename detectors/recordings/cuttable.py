"""A reference that may yet be cut: its tokens, and those that its pieces would have by themselves."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Words = Sequence[Hashable]
Word = TypeVar("Word", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Knot(Generic[Word]):
    """A stretch whose words hang together: cut between two of them, it has other tokens.

    Parameters
    ----------
    begin, end
        Numbers of its first token in the whole, and of the first one behind it.
    words
        How many words it has, at least two.
    readings
        The tokens of its words from one up to another, for all of these stretches but the whole.
    """

    begin: int
    end: int
    words: int
    readings: Mapping[tuple[int, int], Sequence[Word]]


class Cuttable(Generic[Word]):
    """Tokens of a text, with the places between its words at which it may be cut.

    Places are numbered from 0, in front of the first word, up to ``last``. A token that is in no knot counts
    as a word: to cut a contraction's two tokens apart changes neither.

    Parameters
    ----------
    tokens
        Of the text as a whole.
    knots
        In their order; none overlaps another.

    Examples
    --------
    >>> readings = {(0, 1): ["20"], (1, 2): ["5"]}
    >>> text = Cuttable("give 25 mg now".split(), [Knot(1, 2, 2, readings)])
    >>> text.last, text.piece(0, 2), text.piece(2, 5), [text.is_inside(place) for place in range(6)]
    (5, ['give', '20'], ['5', 'mg', 'now'], [False, False, True, False, False, False])
    """

    def __init__(self, tokens: Iterable[Word], knots: Iterable[Knot[Word]] = ()) -> None:
        self.tokens: list[Word] = list(tokens)
        self.knots = tuple(knots)
        self._begins: list[int] = []
        gained = 0
        for knot in self.knots:
            self._begins.append(knot.begin + gained)
            gained += knot.words - (knot.end - knot.begin)
        self.last = len(self.tokens) + gained

    def is_inside(self, place: int) -> bool:
        """Whether a knot is cut here."""
        return self._knot_around(place) is not None

    def kept(self, begin: int, before: int, end: int) -> tuple[int, int]:
        """How many tokens of a knot cut at ``end`` there are up to it, and how many that at ``begin`` lost.

        A knot loses tokens where its pieces have fewer than the whole: "mm hmm" is yes, "mm" alone nothing.

        Parameters
        ----------
        before
            How many tokens of the knot cut at ``begin`` there are up to that.
        """
        left, right = self._knot_around(begin), self._knot_around(end)
        kept = lost = 0
        if left is not None:
            knot, start = self.knots[left], self._begins[left]
            if left == right:
                return before + (len(knot.readings[begin - start, end - start]) if begin < end else 0), 0
            lost = max(0, knot.end - knot.begin - before - len(knot.readings[begin - start, knot.words]))
        if right is not None:
            kept = len(self.knots[right].readings[0, end - self._begins[right]])
        return kept, lost

    def has_knot(self, begin: int, end: int) -> bool:
        """Whether a knot can be cut at one of these places, both included."""
        number = bisect_right(self._begins, end - 1) - 1
        return number >= 0 and self._begins[number] + self.knots[number].words > begin

    def place_before(self, token: int) -> int:
        """The place in front of this token; inside of a knot, one in the middle of it."""
        number = bisect_right(self.knots, token, key=_begin) - 1
        if number < 0:
            return token
        knot, begin = self.knots[number], self._begins[number]
        if token >= knot.end:
            return begin + knot.words + token - knot.end
        return begin if token == knot.begin else begin + knot.words // 2

    def in_front(self, place: int) -> int:
        """The same place, but in front of knots without tokens that end there, such as "m m m"."""
        number = bisect_right(self._begins, place - 1) - 1
        while number >= 0:
            knot, begin = self.knots[number], self._begins[number]
            if knot.begin < knot.end or begin + knot.words != place:
                break
            place, number = begin, number - 1
        return place

    def piece(self, begin: int, end: int) -> list[Word]:
        """The tokens of the words between two places."""
        left, right = self._knot_around(begin), self._knot_around(end)
        if left is not None and left == right:
            knot, start = self.knots[left], self._begins[left]
            return list(knot.readings[begin - start, end - start]) if begin < end else []
        head: Sequence[Word] = ()
        tail: Sequence[Word] = ()
        if left is None:
            first = self._token_at(begin)
        else:
            knot = self.knots[left]
            head, first = knot.readings[begin - self._begins[left], knot.words], knot.end
        if right is None:
            behind = self._token_at(end)
        else:
            knot = self.knots[right]
            tail, behind = knot.readings[0, end - self._begins[right]], knot.begin
        return [*head, *self.tokens[first:behind], *tail]

    def packed(self, hashed: Callable[[Sequence[Word]], Iterable[int]]) -> array[int]:
        """Its knots as numbers, of words their hashes, so that `unpacked` can make them again."""
        numbers = array("Q")
        for knot in self.knots:
            numbers.extend((knot.begin, knot.end, knot.words))
            for stretch in _stretches(knot.words):
                reading = array("Q", hashed(knot.readings[stretch]))
                numbers.append(len(reading))
                numbers.extend(reading)
        return numbers

    def _knot_around(self, place: int) -> int | None:
        number = bisect_right(self._begins, place) - 1
        if number < 0 or not 0 < place - self._begins[number] < self.knots[number].words:
            return None
        return number

    def _token_at(self, place: int) -> int:
        """Number of the first token behind a place outside of knots."""
        number = bisect_right(self._begins, place) - 1
        if number < 0:
            return place
        begin, knot = self._begins[number], self.knots[number]
        return knot.begin if place == begin else knot.end + place - begin - knot.words


def unpacked(tokens: Iterable[int], packed: Sequence[int]) -> Cuttable[int]:
    """A text of hashes, with the knots that were `packed`.

    Examples
    --------
    >>> text = Cuttable(["25"], [Knot(0, 1, 2, {(0, 1): ["20"], (1, 2): ["5"]})])
    >>> unpacked([25], text.packed(lambda words: map(int, words))).piece(1, 2)
    [5]
    """
    knots = []
    at = 0
    while at < len(packed):
        begin, end, words = packed[at : at + 3]
        at += 3
        readings: dict[tuple[int, int], list[int]] = {}
        for stretch in _stretches(words):
            behind = at + 1 + packed[at]
            readings[stretch] = list(packed[at + 1 : behind])
            at = behind
        knots.append(Knot(begin, end, words, readings))
    return Cuttable(tokens, knots)


def _stretches(words: int) -> Iterator[tuple[int, int]]:
    """All stretches of so many words but the whole."""
    for begin in range(words):
        for end in range(begin + 1, words + 1):
            if end - begin < words:
                yield begin, end


def _begin(knot: Knot[Any]) -> int:
    return knot.begin
