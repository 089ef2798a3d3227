import json

import pytest
from simulation import Stream, simulate

from detectors.choices import DECIDERS
from detectors.cohort import Readiness
from detectors.event import Change, Event, Signal
from detectors.monitor import Monitor, MonitorSettings

UTTERANCES = 9_000
CHANGE_AT = 5_000
BUDGET_A_MONTH = 0.6
"""5 false alarms in 100,000 utterances at the simulation's 400 utterances a day."""


def watch(stream: Stream, settings: MonitorSettings | None = None) -> tuple[Monitor, list[tuple[int, Event]]]:
    monitor = Monitor(settings or MonitorSettings(false_alarms_per_month=BUDGET_A_MONTH))
    events = [
        (index, event) for index, scored in enumerate(simulate(stream)) for event in monitor.update(scored)
    ]
    return monitor, events


def test_a_quiet_stream_stays_within_the_budget() -> None:
    # Budget: 5 alarms in 100,000 utterances, so 2.7 here; more than 13 have probability below 1e-6.
    alarms = [
        event
        for seed in range(6)
        for _, event in watch(Stream(UTTERANCES, seed))[1]
        if event.change is Change.DEGRADED
    ]
    assert len(alarms) <= 13


@pytest.mark.parametrize(("cohort", "rise"), [("A", 0.10), ("C", 0.12), ("E", 0.30)])
def test_a_cohort_that_gets_worse_alone_is_named(cohort: str, rise: float) -> None:
    stream = Stream(
        UTTERANCES, 101, shift=lambda name, index, _: rise if name == cohort and index >= CHANGE_AT else 0.0
    )
    _, events = watch(stream)
    raised = [(index, event) for index, event in events if event.change is Change.DEGRADED]
    assert [(event.signal, event.cohort) for _, event in raised] == [(Signal.DIFFERENTIAL, cohort)]
    index, event = raised[0]
    assert index > CHANGE_AT
    assert event.lower_points < 100 * rise < event.upper_points
    assert event.before.wer is not None
    assert event.after.wer is not None
    assert event.after.wer > event.before.wer + rise / 2


def test_a_change_that_hits_everybody_is_global_and_names_nobody() -> None:
    stream = Stream(UTTERANCES, 102, shift=lambda name, index, _: 0.08 if index >= CHANGE_AT else 0.0)
    _, events = watch(stream)
    raised = [event for _, event in events if event.change is Change.DEGRADED]
    assert [(event.signal, event.cohort) for event in raised] == [(Signal.GLOBAL, None)]
    before, after = raised[0].before.wer, raised[0].after.wer
    assert before is not None
    assert after is not None
    assert after > before + 0.04


def test_an_improvement_is_no_alarm() -> None:
    stream = Stream(
        UTTERANCES, 103, shift=lambda name, index, _: -0.08 if name == "C" and index >= CHANGE_AT else 0.0
    )
    assert watch(stream)[1] == []


def test_a_cohort_that_comes_back_is_recovered_under_the_same_onset() -> None:
    stream = Stream(
        16_000, 110, shift=lambda name, index, _: 0.12 if name == "A" and 4_000 <= index < 6_000 else 0.0
    )
    _, events = watch(stream)
    assert [(event.change, event.cohort) for _, event in events] == [
        (Change.DEGRADED, "A"),
        (Change.RECOVERED, "A"),
    ]
    assert events[0][1].onset_s == events[1][1].onset_s
    assert events[1][0] > 6_000


def test_a_saved_monitor_continues_exactly() -> None:
    utterances = list(
        simulate(Stream(3_000, 105, shift=lambda n, i, _: 0.15 if n == "B" and i > 1_800 else 0))
    )
    settings = MonitorSettings(false_alarms_per_month=BUDGET_A_MONTH)
    whole = Monitor(settings)
    expected = [event for scored in utterances for event in whole.update(scored)]
    interrupted, events = Monitor(settings), []
    for index, scored in enumerate(utterances):
        if index % 250 == 0:
            saved = json.loads(json.dumps(interrupted.to_state()))
            interrupted = Monitor.from_state(saved, settings)
        events += interrupted.update(scored)
    assert events == expected
    assert events
    assert interrupted.to_state() == whole.to_state()


def test_a_state_of_other_settings_is_refused() -> None:
    state = Monitor(MonitorSettings()).to_state()
    with pytest.raises(ValueError, match="other settings"):
        Monitor.from_state(state, MonitorSettings(smallest_change_points=3))


def test_readiness_says_why_a_cohort_cannot_be_judged() -> None:
    few_speakers = Stream(1_500, 106, speakers=4, cohorts=(("A", 0.1, 1.0), ("B", 0.1, 0.02)))
    monitor, _ = watch(few_speakers)
    readiness = {view.cohort: view.readiness for view in monitor.views()}
    assert readiness == {"A": Readiness.NOT_ENOUGH_SPEAKERS, "B": Readiness.LEARNING}


def test_a_single_cohort_is_watched_by_its_own_level() -> None:
    stream = Stream(
        4_000,
        107,
        shift=lambda name, index, _: 0.15 if index >= 2_000 else 0.0,
        cohorts=(("A", 0.1, 1.0),),
    )
    _, events = watch(stream)
    assert [event.signal for _, event in events] == [Signal.GLOBAL]


@pytest.mark.parametrize("name", sorted(DECIDERS))
def test_every_decider_runs_on_the_same_blocks(name: str) -> None:
    stream = Stream(
        4_000, 108, shift=lambda cohort, index, _: 0.6 if cohort == "B" and index >= 2_000 else 0.0
    )
    settings = MonitorSettings(false_alarms_per_month=BUDGET_A_MONTH, detector=name)
    monitor, events = watch(stream, settings)
    assert "B" in {event.cohort for _, event in events}
    assert monitor.can_be_saved == (name == "evidence")


def test_views_add_up_to_what_was_fed() -> None:
    monitor, _ = watch(Stream(1_000, 109))
    assert sum(view.total.utterances for view in monitor.views()) == 1_000


@pytest.mark.parametrize("field", ["false_alarms_per_month", "smallest_change_points", "window_s"])
def test_settings_that_make_no_sense_are_refused(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        MonitorSettings(**{field: 0.0})  # type: ignore[arg-type]
