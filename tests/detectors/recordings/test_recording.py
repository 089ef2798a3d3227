import random
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from detectors.alignment import ErrorCounts, align
from detectors.recordings.cuttable import Words
from detectors.recordings.recording import (
    MARGIN_WORDS,
    UNKNOWN,
    Misfit,
    Share,
    Window,
    fit,
    passage_shares,
    shares,
)

VOCABULARY = ["no", "fever", "since", "monday", "the", "a"]
WORDS = st.lists(st.sampled_from(VOCABULARY), max_size=12)
SOME_WORDS = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=12)
UTTERANCES = st.lists(WORDS, min_size=1, max_size=6)


def joined(utterances: list[list[str]]) -> list[str]:
    return [word for words in utterances for word in words]


def total(counts: list[ErrorCounts]) -> ErrorCounts:
    return sum(counts, ErrorCounts(0, 0, 0, 0))


def counts_of(reference: Words, utterances: Sequence[Words]) -> list[ErrorCounts]:
    return [share.counts for share in shares(reference, utterances)]


def heard_of(words: list[str], chance: random.Random, wer: float) -> list[str]:
    """What an engine with this WER makes of words."""
    heard = []
    for word in words:
        kind = chance.choice(("lost", "wrong", "added")) if chance.random() < wer else "right"
        heard += {"lost": [], "wrong": ["?"], "added": [word, "!"], "right": [word]}[kind]
    return heard


@given(st.lists(st.sampled_from(VOCABULARY), max_size=60), UTTERANCES)
@settings(max_examples=1_000)
def test_the_counts_of_all_utterances_are_those_of_the_recording_and_each_has_its_own_words(
    reference: list[str], utterances: list[list[str]]
) -> None:
    parts = shares(reference, utterances)
    found = [share.counts for share in parts]
    assert total(found) == align(reference, joined(utterances))
    assert [counts.hypothesis_words for counts in found] == [len(words) for words in utterances]
    assert [word for share in parts for word in share.spoken] == reference
    for share in parts:
        assert len(share.spoken) == share.counts.reference_words
        assert share.counts.errors == align(share.spoken, share.heard).errors


@pytest.mark.parametrize("wer", [0.02, 0.12, 0.3, 0.8])
def test_the_counts_of_a_long_recording_are_those_of_its_alignment(wer: float) -> None:
    chance = random.Random(7)
    vocabulary = [str(number) for number in range(500)]
    for _ in range(5):
        spoken = [chance.choices(vocabulary, k=chance.randint(1, 20)) for _ in range(300)]
        heard = [heard_of(words, chance, wer) for words in spoken]
        assert total(counts_of(joined(spoken), heard)) == align(joined(spoken), joined(heard))


@given(st.lists(SOME_WORDS, min_size=1, max_size=6))
def test_each_utterance_of_a_recording_that_is_all_right_has_hits_alone(utterances: list[list[str]]) -> None:
    expected = [ErrorCounts(0, 0, 0, len(words)) for words in utterances]
    assert counts_of(joined(utterances), utterances) == expected


def test_one_utterance_gets_what_an_alignment_with_it_alone_finds() -> None:
    chance = random.Random(3)
    for _ in range(300):
        reference = chance.choices(VOCABULARY, k=chance.randint(0, 20))
        heard = chance.choices(VOCABULARY, k=chance.randint(0, 20))
        assert counts_of(reference, [heard]) == [align(reference, heard)]


def test_words_missing_between_two_utterances_are_half_the_one_s_and_half_the_other_s() -> None:
    utterances = [["a", "b"], ["c", "d"]]
    assert [counts.deletions for counts in counts_of("a b x c d".split(), utterances)] == [1, 0]
    assert [counts.deletions for counts in counts_of("a b x x c d".split(), utterances)] == [1, 1]
    assert [counts.deletions for counts in counts_of("a b x x x c d".split(), utterances)] == [2, 1]


def test_words_missing_where_an_utterance_has_none_are_that_one_s() -> None:
    utterances = [["a", "b"], [], ["c", "d"]]
    assert [counts.deletions for counts in counts_of("a b x x x c d".split(), utterances)] == [0, 3, 0]
    assert [counts.deletions for counts in counts_of("x x a".split(), [[], [], ["a"]])] == [1, 1, 0]
    assert [counts.deletions for counts in counts_of("a x x".split(), [["a"], []])] == [0, 2]


def test_words_missing_at_the_ends_are_the_first_and_the_last_utterance_s() -> None:
    utterances = [["a", "b"], ["c", "d"]]
    assert [counts.deletions for counts in counts_of("x a b c d x x".split(), utterances)] == [1, 2]


def test_words_that_are_not_known_any_more_leave_the_counts_of_others_as_they_are() -> None:
    """The place of an utterance that was scored before is held by as many words as it was found to have."""
    chance = random.Random(4)
    vocabulary = [str(number) for number in range(300)]
    beside, apart = Counter[str](), Counter[str]()
    for _ in range(200):
        spoken = [chance.choices(vocabulary, k=chance.randint(3, 15)) for _ in range(7)]
        heard = [heard_of(words, chance, 0.15) for words in spoken]
        held: list[Words] = [*heard[:3], [UNKNOWN] * len(spoken[3]), *heard[4:]]
        for found, counted in (
            (beside, counts_of(joined(spoken), held)),
            (apart, counts_of(joined(spoken), heard)),
        ):
            for counts in counted[:3] + counted[4:]:
                found["errors"] += counts.errors
                found["words"] += counts.reference_words
    assert beside["errors"] == pytest.approx(apart["errors"], rel=0.02)
    assert beside["words"] == pytest.approx(apart["words"], rel=0.002)


@given(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=6), st.lists(st.sampled_from("abc"), max_size=12)
)
@settings(max_examples=500)
def test_a_passage_is_placed_where_no_other_window_has_fewer_errors(
    passage: list[str], heard: list[str]
) -> None:
    errors = {
        (begin, end): Levenshtein.distance(passage, heard[begin:end])
        for begin in range(len(heard) + 1)
        for end in range(begin, len(heard) + 1)
    }
    fewest = min(errors.values())
    found = fit(passage, heard)
    if isinstance(found, Window):
        assert errors[found.begin, found.end] == fewest <= len(passage) - MARGIN_WORDS
        beside = [count for (begin, end), count in errors.items() if end <= found.begin or begin >= found.end]
        assert min(beside) >= fewest + MARGIN_WORDS
    elif found is Misfit.NOWHERE:
        assert fewest > len(passage) - MARGIN_WORDS


def test_passages_of_a_bad_transcript_are_found_at_their_place() -> None:
    chance = random.Random(5)
    vocabulary = [str(number) for number in range(400)]
    placed = 0
    for _ in range(60):
        spoken = [chance.choices(vocabulary, k=12) for _ in range(60)]
        heard = [heard_of(words, chance, 0.4) for words in spoken]
        first = chance.randrange(57)
        found = passage_shares(joined(spoken[first : first + 3]), heard)
        if isinstance(found, list):
            placed += 1
            assert [share.utterance for share in found] == [first, first + 1, first + 2]
    # At a WER of 40 % three utterances in a row hardly ever come out as badly as chance.
    assert placed == 60


def test_what_was_never_said_is_not_placed() -> None:
    chance = random.Random(6)
    common = ["the", "a", "of", "and", "is", "no", "in", "it"] * 6
    vocabulary = [*common, *(str(number) for number in range(200))]
    heard = chance.choices(vocabulary, k=5_000)
    placed = sum(
        isinstance(fit(chance.choices(vocabulary, k=chance.randint(3, 60)), heard), Window)
        for _ in range(150)
    )
    assert placed == 0


def test_a_passage_that_fits_at_two_places_is_not_placed() -> None:
    said = "there is no pain at all today".split()
    assert passage_shares(said, [said, "and the leg is better".split(), said]) is Misfit.SEVERAL
    no = ["no"] * 30
    assert passage_shares(["no"] * 20, [no]) is Misfit.SEVERAL
    assert passage_shares(no, [["no"] * 30, ["yes"]]) != Misfit.SEVERAL


def test_an_end_that_could_lie_here_or_there_lies_between_utterances() -> None:
    utterances = ["there is no pain at".split(), "today the leg is better".split()]
    [share] = as_shares(passage_shares("there is no pain at all".split(), utterances))
    assert (share.utterance, share.counts) == (0, ErrorCounts(0, 1, 0, 5))
    utterances = ["the leg is better".split(), "is no pain at all".split()]
    [share] = as_shares(passage_shares("there is no pain at all".split(), utterances))
    assert (share.utterance, share.counts) == (1, ErrorCounts(0, 1, 0, 5))


def test_an_utterance_covered_by_less_than_half_is_left_out_and_one_covered_by_more_counts_for_that() -> None:
    words = [f"w{number}" for number in range(20)]
    utterances = [words[:10], words[10:]]
    shared = as_shares(passage_shares(words[4:13], utterances))
    assert [(share.utterance, share.counts.hits) for share in shared] == [(0, 6)]
    shared = as_shares(passage_shares(words[5:15], utterances))
    assert [(share.utterance, share.counts.hits) for share in shared] == [(0, 5), (1, 5)]


def test_a_silent_utterance_inside_of_a_passage_is_covered_and_one_at_its_edge_is_not() -> None:
    words = [f"w{number}" for number in range(20)]
    utterances = [[], words[:5], [], words[7:12], [], words[12:]]
    shared = as_shares(passage_shares(words[:12], utterances))
    assert [(share.utterance, share.counts.deletions) for share in shared] == [(1, 0), (2, 2), (3, 0)]


@given(st.lists(WORDS, min_size=2, max_size=6), st.data())
def test_a_passage_of_whole_utterances_gives_each_what_the_window_holds_of_it(
    utterances: list[list[str]], data: st.DataObject
) -> None:
    starts = list(accumulate(map(len, utterances), initial=0))
    first = data.draw(st.integers(0, len(utterances) - 1))
    last = data.draw(st.integers(first, len(utterances) - 1))
    passage = joined(utterances[first : last + 1])
    found = passage_shares(passage, utterances)
    if not isinstance(found, Misfit):
        assert total([share.counts for share in found]) == ErrorCounts(0, 0, 0, len(passage))
        assert fit(passage, joined(utterances), starts) == Window(starts[first], starts[last + 1])


def as_shares(found: list[Share] | Misfit) -> list[Share]:
    assert not isinstance(found, Misfit)
    return found
