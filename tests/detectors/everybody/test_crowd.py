"""Cohorts that are too small for a level of their own: what they tell together of everybody, and what not."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from simulation import Stream, simulate

from detectors.event import Change, Event, Signal
from detectors.everybody.crowd import MOST_MOMENTS, Crowd
from detectors.everybody.hours import BRACKET_S, Hours
from detectors.monitor import Monitor, MonitorSettings
from detectors.sessions import MOST_REMEMBERED
from detectors.unit import ScoredUtterance, UnitTracker

CHANGE_AT = 3_000
UTTERANCES = 6_000
SETTINGS = MonitorSettings(false_alarms_per_month=3.0)
"""5 false alarms in 100,000 utterances at 2,000 a day."""
NAMES = [f"c{number:02}" for number in range(24)]
LEVELS = np.random.default_rng(1).uniform(0.08, 0.30, len(NAMES)).tolist()
Shift = Callable[[str, int, float], float]


def accents(seed: int, shift: Shift = lambda name, index, at_s: 0.0, shares: Shift | None = None) -> Stream:
    """24 cohorts of two speakers each: none of them ever has a level that strangers can be judged by."""
    share = shares or (lambda name, index, at_s: 1.0)
    cohorts = tuple((name, level, share(name, 0, 0.0)) for name, level in zip(NAMES, LEVELS, strict=True))
    return Stream(UTTERANCES, seed, shift, 2_000.0, speakers=2, cohorts=cohorts)


def watch(stream: Iterator[ScoredUtterance]) -> list[tuple[int, Event]]:
    monitor = Monitor(SETTINGS)
    return [(index, event) for index, scored in enumerate(stream) for event in monitor.update(scored)]


def kinds(found: list[tuple[int, Event]]) -> list[tuple[Signal, Change, str | None]]:
    """What was found, but for gaps that stand: with two speakers a cohort may well be so far off."""
    return [
        (event.signal, event.change, event.cohort)
        for _, event in found
        if event.signal is not Signal.STANDING
    ]


DEGRADED, RECOVERED = Change.DEGRADED, Change.RECOVERED
EVERYBODY = (Signal.GLOBAL, Change.DEGRADED, None)


@pytest.mark.parametrize("seed", [1, 3, 200])
def test_small_cohorts_that_all_get_worse_are_everybody_and_nobody_is_named(seed: int) -> None:
    found = watch(simulate(accents(seed, lambda name, index, _: 0.08 if index >= CHANGE_AT else 0.0)))
    assert kinds(found) == [EVERYBODY]
    index, event = found[0]
    assert CHANGE_AT < index < CHANGE_AT + 500
    assert event.lower_points < 8.0 < event.upper_points
    assert event.before.wer is not None
    assert event.after.wer is not None
    assert event.after.wer > event.before.wer + 0.04
    assert event.onset_earliest_s <= event.onset_s <= event.onset_latest_s


def test_quiet_small_cohorts_raise_nothing() -> None:
    assert [kinds(watch(simulate(accents(seed)))) for seed in (11, 12, 13)] == [[], [], []]


@pytest.mark.parametrize("worse", [1, 2])
def test_one_or_two_small_cohorts_are_not_everybody_however_bad(worse: int) -> None:
    def shift(name: str, index: int, _: float) -> float:
        return 0.4 if name in NAMES[:worse] and index >= CHANGE_AT else 0.0

    assert EVERYBODY not in kinds(watch(simulate(accents(21, shift))))


def test_bad_cohorts_that_are_new_are_not_everybody() -> None:
    old = accents(31, shares=lambda name, index, at_s: float(name in NAMES[:12]))
    new = accents(32, lambda name, index, _: 0.25, shares=lambda name, index, at_s: float(name in NAMES[12:]))
    later = UTTERANCES / 2_000.0 * 86_400.0

    def both() -> Iterator[ScoredUtterance]:
        yield from simulate(old)
        for scored in simulate(new):
            yield replace(scored, at_s=scored.at_s + later)

    assert kinds(watch(both())) == []


def test_the_end_is_told_and_another_rise_after_it() -> None:
    def shift(_: str, index: int, __: float) -> float:
        return 0.12 if 2_000 <= index < 5_000 or index >= 9_000 else 0.0

    found = watch(simulate(replace(accents(43, shift), utterances=11_000)))
    told = [(index, event.change) for index, event in found if event.change in (DEGRADED, RECOVERED)]
    assert [change for _, change in told] == [DEGRADED, RECOVERED, DEGRADED]
    [rise, end, again] = [index for index, _ in told]
    assert 2_000 < rise < 2_500
    assert 5_000 < end < 8_000
    assert 9_000 < again < 9_500


def test_an_announced_change_is_the_new_normal() -> None:
    monitor, events = Monitor(SETTINGS), []
    for index, scored in enumerate(
        simulate(accents(51, lambda name, index, _: 0.08 if index >= CHANGE_AT else 0.0))
    ):
        if index == CHANGE_AT:
            events += monitor.announce("another engine")
        events += monitor.update(scored)
    assert [event for event in events if event.signal is Signal.GLOBAL] == []


def test_what_is_saved_goes_on_exactly_and_stays_small() -> None:
    stream = list(simulate(accents(61, lambda name, index, _: 0.08 if index >= CHANGE_AT else 0.0)))
    whole, restarted, sizes = Monitor(SETTINGS), Monitor(SETTINGS), []
    for index, scored in enumerate(stream):
        told = whole.update(scored)
        if index % 700 == 0:
            saved = json.dumps(restarted.to_state())
            restarted = Monitor.from_state(json.loads(saved), SETTINGS)
            crowd = restarted.everybody.crowd
            sizes.append(len(crowd.moments))
            assert all(len(moment.sessions) <= MOST_REMEMBERED for moment in crowd.moments)
        assert restarted.update(scored) == told
    assert json.dumps(whole.to_state()) == json.dumps(restarted.to_state())
    assert max(sizes) == MOST_MOMENTS
    assert whole.everybody.in_alarm


def test_a_cohort_with_a_level_is_no_part_of_the_crowd() -> None:
    monitor = Monitor(SETTINGS)
    for scored in simulate(Stream(UTTERANCES, 71)):
        monitor.update(scored)
    crowd = monitor.everybody.crowd
    assert [view.readiness.value for view in monitor.views()][:3] == ["monitored"] * 3
    assert not {"A", "B", "C"} & set(crowd.cohorts)
    assert crowd.elsewhere > 0.0


def test_while_most_speech_is_of_cohorts_with_a_level_the_crowd_does_not_speak_for_everybody() -> None:
    raised = []
    for others_words in (0.0, 20.0):
        tracker, crowd = UnitTracker(), Crowd(SETTINGS.smallest_change, 0.005)
        for scored in simulate(accents(82, lambda name, index, _: 0.1 if index >= CHANGE_AT else 0.0)):
            crowd.elsewhere += others_words
            for unit in tracker.add(scored):
                crowd.update(unit, tracker.now_s)
        raised.append(crowd.alarm is not None)
    assert raised == [True, False]


def test_a_night_that_comes_every_day_is_learned_and_a_step_is_one_of_many() -> None:
    def between(effect: Callable[[int], float]) -> float:
        hours = Hours()
        for bracket in range(13):
            hours.enter(bracket * BRACKET_S)
            hours.take(effect(bracket), 1e-4)
        return math.sqrt(hours.between())

    assert between(lambda bracket: 0.04 * (bracket % 4 == 0)) == pytest.approx(0.0173, abs=0.003)
    assert between(lambda bracket: 0.04 * (bracket >= 6)) < 0.01
    assert between(lambda bracket: 0.0) == 0.0
