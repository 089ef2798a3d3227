import random

import jiwer
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.alignment import ErrorCounts, align
from detectors.text import Normaliser
from service.demo.recording import read_lines

VOCABULARY = ["no", "fever", "since", "monday", "the", "a", "of", "mg", "fifty"]
WORDS = st.lists(st.sampled_from(VOCABULARY), max_size=25)


def jiwer_counts(reference: list[str], hypothesis: list[str]) -> ErrorCounts:
    found = jiwer.process_words(" ".join(reference), " ".join(hypothesis))
    return ErrorCounts(found.substitutions, found.deletions, found.insertions, found.hits)


@pytest.mark.parametrize("name", ["hospital", "control"])
def test_equals_jiwer_on_every_pair_of_the_recordings(name: str) -> None:
    normaliser = Normaliser("en")
    pairs = [
        (normaliser.tokens(line["reference"]), normaliser.tokens(line["hypothesis"]))
        for line in read_lines(name)
    ]
    references = [" ".join(reference) for reference, _ in pairs]
    hypotheses = [" ".join(hypothesis) for _, hypothesis in pairs]
    assert all(references)
    together = jiwer.process_words(references, hypotheses)
    ours = [align(reference, hypothesis) for reference, hypothesis in pairs]
    for count, chunks in zip(ours, together.alignments, strict=True):
        theirs = {"equal": 0, "substitute": 0, "insert": 0, "delete": 0}
        for chunk in chunks:
            theirs[chunk.type] += max(
                chunk.ref_end_idx - chunk.ref_start_idx, chunk.hyp_end_idx - chunk.hyp_start_idx
            )
        assert count == ErrorCounts(theirs["substitute"], theirs["delete"], theirs["insert"], theirs["equal"])


def test_equals_jiwer_on_thousands_of_random_pairs() -> None:
    chance = random.Random(20)
    for _ in range(4_000):
        vocabulary = [str(n) for n in range(chance.randint(1, 40))]
        reference = chance.choices(vocabulary, k=chance.randint(1, 40))
        hypothesis = chance.choices(vocabulary, k=chance.randint(0, 40))
        assert align(reference, hypothesis) == jiwer_counts(reference, hypothesis)


def test_hashes_align_as_the_words_that_they_stand_for() -> None:
    chance = random.Random(21)
    for _ in range(500):
        reference = chance.choices("abcdef", k=chance.randint(0, 20))
        hypothesis = chance.choices("abcdef", k=chance.randint(0, 20))
        number = {letter: hash(letter) & (2**64 - 1) for letter in "abcdef"}
        assert align([number[w] for w in reference], [number[w] for w in hypothesis]) == align(
            reference, hypothesis
        )


@given(WORDS, WORDS)
@settings(max_examples=300, derandomize=True)
def test_counts_add_up_to_both_sides(reference: list[str], hypothesis: list[str]) -> None:
    counts = align(reference, hypothesis)
    assert counts.reference_words == len(reference)
    assert counts.hypothesis_words == len(hypothesis)
    assert counts.errors >= abs(len(reference) - len(hypothesis))
    assert 0 <= counts.capped_errors <= len(reference)


@given(WORDS)
@settings(max_examples=100, derandomize=True)
def test_a_text_has_no_errors_against_itself(words: list[str]) -> None:
    assert align(words, words) == ErrorCounts(0, 0, 0, len(words))


def test_an_empty_reference_has_insertions_and_no_ratio() -> None:
    counts = align([], ["thank", "you"])
    assert counts == ErrorCounts(0, 0, 2, 0)
    assert counts.wer is None
    assert counts.capped_errors == 0


def test_two_empty_sides_have_nothing() -> None:
    assert align([], []) == ErrorCounts(0, 0, 0, 0)


def test_an_empty_hypothesis_deletes_every_word() -> None:
    counts = align(["no", "fever"], [])
    assert counts == ErrorCounts(0, 2, 0, 0)
    assert counts.wer == 1.0


def test_insertions_can_exceed_one_hundred_percent_and_are_capped_for_detection() -> None:
    counts = align(["stop"], ["thank", "you"] * 15)
    assert counts.wer == 30.0
    assert counts.capped_errors == 1
    assert counts.is_loop
