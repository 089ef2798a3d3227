import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.alignment import ErrorCounts
from detectors.tally import ENOUGH_SPEAKERS, Tally

numbers = st.integers(min_value=0, max_value=60)
utterances = st.lists(st.builds(ErrorCounts, numbers, numbers, numbers, numbers), max_size=8)


def counted(utterances: list[ErrorCounts], *speakers: str) -> Tally:
    tally = Tally(units=1)
    for counts in utterances:
        tally.count(counts)
    for speaker in speakers:
        tally.meet(speaker)
    return tally


@given(utterances)
def test_a_tally_is_the_sum_of_what_each_utterance_says_of_itself(utterances: list[ErrorCounts]) -> None:
    tally = counted(utterances)
    assert tally.utterances == len(utterances)
    assert tally.errors == sum(counts.errors for counts in utterances)
    assert tally.reference_words == sum(counts.reference_words for counts in utterances)
    assert tally.capped_errors == sum(counts.capped_errors for counts in utterances)
    assert tally.loops == sum(counts.is_loop for counts in utterances)
    assert tally.empties == sum(counts.is_empty for counts in utterances)


@given(utterances, utterances)
def test_what_was_merged_can_be_taken_out_again(first: list[ErrorCounts], second: list[ErrorCounts]) -> None:
    whole = counted(first)
    whole.merge(counted(second))
    assert whole.without(counted(second)) == counted(first)


@pytest.mark.parametrize("speakers", [["ann"], ["ann", "bob"], ["ann", "bob", "cid", "dan"]])
def test_the_first_three_speakers_are_remembered_each_once(speakers: list[str]) -> None:
    tally = counted([], "ann")
    for _ in range(2):
        tally.merge(counted([], *speakers))
    assert tally.speakers == speakers[:ENOUGH_SPEAKERS]


def test_a_copy_goes_its_own_way() -> None:
    tally = counted([], "ann")
    copy = tally.copy()
    copy.merge(counted([ErrorCounts(1, 0, 0, 9)], "bob"))
    assert tally == counted([], "ann")
