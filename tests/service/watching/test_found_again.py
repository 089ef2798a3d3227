"""Judged again under other settings, what began and ended long ago is told to nobody, and what lasts is."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from simulation import Stream, simulate
from watched import Life, life, settings

MANY, FEWER, NONE = (settings(false_alarms_per_month=budget) for budget in (1_000.0, 700.0, 1e-30))
ROWS, MORE = 2_600, 300


def shift(cohort: str, index: int, _: float) -> float:
    is_worse = (cohort == "B" and 800 <= index < 1_400) or (cohort == "A" and index >= 2_000)
    return 0.4 if is_worse else 0.0


SCORED = tuple(simulate(Stream(ROWS + MORE, 3, shift)))


@contextmanager
def judged() -> Iterator[Life]:
    """A life whose rows were judged once; one alert or more fires, and others have come and gone."""
    with life(SCORED, MANY) as one:
        one.arrive(ROWS)
        one.catch_up()
        one.watch.close()
        yield one


@pytest.fixture(autouse=True)
def _small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.watching.course.ROWS_AT_ONCE", 100)


def kinds(names: list[str], active: set[str]) -> set[tuple[str, bool]]:
    return {(name.split("-")[1], name.split("-")[0] in active) for name in names}


@pytest.mark.parametrize("way", ["restart", "reload"])
def test_of_what_was_judged_before_only_what_lasts_is_told(way: str) -> None:
    with judged() as one:
        before, active = one.told(), one.active()
        assert ("resolved", False) in kinds(before, active)
        assert active
        if way == "restart":
            one.restart(FEWER)
        else:
            with one.store.transaction():
                one.watch.configure(FEWER)
        one.catch_up()
        new = [name for name in one.told() if name not in before]
        # Found under other ids: without this the test would show nothing.
        assert one.active() != active
        assert kinds(new, one.active() | active) == {("firing", True), ("resolved", True)}
        fired = {name.split("-")[0] for name in new if "-firing-" in name}
        assert fired == one.active() - active
        ended = {name.split("-")[0] for name in new if "-resolved-" in name}
        assert ended == active - one.active()
        one.arrive(MORE)
        one.catch_up()
        one.watch.close()
        state = one.state()
    with life(SCORED, FEWER) as other:
        other.arrive(ROWS + MORE)
        other.catch_up()
        assert other.state() == state


@pytest.mark.parametrize("portions", [1, 7, 20])
def test_killed_while_it_judges_anew_it_tells_the_same(portions: int) -> None:
    with judged() as one:
        before, active = one.told(), one.active()
        one.restart(FEWER)
        for _ in range(portions):
            one.watch.go_on(0.0)
            one.watch._save_due = 0.0
        assert one.watch.rows_behind > 0
        one.restart(FEWER)
        one.catch_up()
        new = [name for name in one.told() if name not in before]
        assert kinds(new, one.active() | active) == {("firing", True), ("resolved", True)}


def test_what_came_after_is_told_whether_it_lasts_or_not() -> None:
    with life(SCORED, MANY) as one:
        one.arrive(700)
        one.catch_up()
        one.watch.close()
        before = one.told()
        one.arrive(ROWS - 700)
        one.restart(FEWER)
        one.catch_up()
        new = [name for name in one.told() if name not in before]
        assert kinds(new, one.active()) >= {("firing", False), ("resolved", False), ("firing", True)}


def test_settings_that_are_changed_back_let_alerts_fire_again() -> None:
    with judged() as one:
        before = one.active()
        for config in (NONE, MANY):
            one.restart(config)
            one.catch_up()
            one.watch.close()
        assert one.active() == before
        alert = min(before)
        of_it = [name.removeprefix(f"{alert}-") for name in one.told() if name.startswith(alert)]
        assert of_it == ["firing-oncall", "resolved-oncall", "firing-3-oncall"]
        [(body,)] = one.ask(f"SELECT body FROM outbox WHERE delivery_id = '{alert}-firing-3-oncall'")
        assert json.loads(body)["data"]["state"] == "firing"
        assert "resolution" not in json.loads(body)["data"]
        with one.store.transaction():
            one.watch.alerting.resolve(one.store, alert, "ann", "over", 2e9)
        assert f"{alert}-resolved-4-oncall" in one.told()
        actions = one.ask(f"SELECT action FROM alert_record WHERE alert_id = '{alert}' ORDER BY id")
        said = [action for (action,) in actions if action not in ("updated", "repeated")]
        assert said == ["fired", "resolved", "fired", "told", "resolved"]


def test_no_saved_state_of_other_settings_makes_rows_dispensable() -> None:
    with judged() as one:
        one.restart(FEWER)
        one.watch.go_on(0.0)
        assert one.watch.saved.seq == 0
        # Rows that feed no detector may go, and a claim's evidence has seen them.
        one.store._db.execute("UPDATE scored SET detects = 0 WHERE seq < 10")
        one.store._db.execute("INSERT INTO claim_states VALUES ('snapshot', 2000, 1, '{}')")
        with one.store.transaction():
            assert one.store.old_rows.drop_scored(3e9, 100, one.watch.saved.seq) == 9
        assert one.ask("SELECT * FROM base") == []
