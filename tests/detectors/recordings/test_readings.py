from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from detectors.alignment import align, aligned
from detectors.recordings.readings import Alternatives, Part, nearest_reading

WORDS = st.sampled_from("abc")
PLAIN = st.lists(WORDS, max_size=3).map(tuple)
PARTS = st.lists(
    WORDS
    | st.recursive(
        st.lists(PLAIN, min_size=1, max_size=3).map(lambda choices: Alternatives(tuple(choices))),
        lambda inner: st.lists(st.lists(WORDS | inner, max_size=2).map(tuple), min_size=1, max_size=2).map(
            lambda choices: Alternatives(tuple(choices))
        ),
        max_leaves=3,
    ),
    max_size=4,
)


def all_readings(parts: list[Part] | tuple[Part, ...]) -> list[list[str]]:
    choices = [
        [[part]] if isinstance(part, str) else [read for each in part.choices for read in all_readings(each)]
        for part in parts
    ]
    return [[word for piece in pieces for word in piece] for pieces in product(*choices)]


@given(PARTS, st.lists(WORDS, max_size=6))
def test_no_reading_is_nearer_than_the_one_that_is_returned(parts: list[Part], hypothesis: list[str]) -> None:
    readings = all_readings(parts)
    found = nearest_reading(parts, hypothesis)
    assert found in readings
    assert align(found, hypothesis).errors == min(align(each, hypothesis).errors for each in readings)


@given(st.lists(WORDS, max_size=9), st.lists(WORDS, max_size=9))
def test_pairs_are_in_order_cover_all_words_and_have_the_counts_of_the_alignment(
    reference: list[str], hypothesis: list[str]
) -> None:
    pairs = aligned(reference, hypothesis)
    assert [spoken for spoken, _ in pairs if spoken is not None] == list(range(len(reference)))
    assert [heard for _, heard in pairs if heard is not None] == list(range(len(hypothesis)))
    counts = align(reference, hypothesis)
    assert sum(heard is None for _, heard in pairs) == counts.deletions
    assert sum(spoken is None for spoken, _ in pairs) == counts.insertions
    both = [(spoken, heard) for spoken, heard in pairs if spoken is not None and heard is not None]
    assert sum(reference[spoken] == hypothesis[heard] for spoken, heard in both) == counts.hits
