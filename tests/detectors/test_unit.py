from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.alignment import ErrorCounts
from detectors.unit import ScoredUtterance, Unit, UnitTracker


def scored(at_s: float, speaker: str | None = "ann", words: int = 10, cohort: str = "en") -> ScoredUtterance:
    return ScoredUtterance(cohort, at_s, ErrorCounts(1, 0, 0, words - 1), speaker, unit_key="room")


def test_a_shift_closes_after_thirty_idle_minutes_of_the_stream() -> None:
    tracker = UnitTracker()
    assert tracker.add(scored(0.0)) == []
    assert tracker.add(scored(1_000.0, "bob")) == []
    closed = tracker.add(scored(1_900.0, "bob"))
    assert [(unit.key, unit.tally.utterances) for unit in closed] == [("ann", 1)]


def test_a_speaker_who_returns_within_thirty_minutes_is_in_the_same_shift() -> None:
    tracker = UnitTracker()
    for at_s in (0.0, 1_700.0, 3_400.0):
        assert tracker.add(scored(at_s)) == []
    assert tracker.open["en ann"].tally.utterances == 3


def test_a_shift_closes_at_four_hundred_words() -> None:
    tracker = UnitTracker()
    closed = [unit for k in range(4) for unit in tracker.add(scored(60.0 * k, words=100))]
    assert [unit.tally.reference_words for unit in closed] == [400]
    assert tracker.open == {}


def test_a_silent_shift_that_is_closed_early_goes_on_as_another_unit() -> None:
    tracker = UnitTracker()
    for at_s, speaker in ((0.0, "ann"), (60.0, "ann"), (130.0, "bob"), (300.0, "eve")):
        tracker.add(scored(at_s, speaker))
    assert [unit.key for unit in tracker.idle(180.0)] == ["ann"]
    closed = tracker.close_idle(180.0)
    assert [(unit.key, unit.tally.units, unit.tally.utterances) for unit in closed] == [("ann", 1, 2)]
    tracker.add(scored(310.0, "ann"))
    tracker.add(scored(320.0, "bob"))
    open_units = {unit.key: unit.tally.utterances for unit in tracker.open.values()}
    assert open_units == {"eve": 1, "ann": 1, "bob": 2}


def test_a_shift_is_at_most_twelve_hours() -> None:
    tracker = UnitTracker()
    closed = [unit for k in range(60) for unit in tracker.add(scored(1_500.0 * k, words=5))]
    assert [unit.last_s - unit.started_s < 12 * 3_600 for unit in closed] == [True, True]


def test_without_a_speaker_the_given_key_makes_the_unit() -> None:
    tracker = UnitTracker()
    tracker.add(scored(0.0, None))
    assert not tracker.open["en room"].has_speaker


def test_late_references_wait_for_each_other() -> None:
    tracker = UnitTracker()
    tracker.add(scored(100_000.0, "bob"))
    assert tracker.add(scored(0.0)) == []
    assert tracker.add(scored(60.0)) == []
    assert tracker.open["en ann"].tally.utterances == 2


def test_two_cohorts_in_one_session_are_two_units() -> None:
    tracker = UnitTracker()
    for at_s, cohort in ((0.0, "en"), (60.0, "fr"), (120.0, "en")):
        assert tracker.add(scored(at_s, None, cohort=cohort)) == []
    assert {unit.cohort: unit.tally.utterances for unit in tracker.open.values()} == {"en": 2, "fr": 1}


@given(
    st.lists(
        st.tuples(st.floats(0, 200_000), st.sampled_from(["ann", "bob", "eve"]), st.integers(1, 300)),
        max_size=60,
    )
)
@settings(max_examples=200, derandomize=True)
def test_every_utterance_is_in_exactly_one_unit(utterances: list[tuple[float, str, int]]) -> None:
    tracker = UnitTracker()
    closed: list[Unit] = []
    for at_s, speaker, words in utterances:
        closed += tracker.add(scored(at_s, speaker, words))
    everything = [*closed, *tracker.open.values()]
    assert sum(unit.tally.utterances for unit in everything) == len(utterances)
    assert sum(unit.tally.reference_words for unit in everything) == sum(words for _, _, words in utterances)


def test_effective_words_grow_to_twenty() -> None:
    tracker = UnitTracker()
    tracker.add(scored(0.0, words=10))
    small = tracker.open["en ann"].effective_words
    tracker.add(scored(60.0, words=380))
    assert 0 < small < tracker.open["en ann"].effective_words < 20


def test_a_shift_that_moves_keeps_apart_what_was_said_where() -> None:
    tracker = UnitTracker()
    here, there = (("site", "ward-2"),), (("site", "ward-7"),)
    for at_s, errors, where in ((0.0, 1, here), (60.0, 4, there), (120.0, 2, here)):
        counts = ErrorCounts(errors, 0, 0, 10 - errors)
        tracker.add(ScoredUtterance("en", at_s, counts, "ann", attributes=where))
    [unit] = tracker.open.values()
    assert {where: (tally.utterances, tally.errors) for where, tally in unit.parts} == {
        here: (2, 3),
        there: (1, 4),
    }
    assert (unit.tally.utterances, unit.tally.errors) == (3, 7)
