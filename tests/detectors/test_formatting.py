"""What an engine's change of formatting does to the counts that the monitor sees: hardly anything."""

import re
from collections.abc import Callable
from itertools import islice

import pytest

from detectors.alignment import ErrorCounts, align
from detectors.text import Normaliser
from service.demo.recording import read_lines

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
LINES = 800
ENGLISH = Normaliser("en")


def in_words(number: int) -> str:
    """A whole number below a million as it is said."""
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10] + (f" {ONES[number % 10]}" if number % 10 else "")
    size, name = (100, "hundred") if number < 1_000 else (1_000, "thousand")
    rest = f" {in_words(number % size)}" if number % size else ""
    return f"{in_words(number // size)} {name}{rest}"


NUMBERS = {in_words(number): str(number) for number in range(1_000)}
SPELLED = re.compile(rf"\b(?:{'|'.join(sorted(NUMBERS, key=len, reverse=True))})\b")


def in_digits(text: str) -> str:
    return SPELLED.sub(lambda found: NUMBERS[found[0]], text)


def with_marks(text: str) -> str:
    words = text.split()
    marked = [f"{word}," if index % 5 == 4 else word for index, word in enumerate(words)]
    return f"{' '.join(marked).capitalize()}." if words else text


def errors(formatted: Callable[[str], str]) -> tuple[list[ErrorCounts], int]:
    """The recorded lines' counts when the engine writes so, and how many hypotheses look otherwise."""
    counts, changed = [], 0
    for line in islice(read_lines("hospital"), LINES):
        hypothesis = formatted(line["hypothesis"])
        counts.append(align(ENGLISH.tokens(line["reference"]), ENGLISH.tokens(hypothesis)))
        changed += hypothesis != line["hypothesis"]
    return counts, changed


@pytest.mark.parametrize("formatted", [str.upper, with_marks])
def test_an_engine_that_changes_case_and_marks_changes_no_count(formatted: Callable[[str], str]) -> None:
    counts, changed = errors(formatted)
    assert changed > LINES * 0.9
    assert counts == errors(str)[0]


def test_an_engine_that_writes_digits_for_words_moves_wer_by_less_than_a_tenth_of_a_point() -> None:
    # Only where it misheard a number within a number ("seven point five hundred thirty") do the two part.
    otherwise, changed = errors(lambda text: with_marks(in_digits(text)))
    usual, _ = errors(str)
    words = sum(each.reference_words for each in usual)
    assert changed > LINES * 0.9
    assert sum(left != right for left, right in zip(usual, otherwise, strict=True)) < LINES * 0.02
    assert abs(sum(each.errors for each in otherwise) - sum(each.errors for each in usual)) < 0.001 * words


@pytest.mark.parametrize("begin", range(7))
def test_a_number_is_the_same_in_digits_and_in_words(begin: int) -> None:
    for number in range(begin, 100_000, 7 * 13):
        said = ENGLISH.tokens(f"give {in_words(number)} units today")
        assert ENGLISH.tokens(f"Give {number} units today.") == said
        assert ENGLISH.tokens(f"give {number:,} units, today") == said


def test_without_its_step_a_number_in_digits_is_another_word() -> None:
    without = Normaliser("en", disable=["numbers"])
    assert without.tokens("give 20 units") != without.tokens("give twenty units")
    assert without.version != ENGLISH.version
