from typing import Any

import pytest
from benchmarks.detection.runs import budget_a_month
from benchmarks.detection.streams import Change as Moved
from benchmarks.detection.streams import Scenario, generate

from detectors import block, open_shifts
from detectors.block import Block, BlockBuilder
from detectors.differential import DifferentialDetector
from detectors.event import Change, Event, Signal
from detectors.monitor import Monitor, MonitorSettings
from detectors.unit import ScoredUtterance

CHANGE_AT = 4_000
SETTINGS = MonitorSettings(false_alarms_per_month=budget_a_month(5.0, 2_000.0))


def degrading(cohort: str) -> list[ScoredUtterance]:
    return generate(Scenario(6_000, change=Moved(12.0, cohorts=(cohort,), start=CHANGE_AT)), seed=12)


def first_alarm(monitor: Monitor, stream: list[ScoredUtterance]) -> tuple[int, Event]:
    return next(
        (index, event)
        for index, scored in enumerate(stream)
        for event in monitor.update(scored)
        if (event.signal, event.change) == (Signal.DIFFERENTIAL, Change.DEGRADED)
    )


@pytest.mark.parametrize("cohort", ["A", "C"])
def test_an_alarm_does_not_wait_for_the_end_of_open_shifts(
    cohort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = degrading(cohort)
    seen, event = first_alarm(Monitor(SETTINGS), stream)
    monkeypatch.setattr(open_shifts, "look", lambda state, settings, name: [])
    waited, later = first_alarm(Monitor(SETTINGS), stream)
    assert event.cohort == later.cohort == cohort
    assert CHANGE_AT < seen < waited


def test_a_look_that_raises_no_alarm_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = degrading("A")
    index, _ = first_alarm(Monitor(SETTINGS), stream)
    looked, answers = DifferentialDetector.would_alarm, []

    def counted(detector: DifferentialDetector, block: Block) -> bool:
        answers.append(looked(detector, block))
        return answers[-1]

    monkeypatch.setattr(DifferentialDetector, "would_alarm", counted)
    looking = Monitor(SETTINGS)
    for scored in stream[:index]:
        looking.update(scored)
    monkeypatch.setattr(open_shifts, "look", lambda state, settings, name: [])
    waiting = Monitor(SETTINGS)
    for scored in stream[:index]:
        waiting.update(scored)
    assert answers
    assert not any(answers)
    assert looking.to_state() == waiting.to_state()


def test_a_block_of_the_rest_alone_names_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cohort that comes back after a long silence has an open shift and nothing yet to be judged by."""
    monkeypatch.setattr(DifferentialDetector, "is_near", True)
    monkeypatch.setattr(block, "IDLE_REST_WORDS", 20.0)
    closed, blocks = BlockBuilder.close, []

    def noted(builder: BlockBuilder, *args: Any, **kwargs: Any) -> Block | None:
        blocks.append(closed(builder, *args, **kwargs))
        return blocks[-1]

    monkeypatch.setattr(BlockBuilder, "close", noted)
    monitor = Monitor(SETTINGS)
    named = [event for scored in generate(Scenario(1_500), seed=3) for event in monitor.update(scored)]
    assert any(each is not None and not each.has_own for each in blocks)
    assert not any((event.signal, event.change) == (Signal.DIFFERENTIAL, Change.DEGRADED) for event in named)
