"""Counts by slice: nothing is lost as buckets widen and values are left out; the state stays small."""

import json
import random

from hypothesis import given
from hypothesis import strategies as st

from detectors.alignment import ErrorCounts
from detectors.slices.book import MORE_CELLS, MOST_CELLS, Folded, SliceBook, folded
from detectors.slices.counts import SliceCounts
from detectors.tally import Tally
from detectors.unit import Attributes, ScoredUtterance, Unit

HOUR_S = 3_600.0


def unit(
    at_s: float, errors: int = 1, session: str | None = None, where: Attributes | None = None, **named: str
) -> Unit:
    made = Unit("ann", "en", at_s, at_s, at_s, has_speaker=True, session=session)
    made.attributes = where or tuple(sorted(named.items()))
    counts = ErrorCounts(errors, 0, 0, 10 - errors)
    made.add(ScoredUtterance("en", at_s, counts, "ann", attributes=made.attributes))
    return made


def tally(errors: int, words: int) -> Tally:
    made = Tally()
    made.count(ErrorCounts(errors, 0, 0, words - errors))
    return made


@given(st.lists(st.floats(0.0, 400 * 24 * HOUR_S), min_size=1, max_size=120), st.integers(0, 9))
def test_every_unit_is_before_or_after_an_onset(times: list[float], tenth: int) -> None:
    book = SliceBook()
    for now, at_s in enumerate(times):
        book.add(unit(at_s, site="a"), max(times[: now + 1]))
    onset_s = max(times) * tenth / 10
    [split] = book.split(onset_s, max(times))
    assert split.before.units + split.after.units == len(times)
    # A bucket is at most a quarter as long as it is old, and is after the onset that lies in it.
    reach_s = (max(times) - onset_s) / 3 + HOUR_S
    assert split.after.units >= sum(at_s >= onset_s for at_s in times)
    assert split.before.units >= sum(at_s < onset_s - reach_s for at_s in times)


def test_a_year_takes_few_buckets() -> None:
    book = SliceBook()
    for hour in range(365 * 24):
        book.add(unit(hour * HOUR_S, site="a"), hour * HOUR_S)
    [cell] = book.cells.values()
    assert len(cell.buckets) <= 64
    assert len(cell.bucketed(365 * 24 * HOUR_S)) <= 60


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3), st.integers(0, 3)), max_size=400))
def test_past_its_room_a_book_folds_values_and_loses_no_count(
    combinations: list[tuple[int, int, int]],
) -> None:
    book = SliceBook()
    for number, (device, site, version) in enumerate(combinations):
        book.add(unit(float(number), device=f"d{device}", site=f"s{site}", version=f"v{version}"), number)
    assert len(book.cells) <= MOST_CELLS + 3 * MORE_CELLS
    kept = SliceCounts.together(split.after for split in book.split(-HOUR_S, len(combinations)))
    assert kept.units == len(combinations)


def test_the_attribute_with_the_most_values_is_left_out_first() -> None:
    book = SliceBook()
    for number in range(MOST_CELLS + 40):
        book.add(unit(float(number), device=f"d{number}", site=f"s{number % 3}"), number)
    assert all("site" in dict(attributes) for attributes in book.cells)
    assert len(book.cells) == MOST_CELLS + 3


def test_past_its_room_a_book_says_of_how_much_it_does_not_know_an_attribute() -> None:
    book, whole = SliceBook(), SliceBook()
    for number in range(MOST_CELLS + 40):
        book.add(unit(float(number), device=f"d{number}", site=f"s{number % 3}"), number)
        whole.add(unit(float(number), site="s1"), number)
    now_s = float(MOST_CELLS + 40)
    assert folded([book], -HOUR_S, now_s) == (Folded("device", 40 / (MOST_CELLS + 40)),)
    assert folded([book, whole], -HOUR_S, now_s) == (Folded("device", 20 / (MOST_CELLS + 40)),)
    assert folded([whole], -HOUR_S, now_s) == ()
    assert folded([book], now_s + HOUR_S, now_s) == ()


@given(st.lists(st.integers(0, 11), max_size=60), st.booleans())
def test_a_session_whose_references_come_apart_counts_once(order: list[int], has_sessions: bool) -> None:
    book = SliceBook()
    for number in order:
        made = unit(HOUR_S * number, 1 + number % 3, f"c{number}" if has_sessions else None, site="a")
        made.key = f"s{number}"
        book.add(made, 12 * HOUR_S)
    counts = SliceCounts.together(split.after for split in book.split(-HOUR_S, 12 * HOUR_S))
    assert (counts.units, counts.sessions) == (len(order), len(set(order)))
    errors = [sum(1 + number % 3 for number in order if number == each) for each in set(order)]
    assert counts.errors_squared == sum(each * each for each in errors)


def test_a_session_that_lasts_counts_once_an_hour() -> None:
    book = SliceBook()
    for tenth in range(100):
        book.add(unit(360.0 * tenth, session="c", site="a"), 360.0 * tenth)
    [split] = book.split(-HOUR_S, 10 * HOUR_S)
    assert split.after.sessions == 10


def test_what_makes_the_cohort_is_no_slice_of_it() -> None:
    book = SliceBook()
    book.add(unit(0.0, accent="en", site="a"), 0.0, ["accent"])
    assert list(book.cells) == [(("site", "a"),)]


def test_another_attribute_may_have_the_value_that_makes_the_cohort() -> None:
    book = SliceBook()
    book.add(unit(0.0, site="en", device="unknown"), 0.0, ["accent"])
    assert list(book.cells) == [(("device", "unknown"), ("site", "en"))]


def test_of_a_cohort_that_many_are_folded_into_each_of_them_is_a_slice() -> None:
    book = SliceBook()
    book.add(unit(0.0, accent="en-NZ", site="a"), 0.0, ["accent"])
    assert list(book.cells) == [(("accent", "en-NZ"), ("site", "a"))]


def test_speech_without_attributes_takes_no_room() -> None:
    book = SliceBook()
    book.add(unit(0.0), 0.0)
    assert book.cells == {}


def test_other_normals_and_alarms_are_nothing_to_compare_with() -> None:
    book = SliceBook()
    for hour in range(100):
        book.add(unit(hour * HOUR_S, site="a"), hour * HOUR_S)
    onset_s, now_s = 98 * HOUR_S, 99 * HOUR_S
    [before] = [split.before.units for split in book.split(onset_s, now_s)]
    assert before == 98
    book.begin(48 * HOUR_S)
    book.exclude(64 * HOUR_S, 80 * HOUR_S)
    [before] = [split.before.units for split in book.split(onset_s, now_s)]
    # 98 - 48 - 16, less what shares a bucket with an hour before.
    assert 18 <= before <= 34


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 9), st.integers(1, 30)), min_size=1, max_size=4),
        min_size=1,
        max_size=30,
    )
)
def test_the_spread_is_that_of_sessions_whatever_units_they_came_in(
    sessions: list[list[tuple[int, int]]],
) -> None:
    counts = SliceCounts()
    for session in sessions:
        errors = words = 0
        for wrong, spoken in session:
            counts.add(tally(min(wrong, spoken), spoken), (errors, words))
            errors, words = errors + min(wrong, spoken), words + spoken
    sums = [(sum(min(e, n) for e, n in s), sum(n for _, n in s)) for s in sessions]
    rate = sum(e for e, _ in sums) / sum(n for _, n in sums)
    spread = sum((e - rate * n) ** 2 for e, n in sums)
    assert counts.sessions == len(sessions)
    assert abs(counts.spread - spread) <= 1e-6 * (1.0 + spread)


def test_the_state_is_read_back_as_it_was() -> None:
    chance, book = random.Random(5), SliceBook()
    for number in range(2_000):
        where = (("device", f"d{chance.randrange(60)}"), ("site", f"s{chance.randrange(4)}"))
        at_s = number * 900.0 - chance.random() * 7_200.0
        book.add(unit(at_s, chance.randrange(5), f"c{number // 3}", where), number * 900.0)
    book.exclude(1.0, 2.0)
    state = json.loads(json.dumps(book.to_state()))
    again = SliceBook.from_state(state)
    assert again.to_state() == book.to_state()
    later = unit(2_000 * 900.0, session="c666", site="s1", device="d3")
    for each in (book, again):
        each.add(later, 2_000 * 900.0)
    assert again.to_state() == book.to_state()
