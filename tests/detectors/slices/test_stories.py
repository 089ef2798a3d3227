"""The parts of a change sum to it, and each is found where it was put."""

from hypothesis import given
from hypothesis import strategies as st

from detectors.slices.counts import SliceCounts
from detectors.slices.part import Sides
from detectors.slices.stories import stories


def counts(sessions: int, words: int, rate: float) -> SliceCounts:
    errors = round(words * rate)
    a_session = words / max(sessions, 1)
    squared = round(words * a_session)
    return SliceCounts(
        units=sessions,
        sessions=sessions,
        utterances=sessions,
        words=words,
        errors=errors,
        errors_squared=round(errors * errors / max(sessions, 1)),
        errors_words=round(errors * a_session),
        words_squared=squared,
    )


def sides(before: tuple[int, float], after: tuple[int, float]) -> Sides:
    """Of sessions of 1,000 words: how many, and their error rate."""
    (many, rate), (many_after, rate_after) = before, after
    return Sides(counts(many, 1_000 * many, rate), counts(many_after, 1_000 * many_after, rate_after))


SIDE = st.tuples(st.integers(0, 60), st.floats(0.0, 1.0))
RISE = st.none() | st.floats(-0.5, 0.5)


@given(st.lists(st.tuples(SIDE, SIDE, RISE), min_size=1, max_size=6))
def test_the_parts_sum_to_the_change(
    parts: list[tuple[tuple[int, float], tuple[int, float], float | None]],
) -> None:
    own = [sides(before, after) for before, after, _ in parts]
    told = stories(own, [rise for _, _, rise in parts])
    before = SliceCounts.together(each.before for each in own)
    after = SliceCounts.together(each.after for each in own)
    if not before.words or not after.words:
        assert told is None
        return
    assert told is not None
    assert abs(told.change - (after.rate - before.rate)) < 1e-9


def test_traffic_that_moves_to_a_bad_place_is_a_mix_shift() -> None:
    own = [sides((80, 0.10), (20, 0.10)), sides((20, 0.30), (80, 0.30))]
    told = stories(own, [0.0, 0.0])
    assert told is not None
    assert round(told.mix, 6) == 0.12
    assert (told.exposure, told.interaction, told.unknown) == (0.0, 0.0, 0.0)


def test_a_place_that_gets_worse_for_all_is_exposure() -> None:
    own = [sides((20, 0.10), (20, 0.10)), sides((80, 0.10), (80, 0.30))]
    told = stories(own, [0.0, 0.2])
    assert told is not None
    assert told.main == "exposure"
    assert round(told.exposure, 6) == 0.16
    assert abs(told.interaction) < 1e-9


def test_a_place_that_gets_worse_for_one_cohort_is_interaction() -> None:
    own = [sides((20, 0.10), (20, 0.10)), sides((80, 0.10), (80, 0.30))]
    told = stories(own, [0.0, 0.0])
    assert told is not None
    assert told.main == "interaction"
    assert round(told.interaction, 6) == 0.16


def test_where_no_other_cohort_works_it_is_unknown_which_of_the_two() -> None:
    own = [sides((20, 0.10), (20, 0.10)), sides((80, 0.10), (80, 0.30))]
    told = stories(own, [0.0, None])
    assert told is not None
    assert told.main == "unknown"
    assert round(told.unknown, 6) == 0.16
