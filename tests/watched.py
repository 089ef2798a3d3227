"""A store with scored rows, and watches over it, one after the other, as restarts make them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from detectors.unit import ScoredUtterance
from service.config import Config
from service.records import Utterance
from service.store.store import Store
from service.telemetry.counts import Counts
from service.watching.watch import Watch

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
RECEIVER = {"name": "oncall", "kind": "webhook", "url": "https://example.org", "secret": SECRET}
LATER = ("updated", "repeated")
"""Notices that depend on when somebody looked."""


def settings(**detection: Any) -> Config:
    """Of a service with one receiver, which one alert does not let wait for another."""
    alerts = {"group_interval": "0s"}
    return Config.model_validate({"detection": detection, "receivers": [RECEIVER], "alerts": alerts})


class Life:
    """What a service's thread that writes does with rows that were scored.

    Attributes
    ----------
    arrived
        How many of the rows are in the store.
    """

    def __init__(self, store: Store, rows: Sequence[ScoredUtterance], config: Config) -> None:
        self.store, self.rows, self.config = store, rows, config
        self.arrived = 0
        self.restart()

    def arrive(self, rows: int) -> None:
        """Let so many more be scored, in one transaction."""
        with self.store.transaction():
            for scored in self.rows[self.arrived : self.arrived + rows]:
                self._put(f"u{self.arrived}", scored)
                self.arrived += 1

    def _put(self, name: str, scored: ScoredUtterance) -> None:
        at_s, counts, attributes = scored.at_s, scored.counts, json.dumps(dict(scored.attributes))
        who = (scored.speaker, scored.session, None, at_s, at_s, None, None, None, None)
        utterance = Utterance(name, b"c", scored.cohort, attributes, *who, scored.normaliser, 0, b"")
        self.store.put_utterance(utterance, scored.cohort)
        about = (name, b"r", scored.cohort, attributes, scored.speaker, scored.unit_key, at_s, at_s)
        errors = (counts.substitutions, counts.deletions, counts.insertions, counts.hits)
        sampled = (None, "verbatim", "random", 0.5, scored.normaliser, 1)
        number = self.store.ids.number_of(name)
        assert number is not None
        self.store.put_scored((*about, *errors, *sampled, scored.session, *[None] * 4), number)

    def restart(self, config: Config | None = None) -> None:
        """Begin another watch, as after a kill: nothing of the one before is saved."""
        self.config = config or self.config
        self.watch = Watch(self.store, self.config, Counts())

    def catch_up(self) -> None:
        """Take all rows, and look after alerts."""
        while self.watch.go_on(60.0):
            pass
        # They are looked at no more than once a second.
        self.watch._look_due = 0.0
        self.watch.go_on(60.0)

    def ask(self, query: str) -> list[Any]:
        """The rows of a query."""
        return self.store._db.execute(query).fetchall()

    def told(self) -> list[str]:
        """The notices in their order, but for those of `LATER`."""
        rows = self.ask("SELECT delivery_id, body FROM outbox ORDER BY created_at, position")
        kinds = [(name, json.loads(body)["type"].rpartition(".")[2]) for name, body in rows]
        return [name for name, kind in kinds if kind not in LATER]

    def active(self) -> set[str]:
        """The ids of alerts that fire."""
        return {name for (name,) in self.ask("SELECT alert_id FROM alerts WHERE state = 'firing'")}

    def state(self) -> str:
        """Everything that the monitor remembers, bit for bit, and in the order in which it does."""
        return self.watch._course.saved().state


@contextmanager
def life(rows: Sequence[ScoredUtterance], config: Config) -> Iterator[Life]:
    """A life over a store of its own."""
    with TemporaryDirectory() as folder:
        store = Store(Path(folder))
        try:
            yield Life(store, rows, config)
        finally:
            store.close()
