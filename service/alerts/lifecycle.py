"""The life of an alert: it fires, is told, updated, repeated, acknowledged and resolved; each on record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from detectors.event import Change, Event, Signal
from detectors.normalisation.critical_terms import Lexicon
from detectors.tally import ENOUGH_SPEAKERS
from service.alerts.facts import describe, rfc3339, size_of
from service.alerts.notices import (
    ACKNOWLEDGED,
    FIRED_AGAIN,
    FIRING,
    NOTED,
    REPEATED,
    RESOLVED,
    UPDATED,
    Notices,
)
from service.alerts.record import Action
from service.alerts.silences import Silence, muting
from service.alerts.together import explained, explaining
from service.alerts.where import named_in, where_of
from service.config import Config
from service.errors import Refused
from service.records import PAGE, TICKET, AlertRow
from service.store.store import Store

ACTIVE = (FIRING, ACKNOWLEDGED)

ENDINGS = (Change.RECOVERED, Change.REBASED, Change.ABSORBED)
PAGING = (Signal.DIFFERENTIAL, Signal.GLOBAL)
BY_HAND = "by_hand"
OUTDATED = "outdated"
"""The monitor, as it is set now, does not find in its history what an alert says."""
MUTED_UPDATE = "muted_update"
"""Among the facts of an alert whose change no receiver has been told, because a silence muted it."""


MOST_TRACES = 3


class _Step(NamedTuple):
    """What an active alert comes to: how the record calls it, which notice goes out, what it has become."""

    action: Action
    kind: str | None
    alert: AlertRow


def alert_id(event: Event) -> str:
    """The same for the same signal, cohort and onset, whenever and wherever it is computed.

    A finding that is no alarm has its kind in it as well, so that it never shares an alarm's identity.
    """
    parts = [event.signal.value, event.cohort, event.onset_s]
    if event.change in (Change.IMPROVED, Change.GAP_WIDENED):
        parts.append(event.change.value)
    identity = json.dumps(parts)
    return "alert_" + hashlib.blake2b(identity.encode(), digest_size=12).hexdigest()


class Alerting:
    """Turns the monitor's events into alerts and queues their notices.

    A notice goes out when an alert fires, when a ticket becomes a page, when the estimate has left the
    interval that was told (at most every ``alerts.update_interval``), when it was last told
    ``alerts.repeat_interval`` ago and nobody has acknowledged it, and when it ends. What a silence
    mutes, or an alert about everybody explains for ``alerts.group_interval``, is told once that is over, if
    it still fires; so is what has become of it under a silence. A finding that a silence mutes is on record
    alone. A receiver that is configured later is told what fires then; one that wants pages alone is told
    of a ticket when it becomes one. Who was told that it fires is told that it ended, muted or not.
    """

    def __init__(self, config: Config, lexicon: Lexicon | None = None) -> None:
        self._lexicon = lexicon
        self.configure(config)

    def configure(self, config: Config) -> None:
        """Go by this from now on; receivers that are new are told what fires."""
        self._notices = Notices({receiver.name: receiver.severities for receiver in config.receivers})
        self._smallest_change_points = config.detection.smallest_change_points
        self._repeat_s = config.alerts.repeat_interval.total_seconds()
        self._group_s = config.alerts.group_interval.total_seconds()
        self._update_s = config.alerts.update_interval.total_seconds()

    def apply(self, store: Store, event: Event, now: float) -> None:
        """Let an event take effect once, in the caller's transaction; seen again it changes nothing."""
        identity = alert_id(event)
        known = store.alerts.find(identity)
        if event.change in ENDINGS:
            if known is not None and known.state in ACTIVE:
                ended = {"recovered_at": rfc3339(event.detected_s)}
                self._end(store, known, now, event.change.value, ended)
        elif known is None:
            self._begin(store, event, identity, now)

    def follow(self, store: Store, lasting: Sequence[Event], now: float) -> None:
        """Tell what has become due of the active alerts, in a transaction of its own if there is any.

        Parameters
        ----------
        lasting
            The monitor's alarms that last, as they are now; that slices are named is only seen of those
            that bring where they come from.
        """
        seen = {alert_id(event): event for event in lasting}
        silences, active = store.silences.active(now), store.alerts.active()
        found = (self._due(store, alert, seen.get(alert.alert_id), silences, now) for alert in active)
        steps = [step for step in found if step is not None]
        firing = (alert for alert in active if alert.state == FIRING and alert.told_at is not None)
        strangers = {
            alert.alert_id: names
            for alert in firing
            if muting(alert, silences) is None and (names := self._notices.strangers(store, alert))
        }
        if steps or strangers:
            with store.transaction():
                for step in steps:
                    self._take(store, step, now)
                for identity, names in strangers.items():
                    self._notices.introduce(store, _found(store, identity), names, now)

    def reconcile(self, store: Store, lasting: Sequence[Event], watched: Collection[str], now: float) -> None:
        """End alerts that the monitor would never see recover, for it does not know them.

        One that ended so before and that it knows again, as when settings are changed back, fires again.

        Parameters
        ----------
        lasting
            All alarms that last, of a monitor that has seen the whole history.
        watched
            The cohorts that it knows.
        """
        known = {alert_id(event) for event in lasting}
        active = store.alerts.active()
        is_watched = {*watched, None} if watched else set()
        unknown = [each for each in active if each.cohort in is_watched and each.alert_id not in known]
        found = (store.alerts.find(identity) for identity in known)
        again = [each for each in found if each is not None and each.facts.get("resolution") == OUTDATED]
        if unknown or again:
            with store.transaction():
                for alert in unknown:
                    self._end(store, alert, now, OUTDATED, {})
                for alert in again:
                    self._reopen(store, alert, now)

    def tell_of_ends(self, store: Store, now: float) -> None:
        """Tell those who are receivers again of what ended while they were not."""
        self._notices.tell_of_ends(store, now)

    def acknowledge(self, store: Store, identity: str, author: str, note: str, now: float) -> None:
        """Somebody looks after it: it is not repeated any more.

        Raises
        ------
        Refused
            404 if there is no such alert, 409 if it is not firing.
        """
        alert = _found(store, identity)
        if alert.state != FIRING:
            raise Refused(409, f"only a firing alert can be acknowledged, and this one is {alert.state}")
        said = {"acknowledged_by": author, "acknowledged_at": rfc3339(now), "note": note}
        alert = replace(alert, state=ACKNOWLEDGED, acknowledged_at=now, facts={**alert.facts, **said})
        store.record.add(Action.ACKNOWLEDGED, now, note, alert_id=identity, author=author)
        alert = self._keep_told(store, alert, ACKNOWLEDGED, now)
        self._notices.tell_again(store, alert, ACKNOWLEDGED, now)

    def resolve(self, store: Store, identity: str, author: str, note: str, now: float) -> None:
        """Somebody says that it is over. Of the same onset nothing is raised again.

        Raises
        ------
        Refused
            404 if there is no such alert, 409 if it is over already.
        """
        alert = _found(store, identity)
        if alert.state not in ACTIVE:
            raise Refused(409, f"only an active alert can be resolved, and this one is {alert.state}")
        self._end(store, alert, now, BY_HAND, {"resolved_by": author, "note": note}, author, note)

    def _begin(self, store: Store, event: Event, identity: str, now: float) -> None:
        severity = self._severity(event)
        is_alarm = event.change is Change.DEGRADED and event.signal is not Signal.PLANNED
        alert = AlertRow(
            identity,
            event.signal.value,
            event.cohort,
            severity,
            FIRING if is_alarm else NOTED,
            event.onset_s,
            now,
            None,
            self._facts(store, event, severity),
        )
        if traces := store.traces.of_errors(event.cohort, event.onset_s, MOST_TRACES):
            alert = replace(alert, facts={**alert.facts, "traces": traces})
        if event.during_global:
            alert = explained(alert, store.alerts.active(), now, self._group_s)
        elif event.signal is Signal.GLOBAL:
            alert = explaining(alert, store.alerts.active(), now, self._group_s)
        action = Action.FIRED if is_alarm else Action.NOTED
        silence = muting(alert, store.silences.active(now))
        is_told = silence is None and alert.held_until is None
        self._take(store, _Step(action, alert.state if is_told else None, alert), now)
        if silence is not None:
            why, which = silence.note, silence.silence_id
            store.record.add(Action.MUTED, now, why, alert_id=identity, silence_id=which)
        if alert.held_until is not None:
            why = f"explained by {alert.facts['explained_by']}"
            store.record.add(Action.HELD, now, why, alert_id=identity)

    @staticmethod
    def _reopen(store: Store, alert: AlertRow, now: float) -> None:
        facts = {
            name: fact for name, fact in alert.facts.items() if name not in ("resolution", "resolved_at")
        }
        facts[FIRED_AGAIN] = True
        store.record.add(Action.FIRED, now, "found again", alert_id=alert.alert_id)
        # It is told as what nobody has been told of.
        store.alerts.put(replace(alert, state=FIRING, resolved_at=None, told_at=None, facts=facts))

    def _due(
        self, store: Store, alert: AlertRow, event: Event | None, silences: Sequence[Silence], now: float
    ) -> _Step | None:
        """What an active alert comes to now; None if nothing happens."""
        step = None
        if event is not None:
            # What on-call was woken for stays a page until it ends.
            severity = PAGE if alert.severity == PAGE else self._severity(event)
            if event.attribution is None and (alert.facts.get("where") or {}).get("is_moved_traffic"):
                severity = alert.severity
            if self._is_material(alert, event, severity, now):
                found = {"detected_at": alert.facts["detected_at"]}
                facts = {**alert.facts, **self._facts(store, event, severity), **found}
                alert = replace(alert, severity=severity, facts=facts)
                step = _Step(Action.UPDATED, UPDATED, alert)
        # A clock that was set back by days must not have anything wait for days.
        is_held = alert.held_until is not None and 0.0 < alert.held_until - now <= self._group_s
        is_muted = is_held or muting(alert, silences) is not None
        if alert.told_at is None:
            is_due = alert.state == FIRING and not is_muted
            return _Step(Action.TOLD, FIRING, alert) if is_due else step and step._replace(kind=None)
        if is_muted:
            owed = replace(alert, facts={**alert.facts, MUTED_UPDATE: True})
            return step and step._replace(kind=None, alert=owed)
        if step is None and MUTED_UPDATE in alert.facts:
            return _Step(Action.TOLD, UPDATED, alert)
        if step is None and alert.state == FIRING and abs(now - alert.told_at) >= self._repeat_s:
            step = _Step(Action.REPEATED, REPEATED, alert)
        return step

    def _facts(self, store: Store, event: Event, severity: str) -> dict[str, Any]:
        facts = describe(event, severity)
        where = where_of(event)
        if where is not None:
            facts["where"] = where
        if self._lexicon is not None:
            version, onset_s = self._lexicon.version, event.onset_s
            facts["critical_terms"] = store.critical.before_and_after(event.cohort, version, onset_s)
        return facts

    def _is_material(self, alert: AlertRow, event: Event, severity: str, now: float) -> bool:
        told = alert.facts["effect"]
        is_outside = not told["lower"] <= round(event.effect_points, 2) <= told["upper"]
        is_late = abs(now - (alert.told_at or alert.fired_at)) >= self._update_s
        return severity != alert.severity or (is_late and (is_outside or _names_another(alert, event)))

    def _take(self, store: Store, step: _Step, now: float) -> None:
        """Put a step on record; tell of it, or only keep what the alert has become."""
        action, kind, alert = step
        store.record.add(action, now, size_of(alert), alert_id=alert.alert_id)
        if kind is None:
            store.alerts.put(alert)
            return
        alert = self._keep_told(store, alert, kind, now)
        if kind in (FIRING, NOTED):
            self._notices.tell(store, alert, kind, now)
            return
        self._notices.tell_again(store, alert, kind, now)
        # Whoever wants pages alone must hear of one also where somebody had acknowledged the ticket.
        if kind == UPDATED and (strangers := self._notices.strangers(store, alert)):
            self._notices.introduce(store, alert, strangers, now)

    def _end(
        self,
        store: Store,
        alert: AlertRow,
        now: float,
        resolution: str,
        facts: Mapping[str, Any],
        author: str | None = None,
        note: str = "",
    ) -> None:
        # The clock may have been set back since it fired.
        resolved_at = max(now, alert.fired_at)
        said = {**alert.facts, **facts, "resolution": resolution, "resolved_at": rfc3339(resolved_at)}
        alert = replace(alert, state=RESOLVED, resolved_at=resolved_at, facts=said)
        store.record.add(Action.RESOLVED, now, note or resolution, alert_id=alert.alert_id, author=author)
        alert = self._keep_told(store, alert, RESOLVED, now)
        self._notices.tell_again(store, alert, RESOLVED, now)

    @staticmethod
    def _keep_told(store: Store, alert: AlertRow, kind: str, now: float) -> AlertRow:
        is_told = alert.told_at is not None or kind in (FIRING, NOTED)
        facts = {name: fact for name, fact in alert.facts.items() if name != MUTED_UPDATE}
        told_at = now if is_told else None
        alert = replace(alert, revision=alert.revision + 1, told_at=told_at, facts=facts)
        store.alerts.put(alert)
        return alert

    def _severity(self, event: Event) -> str:
        return severity_of(event, self._smallest_change_points)


def severity_of(event: Event, smallest_change_points: float) -> str:
    """A page for a rise surely above the smallest change, of a signal that pages and several speakers.

    What traffic that moved between slices explains is a ticket.
    """
    if event.change is not Change.DEGRADED or event.signal not in PAGING:
        return TICKET
    # Nothing got worse where people only speak elsewhere, where it is harder.
    if event.attribution is not None and event.attribution.is_moved_traffic:
        return TICKET
    few_speakers = event.guarantee_held and len(event.after.speakers) < ENOUGH_SPEAKERS
    certain = event.lower_points > smallest_change_points
    return PAGE if certain and not few_speakers else TICKET


def _names_another(alert: AlertRow, event: Event) -> bool:
    """Whether an event names slices that the alert has not named."""
    if event.attribution is None:
        return False
    named = [dict(each.where) for each in event.attribution.named]
    return any(each not in named_in(alert.facts.get("where")) for each in named)


def _found(store: Store, identity: str) -> AlertRow:
    alert = store.alerts.find(identity)
    if alert is None:
        raise Refused(404, "no such alert; GET /v1/alerts lists them")
    return alert
