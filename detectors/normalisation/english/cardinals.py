"""Read a spelled number: "two thousand and nineteen", "a hundred and first", "5 million two hundred thousand"."""

from typing import NamedTuple

from detectors.normalisation.english.number_words import (
    HUNDRED,
    ONES,
    ORDINAL_ONES,
    ORDINAL_SCALES,
    ORDINALS,
    PARTS,
    SCALES,
    TEENS,
    TENS,
)
from detectors.normalisation.english.written_numbers import is_integer

__all__ = ["Reading", "below_hundred", "cardinal", "word_at"]


class Reading(NamedTuple):
    """A number that was read, and the index of the first word after it."""

    value: int
    end: int
    is_ordinal: bool = False


def cardinal(words: list[str], at: int) -> Reading | None:
    """Read the longest spelled number that starts at `at`; None if none does.

    Digits start one only before "hundred" or a larger scale ("5 million"); elsewhere they never join words.

    >>> cardinal("five hundred and six thousand and twelve men".split(), 0)
    Reading(value=506012, end=7, is_ordinal=False)
    >>> cardinal("one hundred and two hundred".split(), 0)
    Reading(value=100, end=2, is_ordinal=False)
    """
    group = _multiplier(words, at) or _below_thousand(words, at)
    total, limit = 0, _NO_LIMIT
    while group is not None:
        if group.is_ordinal:
            return Reading(total + group.value, group.end, is_ordinal=True)
        scale = word_at(words, group.end)
        if SCALES.get(scale, _NO_LIMIT) < limit:
            limit = SCALES[scale]
        elif ORDINAL_SCALES.get(scale, _NO_LIMIT) < limit:
            return Reading(total + group.value * 10 ** ORDINAL_SCALES[scale], group.end + 1, is_ordinal=True)
        else:
            return Reading(total + group.value, group.end)
        total += group.value * 10**limit
        end = group.end + 1
        group = _next_group(words, end, limit)
        if group is None:
            return Reading(total, end)
    return None


def below_hundred(words: list[str], at: int) -> Reading | None:
    """Read one to ninety-nine, or first to ninety-ninth.

    >>> below_hundred(["twenty", "one"], 0), below_hundred(["fifth"], 0)
    (Reading(value=21, end=2, is_ordinal=False), Reading(value=5, end=1, is_ordinal=True))
    """
    word = word_at(words, at)
    if word in ONES or word in TEENS:
        return Reading(ONES.get(word) or TEENS[word], at + 1)
    if word in ORDINALS:
        return Reading(ORDINALS[word], at + 1, is_ordinal=True)
    if word not in TENS:
        return None
    following = word_at(words, at + 1)
    if following in ONES:
        return Reading(TENS[word] + ONES[following], at + 2)
    if following in ORDINAL_ONES:
        return Reading(TENS[word] + ORDINAL_ONES[following], at + 2, is_ordinal=True)
    return Reading(TENS[word], at + 1)


def word_at(words: list[str], at: int) -> str:
    """Return the word at an index, or "" beyond the end."""
    return words[at] if at < len(words) else ""


def _below_thousand(words: list[str], at: int) -> Reading | None:
    head = below_hundred(words, at)
    word = word_at(words, at)
    if head is None and word == "a" and word_at(words, at + 1) == HUNDRED:
        head = Reading(1, at + 1)
    elif head is None and word in {HUNDRED, _HUNDREDTH}:
        head = Reading(1, at)
    elif head is None and word_at(words, at + 1) == HUNDRED:
        head = _short_integer(words, at)
    if head is None or head.is_ordinal:
        return head
    if word_at(words, head.end) == _HUNDREDTH:
        return Reading(head.value * 100, head.end + 1, is_ordinal=True)
    if word_at(words, head.end) != HUNDRED:
        return head
    hundreds = head.value * 100
    tail = _tail(words, head.end + 1)
    if tail is None or word_at(words, tail.end) in {HUNDRED, _HUNDREDTH}:
        return Reading(hundreds, head.end + 1)
    return Reading(hundreds + tail.value, tail.end, tail.is_ordinal)


def _tail(words: list[str], at: int) -> Reading | None:
    """Read what may follow "hundred" or a scale, with or without "and"."""
    has_and = word_at(words, at) == "and"
    start = at + has_and
    tail = below_hundred(words, start)
    if tail is None:
        return None
    is_part = has_and and word_at(words, tail.end) in _PARTS
    is_time = not has_and and words[start] == "second"
    return None if is_part or is_time else tail


def _multiplier(words: list[str], at: int) -> Reading | None:
    """Read what only a scale makes a number: "a million", "million", "5 million"."""
    if word_at(words, at) in SCALES:
        return Reading(1, at)
    if word_at(words, at + 1) not in SCALES:
        return None
    return Reading(1, at + 1) if words[at] == "a" else _short_integer(words, at)


def _short_integer(words: list[str], at: int) -> Reading | None:
    word = words[at]
    is_short = is_integer(word) and len(word) <= _INTEGER_LENGTH and not word.startswith("0")
    return Reading(int(word), at + 1) if is_short else None


def _next_group(words: list[str], at: int, limit: int) -> Reading | None:
    """Read a group that may be added to what a scale of 10**limit closed."""
    has_and = word_at(words, at) == "and"
    start = at + has_and
    if word_at(words, start) in _NO_GROUP:
        return None
    group = _tail(words, at) and _below_thousand(words, start)
    if group is None and word_at(words, start + 1) in SCALES:
        group = _short_integer(words, start)
    if group is None or group.value >= 10**limit:
        return None
    return None if SCALES.get(word_at(words, group.end), -1) >= limit else group


_HUNDREDTH = "hundredth"
_NO_LIMIT = 99
_INTEGER_LENGTH = 12
_PARTS = frozenset(["half", "quarter", *PARTS])
_NO_GROUP = frozenset(["", "a", HUNDRED, *SCALES])
