"""What the metrics say of alerts and of who was told, over a store without a process."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.alerts.silences import Matcher, Silence
from service.config import Config
from service.pipeline import Pipeline
from service.records import AlertRow, Delivery
from service.store.reader import Reader
from service.telemetry.metrics import Metrics

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="


class Scraped:
    """A pipeline that does not run, and what a scrape of it shows."""

    def __init__(self, folder: Path) -> None:
        oncall = {"name": "oncall", "kind": "webhook", "url": "https://x.example", "secret": SECRET}
        self.pipeline = Pipeline(Config.model_validate({"data_dir": folder, "receivers": [oncall]}))
        self.store = self.pipeline.store
        self.reader = Reader(folder)
        self.registry = Metrics(self.pipeline, self.reader).registry

    def close(self) -> None:
        self.reader.close()
        self.pipeline._opened.close()

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"werwatch_{name}", labels)

    def alert(self, identity: str, severity: str, state: str) -> None:
        row = AlertRow(identity, "differential", "en-GB", severity, state, 0.0, 0.0, None, {})
        with self.store.transaction():
            self.store.alerts.put(row)

    def notice(self, position: int, state: str, receiver: str = "oncall") -> None:
        identity = f"alert-{position}-{receiver}"
        with self.store.transaction():
            self.store.alerts.put_delivery(Delivery(identity, "alert", receiver, "{}", 0, 0.0), position)
            self.store.outbox.settle(identity, state, "", 0.0)


@pytest.fixture
def scraped(tmp_path: Path) -> Iterator[Scraped]:
    with closing(Scraped(tmp_path)) as scraped:
        yield scraped


@pytest.mark.parametrize(
    ("state", "is_active"), [("firing", 1), ("acknowledged", 1), ("resolved", 0), ("noted", 0)]
)
def test_an_alert_is_active_until_it_ends(scraped: Scraped, state: str, is_active: int) -> None:
    scraped.alert("first", "page", state)
    labels = {"cohort": "en-GB", "signal": "differential"}
    assert (scraped.value("alert_active", **labels, severity="page") or 0) == is_active
    assert not scraped.value("alert_active", **labels, severity="ticket")


def test_a_page_is_not_hidden_by_a_ticket(scraped: Scraped) -> None:
    scraped.alert("first", "page", "firing")
    scraped.alert("second", "ticket", "firing")
    for severity in ("page", "ticket"):
        assert scraped.value("alert_active", cohort="en-GB", signal="differential", severity=severity) == 1


def test_a_dead_letter_counts_until_a_later_notice_of_its_alert_arrives(scraped: Scraped) -> None:
    dead = []
    for position, state in enumerate(("delivered", "dead", "pending", "dead", "delivered")):
        scraped.notice(position, state)
        dead.append(scraped.value("dead_letters", receiver="oncall"))
    assert dead == [0, 1, 1, 2, 0]


def test_what_a_receiver_left_behind_that_is_configured_no_more_waits_for_nobody(scraped: Scraped) -> None:
    scraped.notice(0, "dead", receiver="former")
    assert scraped.value("dead_letters", receiver="former") is None
    assert scraped.value("outbox_notices", receiver="former", state="dead") == 1


def test_a_receiver_that_takes_nothing_any_more_is_shown(scraped: Scraped) -> None:
    assert scraped.value("receiver_disabled", receiver="oncall") == 0
    scraped.pipeline.counts.disabled.add("oncall")
    assert scraped.value("receiver_disabled", receiver="oncall") == 1


def test_only_silences_that_hold_now_are_counted(scraped: Scraped) -> None:
    matchers = (Matcher.parse("cohort=en-*"),)
    with scraped.store.transaction():
        for identity, begin, end in (("now", 0.0, 1e11), ("over", 0.0, 1.0), ("ahead", 1e11, 2e11)):
            scraped.store.silences.put(Silence(identity, matchers, begin, end, "ann", "works", 0.0))
    assert scraped.value("silences_active") == 1
