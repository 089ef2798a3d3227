"""Notices of alerts on their way into the outbox: which receivers are told what."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence

from service.alerts.facts import notice
from service.alerts.record import Action
from service.records import AlertRow, Delivery
from service.store.store import Store

FIRING = "firing"
ACKNOWLEDGED = "acknowledged"
RESOLVED = "resolved"
NOTED = "noted"
"""A finding that is no alarm: told once, nothing to resolve."""
UPDATED, REPEATED = "updated", "repeated"
FIRED_AGAIN = "fired_again"
"""Among the facts of an alert that fires once more after it had ended, so that both are told once more."""


class Notices:
    """Queues them, in a transaction that the caller holds.

    Parameters
    ----------
    receivers
        The severities that each receiver wants to be told of, by its name. Who was told that an alert
        fires is told all that follows, whatever its severity.
    """

    def __init__(self, receivers: Mapping[str, Collection[str]]) -> None:
        self._receivers = receivers
        self._known_to_all: set[tuple[str, str]] = set()

    def tell(self, store: Store, alert: AlertRow, kind: str, now: float) -> None:
        """Tell that an alert fires, or of a finding: whoever wants to know of its severity."""
        self._queue(store, alert, kind, now, self._wanted_by(alert))

    def tell_again(self, store: Store, alert: AlertRow, kind: str, now: float) -> None:
        """Tell those who know of an alert; who was never told it fires needs not know that it ended."""
        known = store.alerts.receivers_of(alert.alert_id)
        self._queue(store, alert, kind, now, [name for name in self._receivers if name in known])

    def strangers(self, store: Store, alert: AlertRow) -> list[str]:
        """Who wants to know of an alert that fires and has not been told: configured, or concerned, since."""
        key = (alert.alert_id, alert.severity)
        if key in self._known_to_all:
            return []
        known = store.alerts.receivers_of(alert.alert_id)
        strangers = [name for name in self._wanted_by(alert) if name not in known]
        if not strangers:
            self._known_to_all.add(key)
        return strangers

    def introduce(self, store: Store, alert: AlertRow, names: Sequence[str], now: float) -> None:
        """Tell strangers that an alert fires."""
        store.record.add(Action.TOLD, now, f"to {', '.join(names)}", alert_id=alert.alert_id)
        self._queue(store, alert, FIRING, now, names)

    def tell_of_ends(self, store: Store, now: float) -> None:
        """Tell those who are receivers again of what ended while they were not."""
        missed = [each for each in store.alerts.ends_untold() if each[1] in self._receivers]
        if missed:
            with store.transaction():
                for identity, receiver in missed:
                    alert = store.alerts.find(identity)
                    if alert is not None:
                        self._queue(store, alert, RESOLVED, now, [receiver])

    def _wanted_by(self, alert: AlertRow) -> list[str]:
        return [name for name, severities in self._receivers.items() if alert.severity in severities]

    def _queue(self, store: Store, alert: AlertRow, kind: str, now: float, receivers: Sequence[str]) -> None:
        body = json.dumps(notice(alert, kind, now), separators=(",", ":"), ensure_ascii=False)
        # What can be told more than once bears its number; what cannot is the same whenever it is found.
        is_told_once = kind in (FIRING, NOTED, RESOLVED) and FIRED_AGAIN not in alert.facts
        name = kind if is_told_once else f"{kind}-{alert.revision}"
        for receiver in receivers:
            delivery_id = f"{alert.alert_id}-{name}-{receiver}"
            delivery = Delivery(delivery_id, alert.alert_id, receiver, body, 0, now)
            store.alerts.put_delivery(delivery, position=alert.revision)
