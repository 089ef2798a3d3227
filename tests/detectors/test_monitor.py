import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from benchmarks.attribution.streams import TARGET, Cause, World
from benchmarks.attribution.streams import simulate as simulate_hospital
from simulation import Stream, simulate

from detectors.alignment import ErrorCounts
from detectors.choices import DECIDERS
from detectors.cohort import Readiness
from detectors.event import Change, Event, Signal
from detectors.monitor import Monitor, MonitorSettings
from detectors.unit import ScoredUtterance

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


PAGING = (Signal.DIFFERENTIAL, Signal.GLOBAL)


def test_a_quiet_stream_stays_within_the_budget() -> None:
    # Budget: 5 alarms in 100,000 utterances, so 2.7 here; more than 13 have probability below 1e-6.
    alarms = [
        event
        for seed in range(6)
        for _, event in watch(Stream(UTTERANCES, seed))[1]
        if event.change is Change.DEGRADED
    ]
    assert len(alarms) <= 13


def test_speakers_who_all_get_new_names_are_no_change() -> None:
    # 3 streams of 0.45 expected alarms: more than 9 have probability below 1e-6.
    alarms = []
    for seed in range(3):
        monitor = Monitor(MonitorSettings(false_alarms_per_month=BUDGET_A_MONTH))
        for index, scored in enumerate(simulate(Stream(UTTERANCES, seed))):
            new_name = None if scored.speaker is None else f"{scored.speaker}-again"
            known = scored if index < CHANGE_AT else replace(scored, speaker=new_name)
            alarms += [event for event in monitor.update(known) if event.change is Change.DEGRADED]
    assert len(alarms) <= 9


@pytest.mark.parametrize(("cohort", "rise"), [("A", 0.10), ("C", 0.12), ("E", 0.30)])
def test_a_cohort_that_gets_worse_alone_is_named(cohort: str, rise: float) -> None:
    stream = Stream(
        UTTERANCES, 101, shift=lambda name, index, _: rise if name == cohort and index >= CHANGE_AT else 0.0
    )
    _, events = watch(stream)
    raised = [
        (index, event)
        for index, event in events
        if event.change is Change.DEGRADED and event.signal in PAGING
    ]
    assert [(event.signal, event.cohort) for _, event in raised] == [(Signal.DIFFERENTIAL, cohort)]
    index, event = raised[0]
    assert index > CHANGE_AT
    assert event.lower_points < 100 * rise < event.upper_points
    assert event.before.wer is not None
    assert event.after.wer is not None
    assert event.after.wer > event.before.wer + rise / 2


def test_an_alarm_points_at_the_slice_that_it_comes_from_and_so_does_its_replay() -> None:
    world = World(Cause.EXPOSURE, points=25.0, after=2_500)
    settings = MonitorSettings(false_alarms_per_month=BUDGET_A_MONTH)
    found, states = [], []
    for restarts in (False, True):
        monitor, events = Monitor(settings), []
        for index, scored in enumerate(simulate_hospital(world, 3).utterances):
            events += monitor.update(scored)
            if restarts and index % 3_000 == 0:
                monitor = Monitor.from_state(json.loads(json.dumps(monitor.to_state())), settings)
        found.append([event for event in events if event.change is Change.DEGRADED])
        states.append(monitor.to_state())
    first = found[0][0]
    assert (first.signal, first.cohort) == (Signal.DIFFERENTIAL, TARGET)
    assert first.attribution is not None
    assert [change.where for change in first.attribution.named] == [*world.truths]
    [lasting] = [event for event in monitor.lasting() if event.cohort == TARGET]
    assert lasting.attribution is None
    assert monitor.explained(lasting).attribution is not None
    assert found[0] == found[1]
    assert json.dumps(states[0]) == json.dumps(states[1])


def test_a_change_that_hits_everybody_is_global_and_names_nobody() -> None:
    stream = Stream(UTTERANCES, 102, shift=lambda name, index, _: 0.08 if index >= CHANGE_AT else 0.0)
    _, events = watch(stream)
    raised = [event for _, event in events if event.change is Change.DEGRADED]
    assert [(event.signal, event.cohort) for event in raised] == [(Signal.GLOBAL, None)]
    before, after = raised[0].before.wer, raised[0].after.wer
    assert before is not None
    assert after is not None
    assert after > before + 0.04


def test_an_improvement_is_a_finding_and_no_alarm() -> None:
    stream = Stream(
        UTTERANCES, 104, shift=lambda name, index, _: -0.08 if name == "C" and index >= CHANGE_AT else 0.0
    )
    [(index, event)] = watch(stream)[1]
    assert (event.signal, event.change, event.cohort) == (Signal.DIFFERENTIAL, Change.IMPROVED, "C")
    assert index > CHANGE_AT
    assert event.lower_points < -8.0 < event.upper_points < 0.0


def test_everybody_improving_is_one_finding() -> None:
    stream = Stream(UTTERANCES, 105, shift=lambda name, index, _: -0.05 if index >= CHANGE_AT else 0.0)
    found = [(event.signal, event.change, event.cohort) for _, event in watch(stream)[1]]
    assert found == [(Signal.GLOBAL, Change.IMPROVED, None)]


def test_what_got_better_and_then_worse_again_is_an_alarm() -> None:
    def shift(name: str, index: int, _: float) -> float:
        return -0.08 if name == "A" and 4_000 <= index < 9_000 else 0.0

    _, events = watch(Stream(13_000, 111, shift=shift))
    assert [(event.change, event.cohort) for _, event in events] == [
        (Change.IMPROVED, "A"),
        (Change.DEGRADED, "A"),
    ]
    assert events[1][0] > 9_000


def test_a_gap_that_widens_because_the_others_improve_is_said_so_and_alarms_nobody() -> None:
    def shift(name: str, index: int, _: float) -> float:
        return -0.06 if name == "A" and index >= 4_000 else 0.0

    cohorts = (("A", 0.15, 0.55), ("B", 0.20, 0.45))
    _, events = watch(Stream(9_000, 112, shift=shift, cohorts=cohorts))
    assert {(event.signal, event.change, event.cohort) for _, event in events} == {
        (Signal.DIFFERENTIAL, Change.IMPROVED, "A"),
        (Signal.DIFFERENTIAL, Change.GAP_WIDENED, "B"),
    }


def test_a_gap_beyond_the_tolerated_one_is_recorded_without_any_change() -> None:
    cohorts = (("A", 0.08, 0.6), ("B", 0.10, 0.3), ("C", 0.35, 0.1))
    monitor, events = watch(Stream(9_000, 113, cohorts=cohorts))
    assert [(event.signal, event.change, event.cohort) for _, event in events] == [
        (Signal.STANDING, Change.DEGRADED, "C")
    ]
    raised = events[0][1]
    assert raised.lower_points > 15.0
    # While it lasts it is the same gap, and not only what of it is above the tolerated one.
    [lasting] = monitor.lasting()
    assert [effect_of(lasting), lasting.onset_s] == [effect_of(raised), raised.onset_s]


def everybodys(_: str, index: int, __: float) -> float:
    return 0.15 if 4_000 <= index < 7_000 else 0.0


def one_cohorts(name: str, index: int, _: float) -> float:
    return 0.15 if name == "A" and 4_000 <= index < 7_000 else 0.0


def silent(name: str, index: int, _: float) -> float:
    return 1.0 if 4_000 <= index < 4_300 else 0.0


@pytest.mark.parametrize(
    ("shift", "signal"),
    [(everybodys, Signal.GLOBAL), (one_cohorts, Signal.DIFFERENTIAL), (silent, Signal.EMPTIES)],
)
def test_what_lasts_is_what_was_raised_and_has_not_ended(
    shift: Callable[[str, int, float], float], signal: Signal
) -> None:
    monitor, lasting, raised = Monitor(MonitorSettings(false_alarms_per_month=3)), set(), set()
    nothing = ErrorCounts(0, 10, 0, 0)
    for index, scored in enumerate(simulate(Stream(12_000, 114, shift=shift))):
        is_empty = shift(scored.cohort, index, 0.0) == 1.0
        for event in monitor.update(replace(scored, counts=nothing) if is_empty else scored):
            alarm = (event.signal, event.cohort, event.onset_s)
            if event.change is Change.DEGRADED:
                lasting.add(alarm)
                raised.add(event.signal)
            elif event.change in (Change.RECOVERED, Change.ABSORBED):
                lasting.discard(alarm)
            seen = {(each.signal, each.cohort, each.onset_s) for each in monitor.lasting()}
            assert seen == lasting
    assert signal in raised


def test_while_an_alarm_lasts_it_rests_on_all_since_its_onset() -> None:
    rise = 0.15
    stream = Stream(UTTERANCES, 101, shift=lambda name, i, _: rise if name == "C" and i >= CHANGE_AT else 0.0)
    monitor, events = watch(stream)
    [raised] = [event for _, event in events if event.signal in PAGING]
    [lasts] = [event for event in monitor.lasting() if event.signal is Signal.DIFFERENTIAL]
    since = [each for each in simulate(stream) if each.cohort == "C" and each.at_s >= raised.onset_s]
    heard = lasts.after.utterances
    assert raised.after.utterances < len(since) / 3
    # What is not in a block yet is the last hours'.
    assert 0.9 * len(since) < heard <= len(since)
    words = sum(each.counts.reference_words for each in since[:heard])
    wer = sum(each.counts.errors for each in since[:heard]) / words
    assert lasts.after.wer is not None
    assert abs(lasts.after.wer - wer) < 0.01
    assert lasts.effect_points != raised.effect_points


def effect_of(event: Event) -> tuple[float, float, float]:
    return event.lower_points, event.effect_points, event.upper_points


def test_a_new_normaliser_begins_a_new_baseline_and_no_alarm() -> None:
    stream = list(simulate(Stream(6_000, 114, shift=lambda n, i, t: 0.15 if i >= 3_000 else 0.0)))
    later = [replace(scored, normaliser="2") for scored in stream[3_000:]]
    monitor = Monitor(MonitorSettings(false_alarms_per_month=BUDGET_A_MONTH))
    events = [event for scored in (*stream[:3_000], *later) for event in monitor.update(scored)]
    assert events == []
    levels = {view.cohort: view.baseline_wer for view in monitor.views()}
    assert levels["A"] is not None
    assert levels["A"] > 0.18
    # A straggler of the old rules is counted and not judged.
    before = {view.cohort: view.units for view in monitor.views()}
    monitor.update(stream[2_999])
    assert {view.cohort: view.units for view in monitor.views()} == before


def test_a_baseline_taken_anew_ends_the_alarm_and_raises_no_other() -> None:
    stream = Stream(9_000, 115, shift=lambda n, i, _: 0.15 if n == "B" and i >= 4_000 else 0.0)
    monitor, events = Monitor(MonitorSettings(false_alarms_per_month=BUDGET_A_MONTH)), []
    for index, scored in enumerate(simulate(stream)):
        events += monitor.update(scored)
        if index == 5_500:
            events += monitor.rebaseline("B")
    assert [(event.signal, event.change, event.cohort) for event in events] == [
        (Signal.DIFFERENTIAL, Change.DEGRADED, "B"),
        (Signal.DIFFERENTIAL, Change.REBASED, "B"),
    ]
    assert events[0].onset_s == events[1].onset_s


@pytest.mark.parametrize(("shift", "verdict"), [(0.12, Change.DEGRADED), (-0.04, Change.IMPROVED)])
def test_an_announced_change_gets_a_verdict_and_no_alarm(shift: float, verdict: Change) -> None:
    stream = Stream(
        9_000,
        119,
        shift=lambda name, i, _: shift if i >= 4_000 else 0.0,
        cohorts=(("A", 0.1, 0.5), ("B", 0.1, 0.5)),
    )
    monitor, events = Monitor(MonitorSettings(false_alarms_per_month=BUDGET_A_MONTH)), []
    for index, scored in enumerate(simulate(stream)):
        if index == 4_000:
            monitor.announce("engine version 2")
        events += monitor.update(scored)
        if index == 5_000:
            saved = json.loads(json.dumps(monitor.to_state()))
            monitor = Monitor.from_state(saved, monitor.settings)
    assert {(event.signal, event.change, event.cohort) for event in events} == {
        (Signal.PLANNED, verdict, "A"),
        (Signal.PLANNED, verdict, "B"),
    }
    for event in events:
        assert event.about == "engine version 2"
        assert event.lower_points < 100 * shift < event.upper_points
    assert all(not view.is_compared for view in monitor.views())


def test_an_announced_change_that_changes_nothing_is_said_to_show_none() -> None:
    stream = Stream(14_000, 120, cohorts=(("A", 0.1, 0.5), ("B", 0.1, 0.5)))
    monitor, events = Monitor(MonitorSettings(false_alarms_per_month=BUDGET_A_MONTH)), []
    for index, scored in enumerate(simulate(stream)):
        if index == 6_000:
            monitor.announce("new microphones")
        events += monitor.update(scored)
    assert {event.change for event in events} == {Change.UNCHANGED}
    assert all(event.lower_points > -5.0 and event.upper_points < 5.0 for event in events)


def test_strangers_in_a_cohort_of_few_speakers_are_no_drift() -> None:
    # Three speakers all along; then three others take B over who are worse by nature.
    def shift(name: str, index: int, _: float) -> float:
        return 0.1 if name == "B" and index >= 6_000 else 0.0

    stream = Stream(7_500, 116, shift=shift, speakers=3, cohorts=(("A", 0.1, 0.5), ("B", 0.1, 0.5)))
    monitor, events = Monitor(MonitorSettings(false_alarms_per_month=BUDGET_A_MONTH)), []
    for index, scored in enumerate(simulate(stream)):
        is_stranger = scored.cohort == "B" and index >= 6_000
        speaker = f"new {scored.speaker}" if is_stranger else scored.speaker
        events += monitor.update(replace(scored, speaker=speaker))
    assert events == []


def test_few_speakers_who_all_get_worse_than_they_were_are_found() -> None:
    def shift(name: str, index: int, _: float) -> float:
        return 0.15 if name == "B" and index >= 4_000 else 0.0

    stream = Stream(7_000, 118, shift=shift, speakers=3, cohorts=(("A", 0.1, 0.5), ("B", 0.1, 0.5)))
    _, events = watch(stream)
    assert [(event.signal, event.cohort) for _, event in events] == [(Signal.DIFFERENTIAL, "B")]


def test_runaway_and_empty_hypotheses_are_signals_of_their_own() -> None:
    def broken(scored: ScoredUtterance, index: int) -> ScoredUtterance:
        words = scored.counts.reference_words
        if scored.cohort != "C" or index < 4_000 or index % 3:
            return scored
        is_loop = index % 2 == 0
        counts = ErrorCounts(0, 0, 60, words) if is_loop else ErrorCounts(0, words, 0, 0)
        return replace(scored, counts=counts)

    monitor, signals = Monitor(MonitorSettings(false_alarms_per_month=BUDGET_A_MONTH)), set()
    for index, scored in enumerate(simulate(Stream(8_000, 117))):
        signals |= {(event.signal, event.cohort) for event in monitor.update(broken(scored, index))}
    assert {(Signal.LOOPS, "C"), (Signal.EMPTIES, "C")} <= signals
    assert {cohort for _, cohort in signals} == {"C"}


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


def test_looking_at_a_monitor_changes_nothing() -> None:
    watched, alone = Monitor(MonitorSettings()), Monitor(MonitorSettings())
    for number, scored in enumerate(simulate(Stream(3_000, seed=4))):
        watched.update(scored)
        alone.update(scored)
        if number % 7 == 0:
            watched.views()
    assert watched.to_state() == alone.to_state()


def test_a_state_of_other_settings_is_refused() -> None:
    state = Monitor(MonitorSettings()).to_state()
    with pytest.raises(ValueError, match="other settings"):
        Monitor.from_state(state, MonitorSettings(smallest_change_points=3))


def test_readiness_says_why_a_cohort_cannot_be_judged() -> None:
    few_speakers = Stream(1_500, 106, speakers=1, cohorts=(("A", 0.1, 1.0), ("B", 0.1, 0.02)))
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
