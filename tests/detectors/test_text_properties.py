"""Laws of the normaliser, over all of Unicode and over realistic fragments."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.text import Normaliser, step_names

ENGLISH = Normaliser("en")
NEUTRAL = Normaliser("de")

FRAGMENTS = [
    *[
        "one",
        "two",
        "twenty",
        "hundred",
        "thousand",
        "and",
        "a",
        "half",
        "point",
        "oh",
        "zero",
        "five",
        "million",
    ],
    *[
        "50",
        "3.5",
        "1,000",
        "1/2",
        "½",
        "120/80",
        "-5",
        "5-10",
        "50mg",
        "B12",
        "1st",
        "2026",
        "00",
        "0.5",
        ".5",
    ],
    *[
        "mg",
        "milligrams",
        "mcg",
        "µg",
        "%",
        "percent",
        "per",
        "cent",
        "°C",
        "degrees",
        "celsius",
        "g",
        "m",
        "l",
    ],
    *[
        "h",
        "hours",
        "over",
        "by",
        "minus",
        "plus",
        "times",
        "third",
        "seconds",
        "quarter",
        "nineteen",
        "ninety",
    ],
    *[
        "a",
        "i",
        "x",
        "E",
        "C",
        "G",
        "t",
        "m",
        "p",
        "r",
        "o",
        "ray",
        "ecg",
        "fibre",
        "µm",
        "10um",
        "tablet",
        "over",
    ],
    *[
        "can't",
        "it's",
        "patient's",
        "o'clock",
        "'s",
        "n't",
        "won’t",
        "x-ray",
        "uh",
        "um",
        "mm",
        "dr",
        "mr",
        "vs",
    ],
    *[
        "colour",
        "anaemia",
        "catheterise",
        "[PII]",
        "(laughter)",
        "<unk>",
        ".",
        ",",
        "(",
        ")",
        "$",
        "'",
        "’",
        "-",
        "/",
    ],
]
SEPARATORS = [" ", "  ", ", ", ". ", "-", "/", "", "\n"]
REALISTIC = st.lists(st.tuples(st.sampled_from(FRAGMENTS), st.sampled_from(SEPARATORS)), max_size=12).map(
    lambda pairs: "".join(fragment + separator for fragment, separator in pairs)
)
ANY_TEXT = st.one_of(st.text(max_size=60), REALISTIC)
WORDS = st.lists(
    st.sampled_from(["no", "fever", "since", "Monday", "Fifty", "mg", "colour", "can't"]), min_size=1
)


@given(ANY_TEXT)
@settings(max_examples=1_500, derandomize=True, deadline=None)
def test_normalising_twice_changes_nothing(text: str) -> None:
    for normaliser in (ENGLISH, NEUTRAL):
        tokens = normaliser.tokens(text)
        assert normaliser.tokens(" ".join(tokens)) == tokens


@given(REALISTIC, st.sets(st.sampled_from([s for s in step_names("en") if s != "spacing"])))
@settings(max_examples=500, derandomize=True, deadline=None)
def test_normalising_twice_changes_nothing_whatever_is_switched_off(text: str, disabled: set[str]) -> None:
    normaliser = Normaliser("en", disabled)
    tokens = normaliser.tokens(text)
    assert normaliser.tokens(" ".join(tokens)) == tokens


@given(REALISTIC)
@settings(max_examples=500, derandomize=True, deadline=None)
def test_case_does_not_matter(text: str) -> None:
    assert ENGLISH.tokens(text.upper()) == ENGLISH.tokens(text.lower()) == ENGLISH.tokens(text)


@given(REALISTIC, st.sampled_from(["  ", "\t", "\n", "\u00a0", " \u2003 "]))
@settings(max_examples=500, derandomize=True, deadline=None)
def test_spacing_does_not_matter(text: str, space: str) -> None:
    assert ENGLISH.tokens(text.replace(" ", space)) == ENGLISH.tokens(text)


@given(WORDS, st.lists(st.sampled_from([",", ".", ";", ":", "!", "?", '"', "…"]), min_size=1))
@settings(max_examples=500, derandomize=True, deadline=None)
def test_punctuation_between_words_does_not_matter(words: list[str], marks: list[str]) -> None:
    marked = " ".join(word + marks[at % len(marks)] for at, word in enumerate(words))
    assert ENGLISH.tokens(marked) == ENGLISH.tokens(" ".join(words))


@given(ANY_TEXT)
@settings(max_examples=500, derandomize=True, deadline=None)
def test_tokens_are_clean(text: str) -> None:
    for token in ENGLISH.tokens(text):
        assert token
        assert not any(character.isspace() for character in token)


@given(st.integers(0, 999_999))
@settings(max_examples=500, derandomize=True, deadline=None)
def test_spelled_numbers_are_their_digits(number: int) -> None:
    assert ENGLISH.tokens(spelled(number)) == [str(number)]


@pytest.mark.parametrize(("number", "words"), [(0, "zero"), (21, "twenty one"), (305, "three hundred five")])
def test_the_speller_of_these_tests_spells(number: int, words: str) -> None:
    assert spelled(number) == words


def spelled(number: int) -> str:
    small = (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen seventeen eighteen nineteen"
    ).split()
    tens = "twenty thirty forty fifty sixty seventy eighty ninety".split()
    if number < 20:
        return small[number]
    if number < 100:
        return tens[number // 10 - 2] + (f" {small[number % 10]}" if number % 10 else "")
    unit, name = (1_000, "thousand") if number >= 1_000 else (100, "hundred")
    rest = number % unit
    return f"{spelled(number // unit)} {name}" + (f" {spelled(rest)}" if rest else "")
