"""What is usual in slices: traffic that only moves is no change, and no change is explained away."""

import json
import math
from dataclasses import replace

import pytest
from benchmarks.attribution.streams import TARGET, Cause, World, simulate
from hypothesis import given
from hypothesis import strategies as st

from detectors.alignment import ErrorCounts
from detectors.event import Change, Event, Signal
from detectors.level import Level
from detectors.monitor import Monitor, MonitorSettings
from detectors.slices.book import SliceBook
from detectors.slices.fit import Effect, Known, fit
from detectors.slices.levels import MOST_VALUES, SliceLevels
from detectors.slices.sums import Cell, Pair
from detectors.unit import Attributes, ScoredUtterance, Unit

WARD, ER = ("site", "ward-7"), ("site", "er-1")
CART, HEADSET = ("device", "cart-x"), ("device", "headset")
MOVED = (5_000, 5_001, 5_004)
"""Seeds whose moving traffic raised an alarm before there were levels of slices."""


def alarms(utterances: list[ScoredUtterance], since_s: float = 0.0) -> list[Event]:
    monitor = Monitor(MonitorSettings())
    events = [event for scored in utterances for event in monitor.update(scored)]
    return [event for event in events if event.change is Change.DEGRADED and event.detected_s > since_s]


def cells(beyond: dict[Attributes, float], *, cohorts: tuple[str, ...] = ("en-GB", "en-IN")) -> list[Cell]:
    return [
        Cell(cohort, place, value, precision=20_000.0, speakers=0.0, words=1_000)
        for cohort in cohorts
        for place, value in beyond.items()
    ]


def unit(place: Attributes, rate: float = 0.1) -> Unit:
    made = Unit("ann", "en-GB", 0.0, 0.0, 0.0, has_speaker=True, attributes=place)
    wrong = round(100 * rate)
    made.add(ScoredUtterance("en-GB", 0.0, ErrorCounts(wrong, 0, 0, 100 - wrong), "ann", attributes=place))
    return made


@pytest.mark.parametrize("seed", MOVED)
def test_traffic_that_moves_to_a_site_that_was_always_bad_raises_nothing(seed: int) -> None:
    stream = simulate(World(Cause.MIX, after=2_500), seed)
    assert alarms(stream.utterances, stream.onset_s) == []


@pytest.mark.parametrize("cause", [Cause.ONE, Cause.EXPOSURE, Cause.NEW])
def test_a_slice_that_did_get_worse_is_found_still(cause: Cause) -> None:
    stream = simulate(World(cause, points=30.0, after=2_500), MOVED[0])
    found = alarms(stream.utterances, stream.onset_s)
    assert {event.cohort for event in found} & {TARGET, None}


def test_without_attributes_events_are_what_they_were_recorded_to_be() -> None:
    stream = simulate(World(Cause.EXPOSURE), MOVED[0])
    monitor = Monitor(MonitorSettings(false_alarms_per_month=5.0))
    [event] = [
        event for scored in stream.utterances for event in monitor.update(replace(scored, attributes=()))
    ]
    assert (event.signal, event.change, event.cohort) == (Signal.DIFFERENTIAL, Change.DEGRADED, TARGET)
    recorded = (1700969388.9230957, 1701051356.579267, 9.251714371981997, 3.490753813298552)
    told = (event.onset_s, event.detected_s, event.effect_points, event.lower_points)
    assert all(math.isclose(*pair, rel_tol=1e-9) for pair in zip(told, recorded, strict=True))
    [own] = [view for view in monitor.views() if view.cohort == "en-GB"]
    assert math.isclose(own.evidence, 0.0003602364372502342, rel_tol=1e-9)


def test_an_attribute_that_is_everywhere_the_same_changes_no_event() -> None:
    stream = simulate(World(Cause.EXPOSURE, after=2_500), MOVED[0])
    plain, same = (
        [
            replace(event, attribution=None)
            for event in alarms([replace(scored, attributes=place) for scored in stream.utterances])
        ]
        for place in ((), (("site", "the only one"),))
    )
    assert plain
    assert plain == same


def test_effects_of_two_attributes_are_told_apart_though_they_go_together() -> None:
    known = [
        *cells({(CART, WARD): 0.10, (CART, ER): 0.02, (HEADSET, ER): -0.02}),
        *cells({(HEADSET, WARD): 0.06}, cohorts=("en-IN",)),
    ]
    effects = fit(Known.of(known), "en-GB")
    apart = effects[WARD].beyond - effects[ER].beyond, effects[CART].beyond - effects[HEADSET].beyond
    assert 0.06 < apart[0] < 0.085
    assert 0.025 < apart[1] < 0.045


def test_what_a_cohort_alone_finds_hard_is_usual_for_it_alone() -> None:
    own = [Cell("en-IN", (site,), y, 20_000.0, 0.0, 1_000) for site, y in ((WARD, 0.05), (ER, -0.05))]
    others = cells({(WARD,): 0.0, (ER,): 0.0}, cohorts=("en-GB", "en-NG", "en-US"))
    apart = [
        effects[WARD].beyond - effects[ER].beyond
        for effects in (fit(Known.of([*own, *others]), cohort) for cohort in ("en-IN", "en-GB"))
    ]
    assert apart[0] > 0.08
    assert abs(apart[1]) < 0.03


def test_chance_is_not_held_to_be_usual() -> None:
    beyond: dict[Attributes, float] = {(("site", f"s{k}"),): 0.006 * (-1) ** k for k in range(8)}
    effects = fit(Known.of(cells(beyond, cohorts=("en-GB",))), "en-GB")
    assert all(effect.beyond == 0.0 for effect in effects.values())


@given(
    st.lists(
        st.tuples(
            st.sampled_from([CART, HEADSET]),
            st.sampled_from([WARD, ER, ("site", "icu")]),
            st.floats(-0.3, 0.3),
            st.integers(1, 5_000),
        ),
        min_size=1,
        max_size=12,
        unique_by=lambda each: each[:2],
    )
)
def test_effects_are_centred_on_the_cohorts_own_mix(
    said: list[tuple[Pair, Pair, float, int]],
) -> None:
    own = [Cell("en", (device, site), y, 8.0 * n, 50.0, n) for device, site, y, n in said]
    effects = fit(Known.of([*own, *cells({(CART, WARD): 0.1, (HEADSET, ER): 0.0})]), "en")
    for name in ("device", "site"):
        mean = sum(each.beyond * each.share for (attribute, _), each in effects.items() if attribute == name)
        assert abs(mean) < 1e-9
        assert all(each.variance >= 0.0 for each in effects.values())


def test_a_value_that_came_later_is_held_to_the_cohorts_level() -> None:
    level = Level()
    level.slices.learn({WARD: Effect(0.08, 0.0, 0.5), ER: Effect(-0.08, 0.0, 0.5)})
    for number in range(60):
        level.learn(unit((CART, (WARD, ER)[number % 2]), (0.18, 0.02)[number % 2]))
    rates = [level.expect(unit((device, site))).rate for device, site in ((CART, WARD), (HEADSET, ER))]
    assert math.isclose(rates[0] - rates[1], 0.16)
    assert math.isclose(level.expect(unit((CART, ("site", "new")))).rate, (rates[0] + rates[1]) / 2)


def test_a_unit_spoken_in_two_places_is_expected_between_them() -> None:
    levels = SliceLevels()
    levels.learn({WARD: Effect(0.08, 0.0, 0.5), ER: Effect(-0.04, 0.0, 0.5)})
    moved = unit((WARD,))
    moved.add(ScoredUtterance("en-GB", 1.0, ErrorCounts(0, 0, 0, 300), "ann", attributes=(ER,)))
    assert math.isclose(levels.of(moved), (100 * 0.08 - 300 * 0.04) / 400)


def test_what_was_the_sites_is_no_longer_its_speakers_own() -> None:
    level = Level()
    for number in range(200):
        place, rate = ((WARD,), 0.18) if number % 2 else ((ER,), 0.02)
        made = unit(place, rate)
        made.key = made.session = f"{place[0][1]} {number % 10}"
        level.learn(made)
    at_home = [unit((place,)) for place in (WARD, ER)]
    for each, name in zip(at_home, ("ward-7 1", "er-1 2"), strict=True):
        each.key = name
    before = [level.expect(each).rate for each in at_home]
    level.voices.move(level.slices.learn({WARD: Effect(0.08, 0.0, 0.5), ER: Effect(-0.08, 0.0, 0.5)}))
    after = [level.expect(each).rate for each in at_home]
    assert before[0] - before[1] > 0.1
    # What is expected of them at home hardly moves; they bring less of it elsewhere.
    assert all(abs(new - old) < 0.04 for new, old in zip(after, before, strict=True))
    visitor = unit((ER,))
    visitor.key = "ward-7 1"
    assert level.expect(visitor).rate < before[0] - 0.1


def test_the_doubt_grows_as_traffic_moves_and_not_before() -> None:
    levels = SliceLevels()
    levels.learn({WARD: Effect(0.08, 0.0004, 0.25), ER: Effect(-0.03, 0.0004, 0.75)})
    for number in range(400):
        levels.hear((WARD if number % 4 == 0 else ER,))
    assert levels.variance < 0.02 * 0.0004
    for _ in range(400):
        levels.hear((WARD,))
    assert math.isclose(levels.variance, 2 * 0.75**2 * 0.0004, rel_tol=0.02)


@given(st.integers(1, 400))
def test_the_state_is_bounded_and_read_back_as_it_was(values: int) -> None:
    levels = SliceLevels()
    levels.learn({("site", f"s{k}"): Effect(0.01 * (k % 3), 0.001, 1.0 / values) for k in range(values)})
    assert len(levels.known) == min(values, MOST_VALUES)
    levels.hear((("site", "s0"),))
    again = SliceLevels.from_state(json.loads(json.dumps(levels.to_state())))
    assert again == levels


def test_only_what_was_over_by_then_was_normal() -> None:
    book = SliceBook()
    for hour in range(48):
        made = unit((WARD,))
        made.started_s = 3_600.0 * hour
        book.add(made, made.started_s)
    [(_, half)] = book.until(24 * 3_600.0, 48 * 3_600.0)
    assert 18 <= half.units <= 24
    book.begin(48 * 3_600.0)
    [(_, none)] = book.until(24 * 3_600.0, 48 * 3_600.0)
    assert none.units == 0
