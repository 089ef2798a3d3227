"""Spelled numbers in digits.

What is written in digits is not merged with its neighbours, because "1 20 mg" is not "120 mg"; only words
combine, and a word that combines is gone afterwards. That is what makes the step idempotent:

- "one hundred and twenty three" is 123, "five six" is 5 6;
- three and more single digits in a row are read one by one, as those of a telephone number or a code are: "seven
  seven three" and "7 7 3" are 773, but not before a unit ("7, 8, 9 mg");
- two words of two digits are one number where they are a year (nineteen ninety five, twenty twenty six);
- "one twenty" is 120 before "over" and before a unit (one fifty milligrams), but not where it may be a count of
  things of that size (one fifty milligram tablet, two fifty mg capsules);
- "one oh five" is 105, "nine oh two one" is 9021;
- "two and a half" is 2.5, "one half" and 1/2 are half, "two thirds" and 2/3 are 2 over 3;
- "three out of ten" is 3 over 10, "3 x 4" is 3 by 4, "may fifth" is may 5.
"""

from typing import NamedTuple

from detectors.normalisation.english import number_words, single_digits, written_numbers
from detectors.normalisation.english.cardinals import Reading, below_hundred, cardinal, word_at
from detectors.normalisation.english.number_neighbours import (
    BEFORE_A_POINT,
    COUNTED,
    MEASURED_IN,
    NOT_AFTER_A_YEAR,
    NUMBERED,
)
from detectors.normalisation.english.number_words import (
    CARDINAL_WORDS,
    DECADES,
    HUNDRED,
    MONTHS,
    OH,
    ONES,
    ORDINAL_SCALES,
    ORDINALS,
    PARTS,
    SCALES,
    SINGLE_PARTS,
    TEENS,
    TENS,
    ZEROS,
)
from detectors.normalisation.english.written_numbers import (
    is_decimal,
    is_integer,
    is_quantity,
    ordinal,
    plain,
    shifted,
)

__all__ = ["RULES", "TRIGGERS", "in_digits"]


def in_digits(tokens: list[str]) -> list[str]:
    """Return the tokens with every number in digits.

    >>> " ".join(in_digits("one hundred and twenty over eighty since may third nineteen ninety five".split()))
    '120 over 80 since may 3 1995'
    >>> " ".join(in_digits("two point five million and two and a half of one two and seven seven three".split()))
    '2500000 and 2.5 of 1 2 and 773'
    """
    if not tokens or (min(tokens) >= _ABOVE_DIGITS and TRIGGERS.isdisjoint(tokens)):
        return tokens
    words: list[str] = []
    for token in tokens:
        if token < _ABOVE_DIGITS:
            words.extend(plain(token))
        else:
            words.append(token)
    digits = single_digits.joined(_spelled_in_digits(words))
    return digits if _RELATIONS.isdisjoint(digits) else _related(digits)


class _Part(NamedTuple):
    """Digits that belong behind the point, and the index of the first word after them."""

    digits: str
    end: int


def _spelled_in_digits(words: list[str]) -> list[str]:
    out: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        # Most words are no number at all, so the cheapest question comes first.
        if word in _STARTERS or ("0" <= word[0] <= "9" and word_at(words, at + 1) in _CONTINUES_DIGITS):
            at = _read(words, at, out)
        else:
            out.append(word)
            at += 1
    return out


def _read(words: list[str], at: int, out: list[str]) -> int:
    """Append what starts at `at`, which may be a number, and return the index behind it."""
    word = words[at]
    before = out[-1] if out else ""
    if word in DECADES:
        out.append(f"{DECADES[word]}s")
    elif word == "point":
        part = _digits_after_point(words, at + 1)
        is_a_word = before in BEFORE_A_POINT or "0" <= before[:1] <= "9"
        if part is None or is_a_word or not part.digits.strip("0"):
            out.append(word)
        else:
            return _finish(plain(f"0.{part.digits}")[0], words, part.end, out)
    elif word in ZEROS or (word in OH and _oh_is_zero(words, at)):
        return _finish("0", words, at + 1, out)
    elif word == "second":
        is_time = is_quantity(before) or before in {"half", "per"}
        out.append(word if is_time else "2nd")
    else:
        return _read_count(words, at, out)
    return at + 1


def _read_count(words: list[str], at: int, out: list[str]) -> int:
    joined = _joined(words, at)
    if joined is not None:
        return _finish(str(joined.value), words, joined.end, out)
    decade = _decade(words, at)
    if decade is not None:
        out.append(decade)
        return at + 2
    reading = cardinal(words, at)
    if reading is None:
        word = words[at]
        if is_integer(word) or is_decimal(word):
            return _finish(word, words, at + 1, out)
        out.append(word)
        return at + 1
    if reading.is_ordinal:
        out.append(ordinal(reading.value))
        return reading.end
    return _finish(str(reading.value), words, reading.end, out)


def _joined(words: list[str], at: int) -> Reading | None:
    """Read two spelled numbers that are one: a year, "one oh five", "one twenty" before "over" or a unit."""
    first = below_hundred(words, at)
    before = words[at - 1] if at > 0 else ""
    if first is None or first.is_ordinal or before in _TENS_AND_ABOVE:
        return None
    following = word_at(words, first.end)
    if following in OH:
        last = word_at(words, first.end + 1)
        is_alone = before not in _SPELLED and word_at(words, first.end + 2) not in _SPELLED
        return Reading(first.value * 100 + ONES[last], first.end + 2) if last in ONES and is_alone else None
    second = below_hundred(words, first.end)
    if second is None or second.is_ordinal or second.value < 10:
        return None
    behind = word_at(words, second.end)
    is_count = first.value < 10 and before not in _SPELLED
    is_pressure = is_count and first.value <= 3 and behind == "over" and _starts_number(words, second.end + 1)
    is_amount = (
        is_count and second.value >= 20 and _is_one_amount(before, behind, word_at(words, second.end + 1))
    )
    if is_pressure or is_amount or (_is_year(words[at], first, second) and behind not in NOT_AFTER_A_YEAR):
        return Reading(first.value * 100 + second.value, second.end)
    return None


def _is_one_amount(before: str, unit: str, following: str) -> bool:
    """Say whether "one fifty" before this unit is 150 of it: no numbered thing, no count of things of 50."""
    return (
        unit in MEASURED_IN
        and following not in COUNTED
        and before not in NUMBERED
        and not is_quantity(before)
    )


def _is_year(word: str, first: Reading, second: Reading) -> bool:
    if word == "twenty":
        # From thirty on "twenty thirty" is a range or a time more often than a year.
        return first.value == 20 and second.value < 30
    return first.value in {18, 19} and second.value != first.value + 1


def _decade(words: list[str], at: int) -> str | None:
    """Read "nineteen eighties"."""
    century = TEENS.get(words[at], 0)
    years = DECADES.get(word_at(words, at + 1), 0)
    return f"{century * 100 + years}s" if century >= 17 and years else None


def _oh_is_zero(words: list[str], at: int) -> bool:
    """Say whether a short run of them stands between spelled digits, or one before a point and digits."""
    if word_at(words, at + 1) == "point":
        part = _digits_after_point(words, at + 2)
        return part is not None and (words[at + 2] not in OH or part.digits.strip("0") != "")
    first = last = at
    while at - first < _MOST_ZEROS and first > 0 and words[first - 1] in OH:
        first -= 1
    while last - at < _MOST_ZEROS and word_at(words, last + 1) in OH:
        last += 1
    is_between = first > 0 and words[first - 1] in _SAID_DIGITS and word_at(words, last + 1) in _SAID_DIGITS
    return is_between and last - first < _MOST_ZEROS


def _starts_number(words: list[str], at: int) -> bool:
    word = word_at(words, at)
    return word in CARDINAL_WORDS or is_quantity(word)


def _finish(value: str, words: list[str], at: int, out: list[str]) -> int:
    """Append `value` with the part, fraction or scale that follows it, and return the index behind it."""
    while True:
        following = word_at(words, at)
        if is_decimal(value):
            places = 2 if following == HUNDRED else SCALES.get(following)
            # After a "point" that stays a word, a whole number would become its decimals the next time round.
            if places is None or (out and out[-1] == "point"):
                break
            value = shifted(value, places)
            at += 1
            continue
        part = _digits_after_point(words, at + 1) if following == "point" else _mixed_part(words, at)
        if part is not None:
            value = plain(f"{value}.{part.digits}")[0]
            at = part.end
        elif value == "1" and following == "half":
            out.append("half")
            return at + 1
        else:
            below = _denominator(value, words, at)
            if below is None:
                break
            out.extend((value, "over"))
            value = str(below)
            at += 1
    out.append(value)
    return at


def _digits_after_point(words: list[str], at: int) -> _Part | None:
    """Read "two five", "oh five", "twenty five" or "25"."""
    digits: list[str] = []
    end = at
    while end < len(words):
        word = words[end]
        if word in ONES:
            digits.append(str(ONES[word]))
        elif word in ZEROS or (word in OH and (end == at or word_at(words, end + 1) in _DIGIT_WORDS)):
            digits.append("0")
        elif len(word) == 1 and is_integer(word):
            digits.append(word)
        else:
            break
        end += 1
    if len(digits) > 1 and word_at(words, end) == "point" and _digits_after_point(words, end + 1) is not None:
        # "three point two three point one" is 3.2 and 3.1.
        del digits[-1]
        end -= 1
    if digits:
        return _Part("".join(digits), end)
    word = word_at(words, at)
    if is_integer(word):
        return _Part(word, at + 1)
    reading = cardinal(words, at)
    return None if reading is None or reading.is_ordinal else _Part(str(reading.value), reading.end)


def _mixed_part(words: list[str], at: int) -> _Part | None:
    """Read "and a half", "and half", "one half", "and a quarter" or "and three quarters"."""
    has_and = word_at(words, at) == "and"
    at += has_and
    has_a = has_and and word_at(words, at) == "a"
    at += has_a
    has_one = word_at(words, at) in {"one", "1"}
    at += has_one
    part = word_at(words, at)
    if part == "half" and (
        has_a or has_one or (has_and and word_at(words, at + 1) not in {"past", "of", "the"})
    ):
        return _Part("5", at + 1)
    if part == "quarter" and has_and and (has_a or has_one):
        return _Part("25", at + 1)
    if has_and and not has_a and part in {"three", "3"} and word_at(words, at + 1) == "quarters":
        return _Part("75", at + 2)
    return None


def _denominator(value: str, words: list[str], at: int) -> int | None:
    word = word_at(words, at)
    if word in PARTS and len(value) <= 3:
        return PARTS[word]
    if value == "1" and word == "quarter":
        return 4
    if value == "1" and words[at - 1] == "one":
        return SINGLE_PARTS.get(word)
    return None


def _related(tokens: list[str]) -> list[str]:
    """Write "3 out of 10", "3 x 4" and "may 5th" as they are written in digits elsewhere."""
    related: list[str] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        before = related[-1] if related else ""
        if token == "x" and is_quantity(word_at(tokens, at + 1)) and _is_length(related):
            token = "by"
        elif (
            token == "out"
            and word_at(tokens, at + 1) == "of"
            and is_quantity(before)
            and is_quantity(word_at(tokens, at + 2))
        ):
            token = "over"
            at += 1
        elif before in MONTHS and _is_day(token) and word_at(tokens, at + 1) not in _JOINS_A_NUMBER:
            token = token[:-2]
        related.append(token)
        at += 1
    return related


def _is_length(before: list[str]) -> bool:
    if not before:
        return False
    has_unit = before[-1] in _LENGTHS and len(before) > 1
    return is_quantity(before[-2] if has_unit else before[-1])


def _is_day(token: str) -> bool:
    return 3 <= len(token) <= 4 and is_integer(token[:-2]) and token[-2:] in {"st", "nd", "rd", "th"}


_ABOVE_DIGITS = ":"
_CONTINUES_DIGITS = frozenset([HUNDRED, *SCALES, "point", "and", "one", "1", "half", "quarter", *PARTS])
_SAID_DIGITS = frozenset([*ONES, *ZEROS])
_DIGIT_WORDS = _SAID_DIGITS | OH
_MOST_ZEROS = 8
_SPELLED = CARDINAL_WORDS | OH
_TENS_AND_ABOVE = frozenset([*TEENS, *TENS, HUNDRED, *SCALES])
_STARTERS = _SPELLED | frozenset(["a", "point", "hundredth", *ORDINALS, *ORDINAL_SCALES, *DECADES])
TRIGGERS = _STARTERS - OH - {"a", "point"}
_RELATIONS = frozenset(["x", "out", *MONTHS])
_JOINS_A_NUMBER = frozenset(["and", "half", "out", "point", "quarter", "x", *PARTS])
_LENGTHS = frozenset(
    [
        "m",
        "mm",
        "cm",
        "meter",
        "meters",
        "millimeter",
        "millimeters",
        "centimeter",
        "centimeters",
        "inch",
        "inches",
    ]
)


RULES = (
    number_words.RULES,
    written_numbers.RULES,
    MEASURED_IN,
    COUNTED,
    NUMBERED,
    BEFORE_A_POINT,
    NOT_AFTER_A_YEAR,
    _JOINS_A_NUMBER,
    _LENGTHS,
    single_digits.RULES,
)
