"""Changes of alerts as counters: each once, never down, from zero with each process."""

from contextlib import closing
from pathlib import Path

from service.alerts.changes import AlertChanges
from service.alerts.record import Action
from service.records import AlertRow
from service.store.reader import Reader
from service.store.store import Store

FIRED, RESOLVED = ("differential", "fired"), ("differential", "resolved")


def record(store: Store, *actions: Action) -> None:
    with store.transaction():
        store.alerts.put(AlertRow("alert_1", "differential", "en-GB", "page", "resolved", 0.0, 0.0, 0.0, {}))
        for action in actions:
            store.record.add(action, 0.0, alert_id="alert_1")


def test_each_is_counted_once_and_stays_counted_when_its_alert_is_gone(tmp_path: Path) -> None:
    with closing(Store(tmp_path)) as store, closing(Reader(tmp_path)) as reader:
        changes = AlertChanges(reader, store.record.last_id())
        assert changes.counts()[FIRED] == 0
        record(store, Action.FIRED)
        assert [changes.counts()[FIRED], changes.counts()[FIRED]] == [1, 1]
        with store.transaction():
            assert store.old_rows.drop_alerts(before=1.0, most=10) == 1
        assert changes.counts()[FIRED] == 1


def test_what_was_before_the_process_is_not_counted(tmp_path: Path) -> None:
    with closing(Store(tmp_path)) as store, closing(Reader(tmp_path)) as reader:
        record(store, Action.FIRED)
        changes = AlertChanges(reader, store.record.last_id())
        record(store, Action.RESOLVED)
        assert [changes.counts()[FIRED], changes.counts()[RESOLVED]] == [0, 1]
