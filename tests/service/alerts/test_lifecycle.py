"""The life of an alert over a real store: what is told when, to whom, and what is on record of it."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from notices import ATTRIBUTION, EVENT

from detectors.event import Change, Event, Signal
from detectors.slices.stories import Stories
from service.alerts.lifecycle import Alerting, alert_id
from service.alerts.silences import Matcher, Silence, must_mean_something
from service.config import Config
from service.errors import Refused
from service.records import AlertRow
from service.store.store import FILE_NAME, Store

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
HOUR_S, MINUTE_S = 3_600.0, 60.0
NOW = 1_772_600_000.0
EVERYBODY = replace(EVENT, signal=Signal.GLOBAL, cohort=None)
RECOVERED = replace(EVENT, change=Change.RECOVERED)


class Day:
    """A store, its alerting, and what is told."""

    def __init__(self, folder: Path, receivers: tuple[str, ...] = ("oncall",), **sections: Any) -> None:
        self.folder = folder
        common = {"kind": "webhook", "url": "https://x.example", "secret": SECRET}
        named = [{"name": name, **common, **sections.pop(name, {})} for name in receivers]
        self.config = Config.model_validate({"data_dir": folder, "receivers": named, "alerts": sections})
        self.store = Store(folder)
        self.alerting = Alerting(self.config)

    def happens(self, *events: Event, at: float = 0.0) -> None:
        with self.store.transaction():
            for event in events:
                self.alerting.apply(self.store, event, NOW + at)

    def passes(self, *lasting: Event, at: float) -> None:
        self.alerting.follow(self.store, lasting, NOW + at)

    def does(self, what: str, identity: str, at: float) -> None:
        with self.store.transaction():
            getattr(self.alerting, what)(self.store, identity, "ann", "because", NOW + at)

    def silences(self, *matchers: str, begin: float, end: float) -> None:
        parsed = tuple(map(Matcher.parse, matchers))
        with self.store.transaction():
            self.store.silences.put(Silence("s", parsed, NOW + begin, NOW + end, "ann", "works", NOW))

    def ask(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self.folder / FILE_NAME)) as db:
            return db.execute(query).fetchall()

    @property
    def told(self) -> list[str]:
        """What was queued, in order, of every alert and receiver."""
        bodies = self.ask("SELECT body FROM outbox ORDER BY created_at, position, receiver")
        return [json.loads(body)["type"].removeprefix("werwatch.alert.") for (body,) in bodies]

    @property
    def recorded(self) -> list[str]:
        return [action for (action,) in self.ask("SELECT action FROM alert_record ORDER BY id")]

    def alert(self, event: Event = EVENT) -> AlertRow:
        found = self.store.alerts.find(alert_id(event))
        assert found is not None
        return found


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    day = Day(tmp_path)
    yield day
    day.store.close()


def test_it_fires_and_ends_once_however_often_it_is_seen(day: Day) -> None:
    day.happens(EVENT, EVENT)
    day.happens(RECOVERED, RECOVERED, EVENT, at=HOUR_S)
    assert day.told == ["firing", "resolved"]
    assert day.recorded == ["fired", "resolved"]
    assert (day.alert().state, day.alert().facts["resolution"]) == ("resolved", "recovered")


def test_it_is_repeated_until_it_ends(day: Day) -> None:
    day.happens(EVENT)
    for at in (3.9, 4.0, 4.1, 7.9, 8.0):
        day.passes(EVENT, at=at * HOUR_S)
    day.happens(RECOVERED, at=9 * HOUR_S)
    day.passes(at=20 * HOUR_S)
    assert day.told == ["firing", "repeated", "repeated", "resolved"]


def test_an_acknowledged_alert_is_not_repeated_and_its_end_is_told(day: Day) -> None:
    day.happens(EVENT)
    day.does("acknowledge", alert_id(EVENT), MINUTE_S)
    day.passes(EVENT, at=9 * HOUR_S)
    day.happens(RECOVERED, at=10 * HOUR_S)
    assert day.told == ["firing", "acknowledged", "resolved"]
    assert day.alert().facts["acknowledged_by"] == "ann"
    assert ("acknowledged", "ann", "because") in day.ask("SELECT action, author, note FROM alert_record")


def test_an_alert_that_is_resolved_by_hand_stays_resolved(day: Day) -> None:
    day.happens(EVENT)
    day.does("resolve", alert_id(EVENT), MINUTE_S)
    day.passes(EVENT, at=9 * HOUR_S)
    day.happens(EVENT, RECOVERED, at=10 * HOUR_S)
    assert day.told == ["firing", "resolved"]
    assert (day.alert().facts["resolution"], day.alert().facts["resolved_by"]) == ("by_hand", "ann")


@pytest.mark.parametrize("what", ["acknowledge", "resolve"])
def test_what_cannot_be_done_is_refused_and_changes_nothing(day: Day, what: str) -> None:
    with pytest.raises(Refused, match="no such alert"):
        day.does(what, "alert_of_nobody", 0.0)
    day.happens(EVENT)
    day.happens(RECOVERED, at=MINUTE_S)
    with pytest.raises(Refused, match="this one is resolved"):
        day.does(what, alert_id(EVENT), 2 * MINUTE_S)
    day.happens(replace(EVENT, change=Change.IMPROVED))
    with pytest.raises(Refused, match="this one is noted"):
        day.does(what, alert_id(replace(EVENT, change=Change.IMPROVED)), 0.0)
    assert day.recorded == ["fired", "resolved", "noted"]


def test_an_estimate_that_leaves_the_interval_is_told_and_one_inside_is_not(day: Day) -> None:
    day.happens(EVENT)
    day.passes(replace(EVENT, effect_points=23.0, lower_points=12.0, upper_points=30.0), at=HOUR_S)
    assert day.told == ["firing"]
    larger = replace(
        EVENT, effect_points=25.0, lower_points=20.0, upper_points=30.0, detected_s=EVENT.detected_s + HOUR_S
    )
    found = day.alert().facts["detected_at"]
    day.passes(larger, at=2 * HOUR_S)
    day.passes(larger, at=3 * HOUR_S)
    assert day.told == ["firing", "updated"]
    assert day.alert().facts["effect"]["points"] == 25.0
    assert day.alert().facts["detected_at"] == found
    assert day.ask("SELECT note FROM alert_record WHERE action = 'updated'") == [
        ("+25.0 points (+20.0 to +30.0), page",)
    ]


def test_a_slice_that_stands_out_later_is_told_then_and_only_once(day: Day) -> None:
    unsure = replace(EVENT, attribution=replace(ATTRIBUTION, named=(), likely=ATTRIBUTION.named[0]))
    certain = replace(EVENT, attribution=ATTRIBUTION)
    day.happens(unsure)
    assert day.alert().facts["where"]["summary"].startswith("likely site=imaging-3")
    day.passes(certain, at=MINUTE_S)
    for at in (6, 7, 20, 30, 40):
        day.passes(certain if at != 30 else unsure, at=at * MINUTE_S)
        day.passes(EVENT, at=at * MINUTE_S + 1.0)
    assert day.told == ["firing", "updated"]
    assert [each["slice"] for each in day.alert().facts["where"]["named"]] == [{"site": "imaging-3"}]


def test_traffic_that_moved_is_a_ticket_until_something_else_is_found(day: Day) -> None:
    moved = Stories(mix=0.08, exposure=0.01, interaction=0.01, unknown=0.0)
    event = replace(EVENT, attribution=replace(ATTRIBUTION, named=(), stories=moved))
    day.happens(event)
    assert day.alert().severity == "ticket"
    assert "traffic that moved" in day.alert().facts["where"]["summary"]
    day.passes(EVENT, at=6 * MINUTE_S)
    day.passes(event, at=12 * MINUTE_S)
    assert (day.told, day.alert().severity) == (["firing"], "ticket")
    day.passes(replace(EVENT, attribution=ATTRIBUTION), at=18 * MINUTE_S)
    assert (day.told, day.alert().severity) == (["firing", "updated"], "page")


def test_a_ticket_that_becomes_a_page_is_told_at_once_and_a_page_stays_one(day: Day) -> None:
    ticket = replace(EVENT, lower_points=4.0)
    day.happens(ticket)
    day.passes(EVENT, at=1.0)
    assert (day.told, day.alert().severity) == (["firing", "updated"], "page")
    day.passes(ticket, at=HOUR_S)
    day.passes(replace(ticket, effect_points=2.0, lower_points=-1.0), at=2 * HOUR_S)
    assert (day.told, day.alert().severity) == (["firing", "updated", "updated"], "page")


def test_what_a_silence_mutes_is_told_after_it_if_it_lasts(day: Day) -> None:
    day.silences("cohort=en-*", begin=0.0, end=HOUR_S)
    day.happens(EVENT)
    day.passes(EVENT, at=HOUR_S - 1.0)
    assert (day.told, day.recorded) == ([], ["fired", "muted"])
    day.passes(EVENT, at=HOUR_S)
    assert (day.told, day.recorded) == (["firing"], ["fired", "muted", "told"])


def test_of_what_ends_under_its_silence_nothing_is_told(day: Day) -> None:
    day.silences("signal=differential", "severity=page", begin=-1.0, end=HOUR_S)
    day.happens(EVENT)
    day.happens(RECOVERED, at=MINUTE_S)
    day.passes(at=2 * HOUR_S)
    assert (day.told, day.recorded) == ([], ["fired", "muted", "resolved"])


def test_the_end_of_what_was_told_is_told_through_a_silence_and_nothing_else_is(day: Day) -> None:
    day.happens(EVENT)
    day.silences(f"alert_id={alert_id(EVENT)}", begin=MINUTE_S, end=20 * HOUR_S)
    day.passes(EVENT, at=5 * HOUR_S)
    day.passes(replace(EVENT, effect_points=30.0), at=6 * HOUR_S)
    day.happens(RECOVERED, at=7 * HOUR_S)
    assert day.told == ["firing", "resolved"]
    assert day.recorded == ["fired", "updated", "resolved"]


@pytest.mark.parametrize("is_acknowledged", [False, True])
def test_a_ticket_that_becomes_a_page_under_a_silence_is_told_after_it(
    day: Day, is_acknowledged: bool
) -> None:
    day.happens(replace(EVENT, lower_points=4.0))
    if is_acknowledged:
        day.does("acknowledge", alert_id(EVENT), 1.0)
    before = day.told
    day.silences("cohort=en-*", begin=MINUTE_S, end=HOUR_S)
    day.passes(EVENT, at=2 * MINUTE_S)
    assert (day.told, day.alert().severity) == (before, "page")
    for at in (60.0, 61.0, 62.0):
        day.passes(EVENT, at=at * MINUTE_S)
    assert day.told == [*before, "updated"]
    assert day.recorded[-2:] == ["updated", "told"]
    assert "muted_update" not in day.alert().facts


def test_what_the_monitor_does_not_know_of_a_cohort_that_it_watches_ends(day: Day) -> None:
    known, strange = replace(EVENT, cohort="en-IN"), replace(EVENT, cohort="en-AU")
    day.happens(EVENT, known, strange, EVERYBODY)
    for _ in range(2):
        day.alerting.reconcile(day.store, [known], ["en-GB-scotland", "en-IN"], NOW + MINUTE_S)
    ended = [each for each in (EVENT, known, strange, EVERYBODY) if day.alert(each).state == "resolved"]
    assert ended == [EVENT, EVERYBODY]
    assert day.alert().facts["resolution"] == "outdated"
    assert sorted(day.told) == [*["firing"] * 4, "resolved", "resolved"]


def test_a_monitor_that_has_seen_nobody_ends_nothing(day: Day) -> None:
    day.happens(EVENT, EVERYBODY)
    day.alerting.reconcile(day.store, [], [], NOW + MINUTE_S)
    assert day.told == ["firing", "firing"]


def test_a_silence_of_others_mutes_nothing(day: Day) -> None:
    day.silences("cohort=en-*", "severity!=page", begin=0.0, end=HOUR_S)
    day.happens(EVENT)
    assert day.told == ["firing"]


def test_a_silence_made_ahead_mutes_from_its_beginning_to_its_end(day: Day) -> None:
    before, within = replace(EVENT, cohort="before"), replace(EVENT, cohort="within")
    day.silences("cohort=*", begin=HOUR_S, end=2 * HOUR_S)
    day.happens(before, at=HOUR_S - 1.0)
    day.happens(within, at=HOUR_S)
    day.passes(before, within, at=2 * HOUR_S - 1.0)
    assert day.told == ["firing"]
    day.passes(before, within, at=2 * HOUR_S)
    assert day.told == ["firing", "firing"]


def test_an_alert_about_everybody_speaks_for_the_cohorts_for_a_time(day: Day) -> None:
    other = replace(EVENT, cohort="en-IN")
    day.happens(other)
    day.happens(EVERYBODY, at=MINUTE_S)
    day.happens(replace(EVENT, during_global=True), at=2 * MINUTE_S)
    assert day.told == ["firing", "firing"]
    assert day.alert(EVERYBODY).facts["raised_shortly_before"] == ["en-IN"]
    assert day.alert().facts["explained_by"] == alert_id(EVERYBODY)
    day.passes(EVERYBODY, EVENT, other, at=30 * MINUTE_S)
    assert day.told == ["firing", "firing"]
    day.passes(EVERYBODY, EVENT, other, at=31 * MINUTE_S)
    assert day.told == ["firing", "firing", "firing"]
    assert day.recorded == ["fired", "fired", "fired", "held", "told"]


def test_what_comes_long_after_an_alert_about_everybody_is_told(day: Day) -> None:
    day.happens(EVERYBODY)
    day.happens(replace(EVENT, during_global=True), at=HOUR_S)
    assert day.told == ["firing", "firing"]


def test_a_clock_that_was_set_back_lets_no_finding_wait_for_an_old_alert(day: Day) -> None:
    day.happens(EVERYBODY)
    improved = replace(EVENT, change=Change.IMPROVED, during_global=True)
    day.happens(improved, at=-9 * HOUR_S)
    assert sorted(day.told) == ["firing", "noted"]
    assert day.recorded == ["fired", "noted"]


def test_nothing_waits_for_as_long_as_the_clock_was_set_back(day: Day) -> None:
    day_s = 24 * HOUR_S
    day.happens(EVERYBODY)
    day.happens(replace(EVENT, during_global=True), at=MINUTE_S)
    day.passes(EVENT, EVERYBODY, at=MINUTE_S - day_s)
    assert day.recorded == ["fired", "fired", "held", "repeated", "told"]
    day.passes(replace(EVENT, effect_points=30.0), EVERYBODY, at=6 * MINUTE_S - day_s)
    assert day.recorded[5:] == ["updated"]


def test_only_who_was_told_that_it_fires_is_told_more(tmp_path: Path) -> None:
    before = Day(tmp_path, receivers=("old", "kept"))
    before.happens(EVENT)
    before.store.close()
    after = Day(tmp_path, receivers=("kept", "new"))
    after.happens(RECOVERED, at=MINUTE_S)
    assert sorted(after.ask("SELECT receiver, position FROM outbox")) == [
        ("kept", 1),
        ("kept", 2),
        ("old", 1),
    ]
    after.store.close()


def test_who_is_a_receiver_again_is_told_of_what_ended_meanwhile(tmp_path: Path) -> None:
    for receivers, events in ((("pager", "chat"), [EVENT]), (("chat",), [RECOVERED])):
        day = Day(tmp_path, receivers=receivers)
        day.happens(*events)
        day.store.close()
    back = Day(tmp_path, receivers=("pager", "chat", "new"))
    for at in (MINUTE_S, HOUR_S):
        back.alerting.tell_of_ends(back.store, NOW + at)
    assert sorted(back.ask("SELECT receiver, position FROM outbox")) == [
        ("chat", 1),
        ("chat", 2),
        ("pager", 1),
        ("pager", 2),
    ]
    assert back.told.count("resolved") == 2
    back.store.close()


@pytest.mark.parametrize("before", [("old",), ()])
def test_who_is_configured_while_it_fires_is_told_once_and_told_its_end(
    tmp_path: Path, before: tuple[str, ...]
) -> None:
    day = Day(tmp_path, receivers=before)
    day.happens(EVENT)
    day.store.close()
    day = Day(tmp_path, receivers=("new",))
    day.silences("cohort=*", begin=0.0, end=2 * MINUTE_S)
    for at in (1.0, 2.0, 3.0):
        day.passes(EVENT, at=at * MINUTE_S)
    day.happens(RECOVERED, at=HOUR_S)
    told = day.ask("SELECT delivery_id, created_at FROM outbox WHERE receiver = 'new' ORDER BY position")
    assert told == [
        (f"{alert_id(EVENT)}-firing-new", NOW + 2 * MINUTE_S),
        (f"{alert_id(EVENT)}-resolved-new", NOW + HOUR_S),
    ]
    assert day.recorded == ["fired", "told", "resolved"]
    day.store.close()


def test_who_is_configured_after_somebody_has_it_is_not_told(tmp_path: Path) -> None:
    day = Day(tmp_path, receivers=("old",))
    day.happens(EVENT)
    day.does("acknowledge", alert_id(EVENT), 1.0)
    day.store.close()
    day = Day(tmp_path, receivers=("old", "new"))
    day.passes(EVENT, at=MINUTE_S)
    assert day.ask("SELECT DISTINCT receiver FROM outbox") == [("old",)]
    day.store.close()


def test_who_wants_pages_alone_is_told_of_a_ticket_once_it_is_one(tmp_path: Path) -> None:
    ticket = replace(EVENT, lower_points=EVENT.effect_points - 1_000.0)
    day = Day(tmp_path, receivers=("pager", "chat"), pager={"severities": ["page"]})
    improved = replace(EVENT, change=Change.IMPROVED)
    day.happens(ticket, improved)
    assert day.ask("SELECT DISTINCT receiver FROM outbox") == [("chat",)]
    day.does("acknowledge", alert_id(EVENT), 1.0)
    for at in (1.0, 2.0):
        day.passes(EVENT, at=at * HOUR_S)
    day.happens(RECOVERED, at=3 * HOUR_S)
    told = day.ask("SELECT delivery_id, created_at FROM outbox WHERE receiver = 'pager' ORDER BY position")
    assert told == [
        (f"{alert_id(EVENT)}-firing-pager", NOW + HOUR_S),
        (f"{alert_id(EVENT)}-resolved-pager", NOW + 3 * HOUR_S),
    ]
    assert day.recorded == ["fired", "noted", "acknowledged", "updated", "told", "resolved"]
    day.store.close()


def test_who_wants_tickets_alone_is_told_of_no_page(tmp_path: Path) -> None:
    day = Day(tmp_path, receivers=("board",), board={"severities": ["ticket"]})
    day.happens(EVENT)
    day.passes(EVENT, at=HOUR_S)
    day.happens(RECOVERED, at=2 * HOUR_S)
    assert day.told == []
    day.store.close()


def test_the_record_stays_as_it_is(day: Day) -> None:
    day.happens(EVENT)
    for query in ("UPDATE alert_record SET note = ''", "DELETE FROM alert_record"):
        with closing(sqlite3.connect(day.folder / FILE_NAME)) as db, pytest.raises(sqlite3.IntegrityError):
            db.execute(query)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["fire", "recover", "pass", "acknowledge", "resolve", "silence"]),
        st.sampled_from([1.0, 5 * MINUTE_S, HOUR_S, 5 * HOUR_S]),
        st.sampled_from([7.0, 16.0, 30.0]),
    ),
    max_size=12,
)


@given(STEPS)
@settings(max_examples=150, derandomize=True, deadline=None)
def test_whatever_happens_notices_tell_one_life(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, float, float]]
) -> None:
    day, at = Day(tmp_path_factory.mktemp("life")), 0.0
    for what, later, points in steps:
        at += later
        now = replace(EVENT, effect_points=points, lower_points=points - 6.0, upper_points=points + 6.0)
        if what == "fire":
            day.happens(now, at=at)
        elif what == "recover":
            day.happens(RECOVERED, at=at)
        elif what == "pass":
            day.passes(now, at=at)
        elif what == "silence":
            day.silences("cohort=en-GB*", begin=at, end=at + HOUR_S)
        else:
            try:
                day.does(what, alert_id(EVENT), at)
            except Refused:
                continue
    told, state = day.told, day.store.alerts.find(alert_id(EVENT))
    day.store.close()
    assert told.count("firing") <= 1
    assert told.count("resolved") <= told.count("firing")
    assert told[:1] in ([], ["firing"])
    assert "resolved" not in told[:-1]
    if state is not None and state.state == "resolved":
        assert told.count("resolved") == told.count("firing")


@pytest.mark.parametrize(
    ("written", "cohort", "is_meant"),
    [
        ("cohort=en-GB", "en-GB", True),
        ("cohort=en-GB", "en-GBx", False),
        ("cohort!=en-GB", "en-IN", True),
        ("cohort=*", "", True),
        ("cohort=", "", True),
        ("cohort=a[b]?", "a[b]?", True),
        ("cohort=a[b]?", "abc", False),
        ("cohort=*/site-3", "en/site-3", True),
    ],
)
def test_a_matcher_means_what_it_says(written: str, cohort: str, is_meant: bool) -> None:
    matcher = Matcher.parse(written)
    assert matcher.matches({"cohort": cohort}) is is_meant
    assert str(matcher) == written


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (["cohort=a", "cohort=b"], "cohort=a and cohort=b never hold together; make a silence of each"),
        (["severity=pages"], "severity=pages: expected severity to be one of page, ticket"),
        (["severity!=pages"], "severity!=pages: expected severity to be one of page, ticket"),
        (["signal=differental"], "signal=differental: expected signal to be one of differential, global"),
        (["cohort=a*", "cohort=b", "cohort!=c", "cohort=b", "severity=p*", "signal=global"], None),
    ],
)
def test_conditions_that_never_hold_are_a_slip(written: list[str], told: str | None) -> None:
    matchers = list(map(Matcher.parse, written))
    if told is None:
        must_mean_something(matchers)
        return
    with pytest.raises(ValueError, match=re.escape(told)):
        must_mean_something(matchers)


@pytest.mark.parametrize("written", ["cohort", "cohort~en", "accent=en", "=x", "cohort==en!"])
def test_what_is_no_matcher_is_refused(written: str) -> None:
    if written == "cohort==en!":
        assert Matcher.parse(written).value == "=en!"
        return
    with pytest.raises(ValueError, match="expected label=value"):
        Matcher.parse(written)
