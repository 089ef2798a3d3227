"""Critical terms are counted where reference and hypothesis are aligned."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.alignment import align
from detectors.normalisation.critical_terms import CriticalCounts, Lexicon, version_of

LEXICON = Lexicon([term.split() for term in ("no", "not", "fever", "heart failure", "50 mg", "failure")])
WORDS = st.lists(st.sampled_from("no not fever heart failure 50 mg the a".split()), max_size=12)
TERMS = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=3), min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "counts"),
    [
        ("no fever", "no fever", (2, 0, 0)),
        ("no fever", "fever", (2, 1, 0)),
        ("fever", "no fever", (1, 0, 1)),
        ("give 50 mg now", "give 15 mg now", (1, 1, 0)),
        ("give 15 mg now", "give 50 mg now", (0, 0, 1)),
        ("acute heart failure", "acute heart of failure", (1, 0, 0)),
        ("the heart", "the heart", (0, 0, 0)),
        ("no", "", (1, 1, 0)),
        ("", "not", (0, 0, 1)),
        ("no no fever", "no fever", (3, 1, 0)),
        ("it is not known", "it is no known", (1, 1, 1)),
    ],
)
def test_what_is_lost_and_what_is_invented(
    reference: str, hypothesis: str, counts: tuple[int, int, int]
) -> None:
    assert LEXICON.count(reference.split(), hypothesis.split()) == CriticalCounts(*counts)


@given(WORDS)
def test_a_right_hypothesis_misses_and_invents_nothing(words: list[str]) -> None:
    counts = LEXICON.count(words, words)
    assert (counts.missed, counts.inserted) == (0, 0)
    assert LEXICON.count_correct(words) == counts


@given(WORDS, WORDS)
def test_with_single_words_it_agrees_with_the_alignment(reference: list[str], hypothesis: list[str]) -> None:
    """Where every word is a term, what is missed is S + D and what is inserted S + I."""
    errors = align(reference, hypothesis)
    found = Lexicon([word] for word in {*reference, *hypothesis}).count(reference, hypothesis)
    assert found.terms == errors.reference_words
    assert found.missed == errors.substitutions + errors.deletions
    assert found.inserted == errors.substitutions + errors.insertions


@given(WORDS, WORDS)
def test_turned_round_what_was_missed_is_invented(reference: list[str], hypothesis: list[str]) -> None:
    one, other = LEXICON.count(reference, hypothesis), LEXICON.count(hypothesis, reference)
    assert one.terms - one.missed >= 0
    assert other.terms - other.missed >= 0
    if one.missed == 0 and one.inserted == 0:
        assert one.terms == len(LEXICON.occurrences(reference))


def leftmost_longest(terms: Sequence[Sequence[str]], words: Sequence[str]) -> list[tuple[int, int]]:
    found, at = [], 0
    while at < len(words):
        fitting = [len(term) for term in terms if list(words[at : at + len(term)]) == list(term)]
        if fitting:
            found.append((at, at + max(fitting)))
        at += max(fitting, default=1)
    return found


@given(TERMS, st.lists(st.sampled_from("abc"), max_size=15))
def test_the_leftmost_longest_terms_are_found(terms: list[list[str]], words: list[str]) -> None:
    assert Lexicon(terms).occurrences(words) == leftmost_longest(terms, words)


def test_another_normaliser_or_another_term_is_another_version() -> None:
    version = version_of([["no"]], "en-1")
    assert version_of([["no"]], "en-2") != version
    assert version_of([["no"], ["not"]], "en-1") != version
    assert version_of([["no", "not"]], "en-1") != version_of([["no"], ["not"]], "en-1")
