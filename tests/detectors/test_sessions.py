import math
from dataclasses import replace

import pytest
from simulation import Stream, simulate

from detectors.event import Change, Signal
from detectors.monitor import Monitor, MonitorSettings
from detectors.sessions import REMAINDER, SessionsSince

BUDGET_A_MONTH = 0.6
CHANGE_AT = 4_000
SESSIONS = 4


def named(worse: range, seed: int) -> list[str | None]:
    """Who is named when these of the four long sessions of B get worse."""

    def shift(name: str, index: int, _: float) -> float:
        return 0.3 if name == "B" and index >= CHANGE_AT else 0.0

    cohorts = (("A", 0.1, 0.5), ("B", 0.1, 0.5))
    calm = Stream(6_000, seed, speakers=12, cohorts=cohorts)
    monitor = Monitor(MonitorSettings(false_alarms_per_month=BUDGET_A_MONTH))
    found = []
    for well, badly in zip(simulate(calm), simulate(replace(calm, shift=shift)), strict=True):
        session = int((well.speaker or "").split("-")[1]) % SESSIONS
        heard = replace(badly if session in worse else well, session=f"{well.cohort} {session}")
        found += [
            event.cohort
            for event in monitor.update(heard)
            if (event.signal, event.change) == (Signal.DIFFERENTIAL, Change.DEGRADED)
        ]
    return found


def test_one_recording_that_gets_worse_names_nobody_and_all_together_do() -> None:
    # Without the rule this seed names B for its first session alone.
    assert named(range(1), 122) == []
    assert named(range(SESSIONS), 122) == ["B"]


@pytest.mark.parametrize(("sessions", "is_shown"), [(1, False), (2, False), (3, True), (40, True)])
def test_two_sessions_never_show_a_rise_and_three_can(sessions: int, is_shown: bool) -> None:
    since, total = SessionsSince(), 0.0
    for number in range(120):
        since.add(f"session {number % sessions}", 0.1)
        total += 0.1
    assert (since.without_loudest(total) >= math.log(REMAINDER)) == is_shown


def test_many_sessions_are_remembered_by_the_loudest() -> None:
    since = SessionsSince()
    since.add("loud", 5.0)
    for number in range(100):
        since.add(f"quiet {number}", 0.05)
    assert since.without_loudest(10.0) == pytest.approx(4.95)
