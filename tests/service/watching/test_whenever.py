"""The same rows raise the same alerts, whenever they are committed, looked at, saved, read after a kill."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest
from chaos.replay import told
from hypothesis import Phase, given
from hypothesis import settings as tried
from hypothesis import strategies as st
from simulation import Stream, simulate
from watched import Life, life, settings

from detectors.unit import ScoredUtterance
from service.config import Config
from service.watching.course import ANNOUNCE, REBASELINE

DAY_S = 86_400.0
ROWS, LEAST, MOST = 2_400, 20, 400
SAID = {1_700: (REBASELINE, "B"), 2_100: (ANNOUNCE, None)}
"""What people tell the monitor, and after which row."""
LAGS = ("0s", "2h")
SITES = ("imaging-1", "imaging-2", "imaging-3")


def shift(cohort: str, index: int, _: float) -> float:
    is_worse = (cohort == "B" and 800 <= index < 1_400) or (cohort == "A" and index >= 1_900)
    return 0.4 if is_worse else 0.0


def rows() -> list[ScoredUtterance]:
    """With sites and sessions, some without a speaker, and references that come late and in no order."""
    chance = random.Random(8)
    made = []
    for scored in simulate(Stream(ROWS, 3, shift)):
        session = f"{int(scored.at_s // 5_400)} {chance.randrange(3)}"
        speaker = scored.speaker if chance.random() < 0.95 else None
        lag_s = chance.expovariate(1.0 / DAY_S) if chance.random() < 0.05 else 0.0
        attributes = (("accent", scored.cohort), ("site", chance.choice(SITES)))
        made.append(
            replace(
                scored,
                at_s=scored.at_s - lag_s,
                speaker=speaker,
                session=session,
                unit_key=session,
                attributes=attributes,
                normaliser="n",
            )
        )
    for begin in range(0, ROWS, 60):
        together = made[begin : begin + 30]
        chance.shuffle(together)
        made[begin : begin + 30] = together
    return made


ARRIVING = tuple(rows())


def look(one: Life) -> None:
    watch = one.watch
    watch.view()
    for cohort in "AB":
        watch.worst_slices(cohort, 7 * DAY_S)
        watch.change_since(cohort, watch.now_s - 3 * DAY_S)


def turn(one: Life) -> None:
    # Broken off after one portion, as where others wait to be written.
    one.watch.go_on(0.0)


def save(one: Life) -> None:
    one.watch._save_due = 0.0
    one.watch.go_on(0.0)


def look_after(one: Life) -> None:
    one.watch._look_due = one.watch._explain_due = 0.0
    one.watch.go_on(60.0)


ACTIONS: dict[str, Callable[[Life], None]] = {
    "a short turn": turn,
    "a saved state": save,
    "a kill": Life.restart,
    "a look at the views": look,
    "a look after alerts": look_after,
    "a whole turn": Life.catch_up,
}


@dataclass(frozen=True)
class Step:
    """Rows that are committed together, what the clock says then, and what happens until the next."""

    rows: int
    clock_s: float
    actions: list[str]


STEPS = st.builds(
    Step,
    st.integers(LEAST, MOST),
    st.floats(0.0, 3e9),
    st.lists(st.sampled_from(sorted(ACTIONS)), max_size=4),
)


def config(lag: str) -> Config:
    return settings(false_alarms_per_month=1_000.0, reference_lag=lag)


def ending(one: Life) -> tuple[str, list[Any], Any]:
    alerts = one.ask("SELECT alert_id, signal, cohort, state, onset_at FROM alerts ORDER BY alert_id")
    notices = one.ask("SELECT delivery_id, body FROM outbox")
    return one.state(), alerts, told({name: json.loads(body) for name, body in notices})


def say(one: Life, rows: int) -> None:
    """Let rows arrive, and between two of them what people say."""
    end = min(one.arrived + rows, ROWS)
    for after, (action, cohort) in SAID.items():
        if one.arrived < after <= end:
            one.arrive(after - one.arrived)
            with one.store.transaction():
                one.store.history.put_intervention(action, cohort, "ann", "said", 0.0)
    one.arrive(end - one.arrived)


@cache
def undisturbed(lag: str) -> tuple[str, list[Any], Any]:
    with life(ARRIVING, config(lag)) as one:
        say(one, ROWS)
        one.catch_up()
        return ending(one)


@given(st.sampled_from(LAGS), st.lists(STEPS, min_size=ROWS // LEAST, max_size=ROWS // LEAST))
@tried(max_examples=6, derandomize=True, phases=[Phase.generate])
def test_neither_commits_nor_clock_nor_looks_nor_kills_change_an_alert(lag: str, plan: list[Step]) -> None:
    expected = undisturbed(lag)
    with pytest.MonkeyPatch.context() as patched, life(ARRIVING, config(lag)) as one:
        patched.setattr("service.watching.course.ROWS_AT_ONCE", 50)
        for step in plan:
            patched.setattr("service.watching.watch.time.time", lambda now=step.clock_s: now)
            say(one, step.rows)
            for action in step.actions:
                ACTIONS[action](one)
        one.catch_up()
        assert one.arrived == ROWS
        assert ending(one) == expected


@pytest.mark.parametrize("lag", LAGS)
def test_the_property_is_shown_of_alerts_that_come_and_go(lag: str) -> None:
    _, alerts, notices = undisturbed(lag)
    assert {state for *_, state, _ in alerts} >= {"resolved", "noted"}
    assert len(alerts) >= 8
    assert {kind for kind, _ in notices.values()} == {"firing", "resolved", "noted"}
