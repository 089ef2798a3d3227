"""What is too old goes, in small portions, and nothing else changes by that."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from chaos.stream import DETECTION
from conftest import BadDay, RunningService, catches_up, eventually, score
from hypothesis import given, settings
from hypothesis import strategies as st
from simulation import Stream, simulate

from detectors.unit import ScoredUtterance
from service.config import Config, Detection
from service.records import AlertRow, Delivery, Utterance
from service.store.store import FILE_NAME, Store
from service.telemetry.counts import Counts
from service.upkeep.retention import Retention
from service.watching.watch import Watch

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
DAY_S = 86_400.0
RECEIVER = {"name": "oncall", "kind": "webhook", "url": "https://example.org", "secret": SECRET}
CONFIG = Config.model_validate(
    {
        "detection": {"false_alarms_per_month": 1_000},
        "privacy": {"unreferenced_retention": "1d", "scored_retention": "2d", "alert_retention": "2d"},
        "receivers": [RECEIVER],
        "alerts": {"group_interval": "0s"},
    }
)
TOLD = (
    "SELECT delivery_id FROM told "
    "WHERE delivery_id NOT LIKE '%-updated-%' AND delivery_id NOT LIKE '%-repeated-%' ORDER BY 1"
)
"""What is told whenever somebody looks, by whatever clock."""
ROWS, CHUNK = 2_500, 125


def get_worse(cohort: str, index: int, _: float) -> float:
    return 0.4 if cohort == "B" and 800 <= index < 1_400 else 0.0


SCORED = tuple(simulate(Stream(ROWS, 3, get_worse)))


@dataclass
class History:
    """Scored rows that arrive by the clock of their stream, the monitor behind them, and retention."""

    store: Store
    watch: Watch
    retention: Retention
    arrived: int = 0
    config: Config = CONFIG

    def arrive(self, rows: int) -> None:
        with self.store.transaction():
            for scored in SCORED[self.arrived : self.arrived + rows]:
                put(self.store, f"u{self.arrived}", scored, detects=self.arrived % 9 > 0)
                self.arrived += 1
            self.db.execute("UPDATE outbox SET state = 'delivered'")
        self.watch.go_on(60.0)

    def restart(self) -> None:
        self.watch = Watch(self.store, self.config, Counts())
        self.retention = Retention(self.store, self.config, Counts(), self.watch)

    def forget(self, most_portions: int) -> None:
        for _ in range(most_portions):
            if not self.retention.step(self.now, is_waited_for=False):
                return

    def lose_the_snapshot(self) -> None:
        self.db.execute("DELETE FROM snapshot")
        self.restart()

    @property
    def now(self) -> float:
        return SCORED[max(self.arrived - 1, 0)].at_s

    @property
    def db(self) -> sqlite3.Connection:
        return self.store._db

    def ask(self, query: str) -> list[Any]:
        return self.db.execute(query).fetchall()


def put(store: Store, utterance_id: str, scored: ScoredUtterance, *, detects: bool) -> None:
    who = (scored.speaker, None, None, scored.at_s, scored.at_s, None, None, None, None)
    store.put_utterance(Utterance(utterance_id, b"c", scored.cohort, "{}", *who, "n", 0, b""), scored.cohort)
    c = scored.counts
    counts = (c.substitutions, c.deletions, c.insertions, c.hits)
    row = (utterance_id, b"r", scored.cohort, "{}", scored.speaker, "unit", scored.at_s, scored.at_s, *counts)
    number = store.ids.number_of(utterance_id)
    assert number is not None
    store.put_scored((*row, None, "verbatim", "random", 0.5, "n", int(detects), *[None] * 5), number)
    store.add_to_totals(scored.cohort, "random", "verbatim", c)


@contextmanager
def history() -> Iterator[History]:
    with TemporaryDirectory() as folder:
        store = Store(Path(folder))
        watch = Watch(store, CONFIG, Counts())
        made = History(store, watch, Retention(store, CONFIG, Counts(), watch))
        # Whatever is queued leaves a trace that retention does not know.
        made.db.executescript(
            "CREATE TABLE told (delivery_id TEXT); CREATE TRIGGER tell AFTER INSERT ON outbox "
            "BEGIN INSERT INTO told VALUES (new.delivery_id); END"
        )
        try:
            yield made
        finally:
            store.close()


@cache
def undisturbed() -> tuple[Any, list[Any]]:
    with history() as whole:
        while whole.arrived < ROWS:
            whole.arrive(CHUNK)
        return whole.watch._course.monitor.to_state(), whole.ask(TOLD)


ACTIONS: dict[str, Callable[[History], None]] = {
    "go on": lambda _: None,
    "forget a little": lambda h: h.forget(1),
    "forget everything that is old": lambda h: h.forget(1_000),
    "restart": History.restart,
    "lose the snapshot": History.lose_the_snapshot,
}


@given(
    st.lists(
        st.lists(st.sampled_from(sorted(ACTIONS)), max_size=3),
        min_size=ROWS // CHUNK,
        max_size=ROWS // CHUNK,
    )
)
@settings(max_examples=5, derandomize=True, deadline=None)
def test_whenever_retention_comes_the_monitor_ends_in_the_same_state_and_tells_the_same(
    plan: list[list[str]],
) -> None:
    state, notices = undisturbed()
    with pytest.MonkeyPatch.context() as patched, history() as kept:
        patched.setattr("service.watching.watch.time.time", lambda: kept.now)
        patched.setattr("service.upkeep.retention.LOOK_EVERY_S", 0.0)
        patched.setattr("service.watching.watch.SAVE_EVERY_S", 0.0)
        for actions in plan:
            kept.arrive(CHUNK)
            for action in actions:
                ACTIONS[action](kept)
                kept.watch.go_on(60.0)
        kept.forget(1_000)
        assert kept.watch._course.monitor.to_state() == state
        assert kept.ask(TOLD) == notices
        assert sums(kept.db, "hourly", "scored") == sums(kept.db, "totals")
        [(oldest,)] = kept.ask("SELECT MIN(scored_at) FROM scored")
        assert oldest >= kept.now - 2 * DAY_S
        [(alerts,)] = kept.ask("SELECT COUNT(*) FROM alerts")
        assert alerts < len(notices)
        kept.lose_the_snapshot()
        kept.watch.go_on(60.0)
        assert kept.watch._course.monitor.to_state() == state


def test_a_monitor_of_other_settings_begins_with_the_rows_that_are_left(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("service.upkeep.retention.LOOK_EVERY_S", 0.0)
    monkeypatch.setattr("service.watching.watch.SAVE_EVERY_S", 0.0)
    with history() as kept:
        kept.arrive(1_500)
        kept.forget(1_000)
        [(first,)] = kept.ask("SELECT MIN(seq) FROM scored")
        assert first > 1
        kept.config = CONFIG.model_copy(update={"detection": Detection(false_alarms_per_month=900)})
        kept.restart()
        assert f"the history begins after row {first - 1};" in caplog.text
        kept.watch.go_on(60.0)
        kept.arrive(ROWS - 1_500)
        kept.forget(1_000)
        state = kept.watch._course.monitor.to_state()
        assert kept.ask("SELECT MIN(seq) FROM scored") > [(first,)]
        kept.lose_the_snapshot()
        kept.watch.go_on(60.0)
        assert kept.watch._course.monitor.to_state() == state


def test_the_property_is_shown_of_a_stream_in_which_an_alert_comes_and_goes() -> None:
    told = [name for (name,) in undisturbed()[1]]
    assert any("-firing-" in name for name in told)
    assert any("-resolved-" in name for name in told)


def sums(db: sqlite3.Connection, *tables: str) -> dict[str, tuple[int, int, int]]:
    """Utterances, errors and reference words by cohort, over all tables together."""
    found: dict[str, tuple[int, int, int]] = {}
    of = {
        "hourly": "SUM(utterances), SUM(substitutions + deletions + insertions), SUM(reference_words)",
        "scored": "COUNT(*), SUM(substitutions + deletions + insertions), "
        "SUM(substitutions + deletions + hits)",
        "totals": "SUM(utterances), SUM(errors), SUM(reference_words)",
    }
    for table in tables:
        for cohort, *more in db.execute(f"SELECT cohort, {of[table]} FROM {table} GROUP BY cohort"):
            before = found.get(cohort, (0, 0, 0))
            found[cohort] = (before[0] + more[0], before[1] + more[1], before[2] + more[2])
    return found


def test_the_sums_of_an_hour_are_those_of_its_rows() -> None:
    with history() as kept:
        kept.arrive(ROWS)
        kept.restart()
        hours = "CAST(spoken_at AS INTEGER) / 3600 * 3600"
        words, errors = "substitutions + deletions + hits", "substitutions + deletions + insertions"
        query = (
            f"SELECT {hours}, cohort, selection, kind, normaliser, COUNT(*), SUM(substitutions), "
            f"SUM(deletions), SUM(insertions), SUM({words}), SUM(MIN({errors}, {words})) "
            "FROM scored GROUP BY 1, 2 ORDER BY 1, 2"
        )
        expected = kept.ask(query)
        kept.watch.close()
        while kept.retention.step(SCORED[-1].at_s + 3 * DAY_S, is_waited_for=False):
            pass
        assert kept.ask("SELECT COUNT(*) FROM scored") == [(0,)]
        assert kept.ask("SELECT COUNT(*) FROM utterances") == [(0,)]
        assert [row[:11] for row in kept.ask("SELECT * FROM hourly ORDER BY 1, 2")] == expected
        loops = sum(scored.counts.is_loop for scored in SCORED)
        empties = sum(scored.counts.is_empty for scored in SCORED)
        assert kept.ask("SELECT SUM(loops), SUM(empties) FROM hourly") == [(loops, empties)]


def test_no_row_goes_where_the_saved_state_is_gone_that_would_make_it_dispensable() -> None:
    with history() as kept:
        kept.arrive(ROWS)
        kept.watch.close()
        kept.db.execute("DELETE FROM snapshot")
        assert not kept.retention.step(SCORED[-1].at_s + 3 * DAY_S, is_waited_for=False)
        assert kept.ask("SELECT COUNT(*) FROM scored") == [(ROWS,)]


def test_whoever_waits_to_write_comes_before_the_next_portion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.upkeep.retention.YIELD", 1e9)
    left = "SELECT COUNT(*) FROM scored"
    with history() as kept:
        kept.arrive(ROWS)
        kept.watch.close()
        late = SCORED[-1].at_s + 3 * DAY_S
        assert kept.retention.step(late, is_waited_for=True)
        before = kept.ask(left)
        assert 0 < before[0][0] < ROWS
        assert kept.retention.step(late, is_waited_for=True)
        assert kept.ask(left) == before
        assert kept.retention.step(late, is_waited_for=False)
        assert kept.ask(left) < before


def test_an_alert_stays_while_it_fires_while_a_notice_waits_and_while_a_row_of_its_time_is_there() -> None:
    now = 100 * DAY_S
    with history() as kept:
        for name, state, fired_day, resolved_day, delivery in (
            ("fires", "firing", 1, None, "delivered"),
            ("waits", "resolved", 1, 2, "pending"),
            ("is new", "resolved", 1, 99, "delivered"),
            ("its row is there", "resolved", 1, 50, "delivered"),
            ("goes", "resolved", 1, 2, "delivered"),
            ("was dead and goes", "resolved", 1, 2, "dead"),
            ("was a note and goes", "noted", 2, None, "delivered"),
        ):
            resolved_at = None if resolved_day is None else resolved_day * DAY_S
            times = (fired_day * DAY_S, fired_day * DAY_S, resolved_at)
            kept.store.alerts.put(AlertRow(name, "differential", "B", "page", state, *times, {}))
            kept.store.alerts.put_delivery(Delivery(name, name, "oncall", "{}", 0, 0.0), 0)
            kept.store.outbox.settle(name, delivery, "", 0.0)
        # The monitor has not seen it, so it stays, and could lead to an alert again.
        put(kept.store, "u", replace(SCORED[0], at_s=40 * DAY_S), detects=True)
        while kept.retention.step(now, is_waited_for=False):
            pass
        assert kept.ask("SELECT COUNT(*) FROM scored") == [(1,)]
        left = kept.ask("SELECT alert_id FROM alerts ORDER BY 1")
        assert kept.ask("SELECT DISTINCT alert_id FROM outbox ORDER BY 1") == left
        assert [name for (name,) in left] == ["fires", "is new", "its row is there", "waits"]


def ask(service: RunningService, query: str) -> list[Any]:
    with closing(sqlite3.connect(service.data_dir / FILE_NAME)) as db, db:
        return db.execute(query).fetchall()


def rows_left(service: RunningService) -> int:
    [(count,)] = ask(service, "SELECT COUNT(*) FROM scored")
    return int(count)


def has_fewer_rows(service: RunningService, than: int) -> bool:
    return rows_left(service) < than


def counted(service: RunningService, kind: str, reason: str = "age") -> float:
    name = f'werwatch_forgotten_rows_total{{kind="{kind}",reason="{reason}"}} '
    [line] = [line for line in service.scrape().splitlines() if line.startswith(name)]
    return float(line.removeprefix(name))


def test_killed_while_it_forgets_a_service_loses_no_sum_and_no_state(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    day = BadDay(tmp_path)
    service = make_service(*day.program, detection=DETECTION)
    score(service, 0, 1_300)
    service.post("/v1/utterances", {"utterance_id": "unreferenced", "hypothesis": "no fever"})
    service.post("/v1/references", {"utterance_id": "early", "reference": "no fever"})
    assert catches_up(service)
    assert service.stop() == 0
    state, total = ask(service, "SELECT state FROM snapshot"), ask(service, "SELECT * FROM totals")
    [(firing,)] = ask(service, "SELECT COUNT(*) FROM alerts WHERE state = 'firing'")
    assert firing > 0
    day.becomes(clock_s=401 * DAY_S)
    kills = 0
    while kills < 2 and (left := rows_left(service)) > 0:
        service.start()
        assert eventually(partial(has_fewer_rows, service, left))
        service.kill()
        kills += 1
        with closing(sqlite3.connect(service.data_dir / FILE_NAME)) as db:
            assert sums(db, "hourly", "scored") == sums(db, "totals")
    service.start()
    assert eventually(lambda: rows_left(service) == 0)
    assert service.stop() == 0
    assert ask(service, "SELECT * FROM totals") == total
    # Nothing but the base is left of how the monitor came to its state.
    ask(service, "DELETE FROM snapshot")
    service.start()
    assert catches_up(service)
    assert service.stop() == 0
    assert ask(service, "SELECT state FROM snapshot") == state
    assert ask(service, "SELECT COUNT(*) FROM alerts WHERE state = 'firing'") == [(firing,)]
    for table in ("utterances", "waiting_references"):
        assert ask(service, f"SELECT COUNT(*) FROM {table}") == [(0,)]


def test_what_was_forgotten_is_counted_and_comes_again_as_something_new(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    day = BadDay(tmp_path)
    service = make_service(*day.program)
    body = {"utterance_id": "u", "hypothesis": "no fever", "reference": "no fever"}
    assert service.post("/v1/references", body).json()["status"] == "scored"
    assert service.post("/v1/references", body).json()["status"] == "duplicate"
    service.post("/v1/utterances", {"utterance_id": "v", "hypothesis": "no fever"})
    assert counted(service, "scored") == 0
    day.becomes(clock_s=31 * DAY_S)
    assert eventually(lambda: counted(service, "utterance") == 1)
    assert counted(service, "scored") == 0
    day.becomes(clock_s=401 * DAY_S)
    assert eventually(lambda: counted(service, "scored") == 1)
    assert service.post("/v1/references", body).json()["status"] == "scored"
    [cohort] = service.get("/v1/cohorts")["cohorts_without_references_for_detection"]
    assert cohort["by_selection"]["volunteered"]["scored_utterances"] == 2


def test_what_was_erased_stays_erased_when_its_time_is_over(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    day = BadDay(tmp_path)
    service = make_service(*day.program)
    said = {"speaker_id": "s", "session_id": "t", "recording_id": "r", "attributes": {"accent": "en-IE"}}
    bodies = [
        {"utterance_id": name, "hypothesis": "no fever", "reference": "no fever", **said} for name in "uv"
    ]
    for body in bodies:
        assert service.post("/v1/references", body).json()["status"] == "scored"
    service.post("/v1/erasures", {"utterance_id": "u"}).raise_for_status()
    day.becomes(clock_s=401 * DAY_S)
    assert eventually(lambda: counted(service, "scored") == 2)
    assert [service.post("/v1/references", body).status_code for body in bodies] == [410, 200]
    utterance = {"utterance_id": "u", "hypothesis": "no fever"}
    assert service.post("/v1/utterances", utterance).status_code == 410
    whole = {"recording_id": "r", "reference": "no fever no fever"}
    assert service.post("/v1/references", whole).status_code == 410
    assert service.stop() == 0
    kept = "SELECT attributes, speaker, session, recording FROM utterances WHERE utterance_id = 'u'"
    assert ask(service, kept) == [("{}", None, None, None)]


def test_rows_that_a_detector_without_a_state_needs_are_kept_and_that_is_said(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    day = BadDay(tmp_path)
    service = make_service(*day.program, detection={"detector": "adwin"})
    body = {"hypothesis": "no fever", "reference": "no fever"}
    service.post("/v1/references", {"utterance_id": "feeds none", **body})
    service.post("/v1/references", {"utterance_id": "feeds", "selection": "random", "probability": 1, **body})
    day.becomes(clock_s=401 * DAY_S)
    assert eventually(lambda: counted(service, "scored") == 1)
    assert ask(service, "SELECT utterance_id FROM scored") == [("feeds",)]
    assert "scored rows that feed it are kept beyond privacy.scored_retention" in service.log
