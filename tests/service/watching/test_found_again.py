"""Judged again under other settings, what began and ended long ago is told to nobody, and what lasts is."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from simulation import Stream, simulate

from service.config import Config
from service.records import Utterance
from service.store.store import Store
from service.telemetry.counts import Counts
from service.watching.watch import Watch

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
RECEIVER = {"name": "oncall", "kind": "webhook", "url": "https://example.org", "secret": SECRET}
MANY, FEWER, NONE = 1_000.0, 700.0, 1e-30
"""Tolerated false alarms a month."""
ROWS, MORE = 2_600, 300


def shift(cohort: str, index: int, _: float) -> float:
    is_worse = (cohort == "B" and 800 <= index < 1_400) or (cohort == "A" and index >= 2_000)
    return 0.4 if is_worse else 0.0


SCORED = tuple(simulate(Stream(ROWS + MORE, 3, shift)))


def settings(false_alarms: float) -> Config:
    return Config.model_validate(
        {
            "detection": {"false_alarms_per_month": false_alarms},
            "receivers": [RECEIVER],
            "alerts": {"group_interval": "0s"},
        }
    )


class Life:
    """One store, and the watches over it, one after the other."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.arrived = 0
        self.watch = Watch(store, settings(MANY), Counts())

    def arrive(self, rows: int) -> None:
        with self.store.transaction():
            for scored in SCORED[self.arrived : self.arrived + rows]:
                name = f"u{self.arrived}"
                who = (scored.speaker, None, None, scored.at_s, scored.at_s, None, None, None, None)
                self.store.put_utterance(
                    Utterance(name, b"c", scored.cohort, "{}", *who, "n", 0, b""), scored.cohort
                )
                c = scored.counts
                row = (name, b"r", scored.cohort, "{}", scored.speaker, "unit", scored.at_s, scored.at_s)
                counts = (c.substitutions, c.deletions, c.insertions, c.hits)
                rest = (None, "verbatim", "random", 0.5, "n", 1, *[None] * 5)
                self.store.put_scored((*row, *counts, *rest), name)
                self.arrived += 1

    def restart(self, false_alarms: float) -> None:
        self.watch = Watch(self.store, settings(false_alarms), Counts())

    def catch_up(self) -> None:
        while self.watch.go_on(60.0):
            pass
        # Alerts are looked at no more than once a second.
        self.watch._look_due = 0.0
        self.watch.go_on(60.0)

    def ask(self, query: str) -> list[Any]:
        return self.store._db.execute(query).fetchall()

    def told(self) -> list[str]:
        """The notices in their order, but for those that depend on when somebody looks."""
        rows = self.ask("SELECT delivery_id, body FROM outbox ORDER BY created_at, position")
        kinds = [(name, json.loads(body)["type"].rpartition(".")[2]) for name, body in rows]
        return [name for name, kind in kinds if kind not in ("updated", "repeated")]

    def active(self) -> set[str]:
        return {name for (name,) in self.ask("SELECT alert_id FROM alerts WHERE state = 'firing'")}

    def state(self) -> Any:
        return self.watch._course.monitor.to_state()


@contextmanager
def life() -> Iterator[Life]:
    with TemporaryDirectory() as folder:
        store = Store(Path(folder))
        try:
            yield Life(store)
        finally:
            store.close()


@pytest.fixture(autouse=True)
def _small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.watching.course.ROWS_AT_ONCE", 100)


def kinds(names: list[str], active: set[str]) -> set[tuple[str, bool]]:
    return {(name.split("-")[1], name.split("-")[0] in active) for name in names}


@pytest.mark.parametrize("way", ["restart", "reload"])
def test_of_what_was_judged_before_only_what_lasts_is_told(way: str) -> None:
    with life() as one:
        one.arrive(ROWS)
        one.catch_up()
        one.watch.close()
        before, active = one.told(), one.active()
        assert ("resolved", False) in kinds(before, active)
        assert active
        if way == "restart":
            one.restart(FEWER)
        else:
            with one.store.transaction():
                one.watch.configure(settings(FEWER))
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
    with life() as other:
        other.restart(FEWER)
        other.arrive(ROWS + MORE)
        other.catch_up()
        assert other.state() == state


@pytest.mark.parametrize("portions", [1, 7, 20])
def test_killed_while_it_judges_anew_it_tells_the_same(portions: int) -> None:
    with life() as one:
        one.arrive(ROWS)
        one.catch_up()
        one.watch.close()
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
    with life() as one:
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
    with life() as one:
        one.arrive(ROWS)
        one.catch_up()
        one.watch.close()
        before = one.active()
        for false_alarms in (NONE, MANY):
            one.restart(false_alarms)
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
    with life() as one:
        one.arrive(ROWS)
        one.catch_up()
        one.watch.close()
        one.restart(FEWER)
        one.watch.go_on(0.0)
        assert one.watch.saved.seq == 0
        # Rows that feed no detector may go, and a claim's evidence has seen them.
        one.store._db.execute("UPDATE scored SET detects = 0 WHERE seq < 10")
        one.store._db.execute("INSERT INTO claim_states VALUES ('snapshot', 2000, 1, '{}')")
        with one.store.transaction():
            assert one.store.old_rows.drop_scored(3e9, 100, one.watch.saved.seq) == 9
        assert one.ask("SELECT * FROM base") == []
