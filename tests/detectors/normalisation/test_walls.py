"""A text taken apart at its walls gives the tokens that the whole gives."""

import ast
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import detectors.normalisation.english
from detectors import text as module
from detectors.normalisation.english.british_words import COMPOUNDS
from detectors.normalisation.token_codes import TokenCodes
from detectors.normalisation.walls import WALL, Kind, _words
from detectors.text import Normaliser, step_names

ENGLISH = Normaliser("en")
SWITCHES = [name for name in step_names("en") if name != "spacing"]
PLAIN = ["fever", "coughing", "patient", "kidneys", "walked", "since", "monday", "she", "was", "wall"]
RULES = [step.rules for step in module._STEPS]
WATCHED = sorted(set(_words(RULES)))
OTHERS = [
    *(
        "50",
        "3.5",
        "1,000",
        "½",
        "120/80",
        "-5",
        "5-10",
        "50mg",
        "B12",
        "1st",
        "00",
        ".5",
        "%",
        "°C",
        "$5",
        "24/7",
    ),
    *(
        "can't",
        "it's",
        "patient's",
        "o'clock",
        "'s",
        "she'd",
        "won’t",
        "x-ray",
        "[PII]",
        "(laughter)",
        "<unk>",
        "(",
    ),
    *("anaemia", "colour", "fibre", "xray", ".", ",", "'", "-", "/", "naïve", "μg", "x" * 40, *COMPOUNDS),
    *"abcdefghijklmnopqrstuvwxyz",
]
SPEECH = st.lists(
    st.tuples(
        st.one_of(st.sampled_from(PLAIN), st.sampled_from(WATCHED), st.sampled_from(OTHERS)),
        st.sampled_from([" ", " ", " ", " ", ", ", ". ", "-", "/", ""]),
    ),
    max_size=16,
).map(lambda pairs: "".join(word + separator for word, separator in pairs))


def whole(normaliser: Normaliser, text: str) -> list[str]:
    """The tokens without any detour round words that mean nothing."""
    return normaliser._settled(normaliser._rewritten(text).split())


@given(SPEECH)
@settings(max_examples=1_000, derandomize=True, deadline=None)
def test_walls_change_no_token(text: str) -> None:
    assert ENGLISH.tokens(text) == whole(ENGLISH, text)


@given(SPEECH, st.sets(st.sampled_from(SWITCHES), max_size=3))
@settings(max_examples=400, derandomize=True, deadline=None)
def test_walls_change_no_token_whatever_is_switched_off(text: str, disabled: set[str]) -> None:
    normaliser = Normaliser("en", disabled)
    assert normaliser.tokens(text) == whole(normaliser, text)


def test_walls_change_no_token_of_long_runs_of_words_that_rules_look_for() -> None:
    draw = random.Random(5)
    kinds = [WATCHED, PLAIN, OTHERS, ["one", "two", "twenty", "hundred", "and", "a", "half", "point", "mg"]]
    for _ in range(4_000):
        text = " ".join(draw.choice(draw.choice(kinds)) for _ in range(draw.randrange(1, 40)))
        assert ENGLISH.tokens(text) == whole(ENGLISH, text)


@given(SPEECH)
@settings(max_examples=300, derandomize=True, deadline=None)
def test_a_language_without_rules_for_words_gets_the_same_tokens_too(text: str) -> None:
    german = Normaliser("de")
    assert german.tokens(text) == whole(german, text)


def codes(normaliser: Normaliser) -> TokenCodes:
    return TokenCodes(normaliser, lambda token: f"{token}|".encode())


def joined(tokens: list[str]) -> bytes:
    return "".join(f"{token}|" for token in tokens).encode()


GERMAN = Normaliser("de")
ENGLISH_CODES, GERMAN_CODES = codes(ENGLISH), codes(GERMAN)


@given(SPEECH)
@settings(max_examples=800, derandomize=True, deadline=None)
def test_codes_are_those_of_the_tokens(text: str) -> None:
    assert ENGLISH_CODES.of(text) == joined(ENGLISH.tokens(text))


@given(
    st.lists(
        st.tuples(SPEECH, st.sampled_from([" ", "\t", "\n", "\x1c", "\x00", "\xa0", "\u200b", ""])),
        max_size=3,
    )
)
@settings(max_examples=500, derandomize=True, deadline=None)
def test_codes_are_those_of_the_tokens_whatever_stands_between_words(parts: list[tuple[str, str]]) -> None:
    text = "".join(words + separator for words, separator in parts)
    assert ENGLISH_CODES.of(text) == joined(ENGLISH.tokens(text))


WRITTEN = st.lists(
    st.tuples(
        st.sampled_from(
            ["", "", "", "", '"', "'", "“", "‘", "(", "[", "<", "-", "–", "$", "£", ".", "^", "`"]
        ),
        st.one_of(
            st.sampled_from(PLAIN),
            st.sampled_from(WATCHED),
            st.sampled_from(OTHERS),
            st.sampled_from(
                ["Ménière's", "größe", "œdema", "½", "5½", "2°", "°c", "µg", "жар", "…", "«", "ﬁve"]
            ),
        ),
        st.sampled_from([str.lower, str.lower, str.capitalize, str.upper, str.title]),
        st.sampled_from(
            ["", "", "", "", ",", ".", "?", "!", ":", ";", "...", "…", "'s", "’s", ")", "]", ">", "%", "-"]
        ),
        st.sampled_from([" ", " ", " ", " ", " ", "  ", "", "/", "-", " – ", " / ", "—"]),
    ),
    max_size=16,
).map(
    lambda parts: "".join(before + case(word) + after + space for before, word, case, after, space in parts)
)


@given(WRITTEN)
@settings(max_examples=1_500, derandomize=True, deadline=None)
def test_codes_are_those_of_the_tokens_however_they_are_written(text: str) -> None:
    assert ENGLISH_CODES.of(text) == joined(ENGLISH.tokens(text))


@given(WRITTEN)
@settings(max_examples=600, derandomize=True, deadline=None)
def test_codes_are_those_of_the_tokens_in_a_language_without_rules_for_words(text: str) -> None:
    assert GERMAN_CODES.of(text) == joined(GERMAN.tokens(text))


@given(WRITTEN, st.sets(st.sampled_from(SWITCHES), max_size=3))
@settings(max_examples=150, derandomize=True, deadline=None)
def test_codes_are_those_of_the_tokens_however_they_are_written_and_whatever_is_switched_off(
    text: str, disabled: set[str]
) -> None:
    normaliser = Normaliser("en", disabled)
    assert codes(normaliser).of(text) == joined(normaliser.tokens(text))


@given(st.text(max_size=40), SPEECH, st.text(max_size=40))
@settings(max_examples=1_000, derandomize=True, deadline=None)
def test_codes_are_those_of_the_tokens_beside_whatever_characters(
    before: str, words: str, after: str
) -> None:
    for text in (f"{before} {words} {after}", before + words + after):
        assert ENGLISH_CODES.of(text) == joined(ENGLISH.tokens(text))
        assert GERMAN_CODES.of(text) == joined(GERMAN.tokens(text))


@given(SPEECH, st.sets(st.sampled_from(SWITCHES), max_size=3))
@settings(max_examples=500, derandomize=True, deadline=None)
def test_codes_are_those_of_the_tokens_whatever_is_switched_off(text: str, disabled: set[str]) -> None:
    normaliser = Normaliser("en", disabled)
    assert codes(normaliser).of(text) == joined(normaliser.tokens(text))


def test_codes_of_long_runs_of_words_that_rules_look_for(monkeypatch: pytest.MonkeyPatch) -> None:
    # So that what is remembered is forgotten again and again, in the middle of a text too.
    monkeypatch.setattr("detectors.normalisation.written_words._MOST", 100)
    monkeypatch.setattr("detectors.normalisation.token_codes._MOST_STRETCHES", 100)
    draw, of = random.Random(6), codes(ENGLISH).of
    kinds = [
        WATCHED,
        PLAIN,
        PLAIN,
        ["one", "two", "twenty", "hundred", "and", "a", "half", "point", "mg", ""],
    ]
    for _ in range(4_000):
        text = " ".join(draw.choice(draw.choice(kinds)) for _ in range(draw.randrange(1, 40)))
        assert of(text) == joined(ENGLISH.tokens(text))


CONTRACTED = [
    base + apostrophe + ending + sign
    for base in [
        "it",
        "that",
        "who",
        "don",
        "can",
        "won",
        "i",
        "we",
        "patient",
        "mm",
        "uh",
        "five",
        "m",
        "need",
    ]
    for apostrophe in ("'", "’")
    for ending in ("s", "t", "re", "ve", "ll", "m", "d", "S", "LL")
    for sign in ("", ",", ".")
]


def test_codes_of_contractions_beside_words_that_rules_look_for() -> None:
    draw = random.Random(7)
    kinds = [
        CONTRACTED,
        WATCHED,
        PLAIN,
        ["been", "got", "had", "better", "huh", "cause", "a", "m", "per", "um", "one"],
    ]
    for _ in range(2_000):
        words = [draw.choice(draw.choice(kinds)) for _ in range(draw.randrange(1, 12))]
        text = " ".join(draw.choice([word, word, word.capitalize(), word + ","]) for word in words)
        assert ENGLISH_CODES.of(text) == joined(ENGLISH.tokens(text))


def test_every_word_that_rules_look_for_beside_others() -> None:
    for word in [*WATCHED, *OTHERS]:
        for text in (f"A {word} fever", f"Per {word}", f"Half {word.upper()}. M"):
            assert ENGLISH_CODES.of(text) == joined(whole(ENGLISH, text))


def test_another_thread_may_begin_anew_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detectors.normalisation.written_words._MOST", 1)

    def code_while_others_learn(token: str) -> bytes:
        if token != "kidneys":
            found.of("kidneys")
        return f"{token}|".encode()

    found = TokenCodes(ENGLISH, code_while_others_learn)
    assert found.of("patient coughing") == b"patient|coughing|"


def test_nothing_depends_on_which_wall_stands_somewhere() -> None:
    assert ENGLISH.kind(WALL) is Kind.WALL
    assert {ENGLISH.kind(word).name for word in ("fever", "kidneys", "monday")} == {"WALL"}


@pytest.mark.parametrize(
    "word", ["walked", "a", "of", "milligrams", "been", "fifty", "50", "Fever", "naïve", "can't", "μg"]
)
def test_what_may_matter_is_no_wall(word: str) -> None:
    assert ENGLISH.kind(word) is not Kind.WALL


def spoken_of(tree: ast.AST) -> Iterator[str]:
    """The words in a module's code that are no documentation."""
    described = (ast.Module, ast.FunctionDef, ast.ClassDef)
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, described) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.value


def test_no_word_that_the_code_of_a_step_names_is_a_wall() -> None:
    folder = Path(detectors.normalisation.english.__file__).parent
    named = {
        word
        for path in sorted(folder.glob("*.py"))
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef)
        for word in spoken_of(function)
        if word.isalpha() and word.islower() and word.isascii()
    }
    assert {"half", "past", "cetera"} <= named
    assert [word for word in sorted(named) if ENGLISH.kind(word) is Kind.WALL] == []
