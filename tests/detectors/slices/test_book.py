"""Counts by slice: nothing is lost as buckets widen and values are left out; the state stays small."""

import json
import random
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.alignment import ErrorCounts
from detectors.slices.book import MOST_CELLS, Folded, SliceBook, folded
from detectors.slices.cell import BUCKETS_A_WIDTH, NARROWEST_S, SliceCell, bucket_of
from detectors.slices.counts import SliceCounts
from detectors.slices.divided import Divided
from detectors.slices.marginals import MOST_VALUES_OF_ONE, descriptions, kind, room_for_pairs
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
    [split] = book.split(onset_s, max(times)).parts
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
    assert len({bucket_of(start, 365 * 24 * HOUR_S) for start in cell.buckets}) <= 60


PLACES = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3), st.integers(0, 4)), max_size=200)


def place(device: int, site: int, version: int) -> Attributes:
    """The last version is none."""
    values = {"device": f"d{device}", "site": f"s{site}", "version": f"v{version}"}
    return tuple(values.items())[: 2 if version == 4 else 3]


@given(PLACES)
@settings(max_examples=15, deadline=None)
def test_past_its_room_a_book_counts_each_value_and_each_pair_apart_and_loses_no_count(
    places: list[tuple[int, int, int]],
) -> None:
    # Long enough to be past it at different places of the list.
    places = [*places, *((number % 37, number % 3, number % 4) for number in range(200))]
    book, sums = SliceBook(), dict[Attributes, SliceCounts]()
    for number, values in enumerate(places):
        attributes = place(*values)
        book.add(unit(60.0 * number, number % 7, f"c{number}", attributes), 60.0 * number)
        for where in ((), *descriptions(attributes)):
            sums.setdefault(where, SliceCounts()).add(tally(number % 7, 10))
    assert book.is_apart
    assert not book.cells
    found = {each.attributes: each for each in book.split(-HOUR_S, 60.0 * len(places)).parts}
    assert {where: each.after for where, each in found.items()} == sums
    [split] = [each for each in found.values() if not each.attributes]
    assert split.first_s == 0.0
    assert split.speakers == ("ann",)


def test_what_is_counted_apart_is_what_the_sums_over_combinations_are() -> None:
    book, whole = SliceBook(), dict[Attributes, list[Unit]]()
    for number in range(3 * MOST_CELLS):
        made = unit(HOUR_S * number, number % 5, f"c{number}", place(number % 40, number % 3, number % 2))
        whole.setdefault(made.attributes, []).append(made)
        book.add(made, HOUR_S * number)
    now_s = HOUR_S * 3 * MOST_CELLS
    cells = dict[Attributes, SliceBook]()
    for attributes, units in whole.items():
        for made in units:
            cells.setdefault(attributes, SliceBook()).add(made, made.started_s)
    parts = [each for own in cells.values() for each in own.split(now_s / 2, now_s).parts]
    assert [each.sides for each in book.split(now_s / 2, now_s).parts] == [
        each.sides
        for where in (split.attributes for split in book.split(now_s / 2, now_s).parts)
        for each in Divided(tuple(parts)).apart().parts
        if each.attributes == where
    ]


def test_values_beyond_the_room_of_an_attribute_are_counted_as_everything_and_it_is_said() -> None:
    book, small = SliceBook(), SliceBook()
    count = MOST_VALUES_OF_ONE + 40
    for number in range(count):
        book.add(unit(float(number), device=f"d{number}", site=f"s{number % 3}"), number)
        small.add(unit(float(number), site="s1"), number)
    now_s = float(count)
    counted = {each.attributes: each.after.units for each in book.split(-HOUR_S, now_s).parts}
    assert counted[()] == count
    assert sum(units for where, units in counted.items() if kind(where) == ("device",)) == MOST_VALUES_OF_ONE
    assert sum(units for where, units in counted.items() if kind(where) == ("site",)) == count
    assert folded([book], -HOUR_S, now_s) == (Folded("device", 40 / count),)
    assert folded([book, small], -HOUR_S, now_s) == (Folded("device", 20 / count),)
    assert folded([small], -HOUR_S, now_s) == ()
    assert folded([book], now_s + HOUR_S, now_s) == ()


def test_of_too_many_pairs_those_of_the_attributes_with_the_most_are_given_up_and_it_is_said() -> None:
    book, most = SliceBook(), 150
    for number in range(400):
        book.add(unit(float(number), where=place(number % 20, number % 13, number % 3)), number, (), most)
    kinds = Counter(kind(each.attributes) for each in book.split(-HOUR_S, 400.0).parts)
    assert kinds == {
        (): 1,
        ("device",): 20,
        ("site",): 13,
        ("version",): 3,
        ("device", "version"): 60,
        ("site", "version"): 39,
    }
    assert folded([book], -HOUR_S, 400.0) == (Folded("pairs of device and site", 1.0),)
    pairs = [each.after.units for each in book.split(-HOUR_S, 400.0).parts if len(each.attributes) == 2]
    assert sum(pairs) == 2 * 400


def test_what_was_not_heard_for_long_makes_room() -> None:
    book = SliceBook()
    for number in range(MOST_CELLS):
        book.add(unit(float(number), device=f"d{number}", site="s"), number)
    later_s = 61 * 24 * HOUR_S
    book.add(unit(later_s, device="new", site="s"), later_s)
    assert list(book.cells) == [(("device", "new"), ("site", "s"))]
    for number in range(MOST_VALUES_OF_ONE):
        book.add(unit(later_s, device=f"d{number}", site="s"), later_s)
    assert book.is_apart
    last_s = 2 * later_s
    book.add(unit(last_s, device="newest", site="s"), last_s)
    heard = [each.attributes for each in book.split(-HOUR_S, last_s).parts if len(each.attributes) == 1]
    assert heard == [(("device", "newest"),), (("site", "s"),)]


def test_each_of_many_cohorts_has_less_room_for_pairs() -> None:
    assert [room_for_pairs(cohorts) for cohorts in (1, 16, 17, 64)] == [768, 768, 722, 192]


def apart() -> SliceBook:
    """A book that counts values and pairs apart since 12 days before 0."""
    book = SliceBook()
    for number in range(MOST_CELLS + 1):
        book.add(unit(-300 * HOUR_S, where=place(number, 1, 1)), -300 * HOUR_S)
    return book


@given(st.lists(st.integers(0, 11), max_size=60), st.booleans(), st.sampled_from([SliceBook, apart]))
def test_a_session_whose_references_come_apart_counts_once(
    order: list[int], has_sessions: bool, begin: Callable[[], SliceBook]
) -> None:
    book = begin()
    for number in order:
        made = unit(HOUR_S * number, 1 + number % 3, f"c{number}" if has_sessions else None, site="a")
        made.key = f"s{number}"
        book.add(made, 12 * HOUR_S)
    counts = book.split(-HOUR_S, 12 * HOUR_S).whole.after
    assert (counts.units, counts.sessions) == (len(order), len(set(order)))
    errors = [sum(1 + number % 3 for number in order if number == each) for each in set(order)]
    assert counts.errors_squared == sum(each * each for each in errors)


def test_a_session_that_lasts_counts_once_an_hour() -> None:
    book = SliceBook()
    for tenth in range(100):
        book.add(unit(360.0 * tenth, session="c", site="a"), 360.0 * tenth)
    [split] = book.split(-HOUR_S, 10 * HOUR_S).parts
    assert split.after.sessions == 10


def test_a_session_in_two_places_counts_once_in_each_of_them_and_once_in_all() -> None:
    book = apart()
    for number, device in enumerate("aabb"):
        book.add(unit(60.0 * number, 2, "c", device=device, site="ward"), 60.0 * number)
    found = {each.attributes: each.after for each in book.split(-HOUR_S, 240.0).parts}
    for where in ((), (("site", "ward"),)):
        assert (found[where].sessions, found[where].units) == (1, 4)
        assert (found[where].errors_squared, found[where].words_squared) == (8 * 8, 40 * 40)
    for device in "ab":
        assert found[(("device", device),)].sessions == 1
        assert found[(("device", device),)].errors_words == 4 * 20
        assert found[(("device", device), ("site", "ward"))] == found[(("device", device),)]


def test_sessions_that_were_heard_by_combination_are_known_apart() -> None:
    book = SliceBook()
    book.add(unit(0.0, 1, "c", device="a", site="ward"), 0.0)
    for number in range(MOST_CELLS + 1):
        book.add(unit(0.0, device=f"d{number}"), 0.0)
    assert book.is_apart
    book.add(unit(60.0, 1, "c", device="a", site="ward"), 60.0)
    [ward] = [each for each in book.split(-HOUR_S, 60.0).parts if each.attributes == (("site", "ward"),)]
    assert (ward.after.sessions, ward.after.units) == (1, 2)


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
    [before] = [split.before.units for split in book.split(onset_s, now_s).parts]
    assert before == 98
    book.begin(48 * HOUR_S)
    book.exclude(64 * HOUR_S, 80 * HOUR_S)
    [before] = [split.before.units for split in book.split(onset_s, now_s).parts]
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


@pytest.mark.parametrize("devices", [20, 60, 200])
def test_the_state_is_read_back_as_it_was(devices: int) -> None:
    chance, book = random.Random(5), SliceBook()
    for number in range(2_000):
        where = (("device", f"d{chance.randrange(devices)}"), ("site", f"s{chance.randrange(4)}"))
        at_s = number * 900.0 - chance.random() * 7_200.0
        book.add(unit(at_s, chance.randrange(5), f"c{number // 3}", where), number * 900.0)
    assert book.is_apart is (devices > 20)
    book.exclude(1.0, 2.0)
    before = book.split(1_000 * 900.0, 2_000 * 900.0)
    state = json.loads(json.dumps(book.to_state()))
    again = SliceBook.from_state(state)
    assert again.to_state() == book.to_state()
    assert again.split(1_000 * 900.0, 2_000 * 900.0) == before
    later = unit(2_000 * 900.0, session="c666", site="s1", device="d3")
    for each in (book, again):
        each.add(later, 2_000 * 900.0)
    assert again.to_state() == book.to_state()


def test_a_state_that_was_written_in_between_changes_nothing_that_is_written_later() -> None:
    books = apart(), apart()
    for number in range(400):
        for book in books:
            where = place(number % 9, number % 3, number % 2)
            book.add(unit(1_800.0 * number, where=where), 1_800.0 * number)
        if number % 50 == 0:
            books[0].to_state()
    assert books[0].to_state() == books[1].to_state()


def test_buckets_are_widened_to_where_they_are_read() -> None:
    chance = random.Random(3)
    for _ in range(50):
        now_s = chance.uniform(1e6, 4e7)
        cell = SliceCell(0.0, now_s)
        for _ in range(60):
            at_s = now_s - chance.expovariate(1.0) * 10 ** chance.uniform(3.0, 7.0)
            cell.count(SliceCounts(units=1), at_s, None, now_s, most=10**6)
        read = Counter[tuple[int, int]]()
        for start, counts in cell.buckets.items():
            bucket = bucket_of(start, now_s)
            assert bucket[0] <= start < bucket[1]
            assert bucket[1] - bucket[0] <= max(NARROWEST_S, (now_s - bucket[0]) / BUCKETS_A_WIDTH * 2)
            read[bucket] += counts.units
        cell.widen(now_s)
        assert {bucket_of(start, now_s): each.units for start, each in cell.buckets.items()} == read
        assert {start for start, _ in read} == set(cell.buckets)
