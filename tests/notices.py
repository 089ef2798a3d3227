"""Notices of every kind, for all receivers the same."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from detectors.attribution import Attribution, NewValue, SliceChange
from detectors.event import Change, Event, Signal
from detectors.slices.counts import SliceCounts
from detectors.slices.stories import Stories
from detectors.tally import Tally
from service.alerts.facts import describe
from service.alerts.lifecycle import alert_id
from service.alerts.where import where_of
from service.receivers.notice import Kind, Notice, read_notice
from service.settings.receivers import Links

LINKS = Links(
    runbook="https://wiki.example.org/werwatch",
    dashboard="https://grafana.example.org/d/werwatch?var-cohort={cohort}",
    alert="https://werwatch.example.org/v1/alerts/{alert_id}",
)
EVENT = Event(
    signal=Signal.DIFFERENTIAL,
    change=Change.DEGRADED,
    cohort="en-GB-scotland",
    onset_s=1_772_528_400.0,
    onset_earliest_s=1_772_526_000.0,
    onset_latest_s=1_772_530_000.0,
    detected_s=1_772_540_000.0,
    effect_points=16.25,
    lower_points=8.5,
    upper_points=24.0,
    before=Tally(60, 90, 60, 30, 10, 1_000, 95, speakers=["a", "b", "c"]),
    after=Tally(20, 30, 40, 70, 10, 400, 118, speakers=["a", "b", "c"]),
    evidence=1.2,
    during_global=False,
    false_alarms_per_month=1.0,
    guarantee_held=True,
)
IMAGING = SliceChange(
    where=(("site", "imaging-3"),),
    before=SliceCounts(48, 48, 72, 48, 24, 8, 800, 80, 400, 1_200, 14_000),
    after=SliceCounts(15, 15, 24, 32, 66, 7, 320, 105, 900, 2_300, 7_000),
    excess_errors=73.0,
    share=0.96,
    rise=0.228,
    lower=0.142,
    upper=0.314,
    others=(0.24, 0.1, 0.38),
    same_as=((("device", "cart-x"),),),
)
ELSEWHERE = SliceChange(
    where=(),
    before=SliceCounts(12, 12, 18, 12, 6, 2, 200, 20, 60, 200, 3_500),
    after=SliceCounts(5, 5, 6, 5, 3, 1, 80, 9, 30, 150, 1_500),
    excess_errors=1.0,
    share=None,
    rise=0.012,
    lower=-0.08,
    upper=0.105,
)
ATTRIBUTION = Attribution(
    named=(IMAGING,),
    likely=None,
    elsewhere=ELSEWHERE,
    ranked=(replace(IMAGING, same_as=()),),
    too_little=((("site", "ward-7"),),),
    looked_at=4,
    stories=Stories(mix=0.004, exposure=0.19, interaction=0.006, unknown=0.0),
    new=(NewValue("engine_version", "2026-11", 1_772_527_200.0, 9, 0.41),),
)
FIRED_S = 1_772_540_060.0
FIRED_AT = "2026-03-03T12:14:20Z"
EVENTS = {
    Kind.NOTED: replace(
        EVENT,
        change=Change.IMPROVED,
        effect_points=-9.0,
        lower_points=-14.0,
        upper_points=-4.0,
        before=EVENT.after,
        after=EVENT.before,
    ),
}
MORE: dict[Kind, dict[str, Any]] = {
    Kind.FIRING: {"where": where_of(replace(EVENT, attribution=ATTRIBUTION))},
    Kind.UPDATED: {"revision": 2},
    Kind.REPEATED: {"revision": 3},
    Kind.ACKNOWLEDGED: {
        "acknowledged_by": "ann",
        "acknowledged_at": "2026-03-03T12:30:00Z",
        "note": "looking at the new scanner",
    },
    Kind.RESOLVED: {
        "recovered_at": "2026-03-04T08:00:00Z",
        "resolved_at": "2026-03-04T08:01:00Z",
        "resolution": "recovered",
    },
    Kind.NOTED: {},
    Kind.TEST: {},
}
HAPPENED_AT = {
    Kind.ACKNOWLEDGED: "2026-03-03T12:30:00Z",
    Kind.RESOLVED: "2026-03-04T08:01:00Z",
}
STATES = {
    Kind.ACKNOWLEDGED: "acknowledged",
    Kind.RESOLVED: "resolved",
    Kind.NOTED: "noted",
    Kind.TEST: "test",
}


def notice(
    kind: Kind = Kind.FIRING, event: Event | None = None, memory: str | None = None, **more: Any
) -> Notice:
    """A notice as the outbox holds it."""
    happened = event or EVENTS.get(kind, EVENT)
    identity = alert_id(happened)
    severity = "ticket" if kind is Kind.NOTED else "page"
    facts = {**describe(happened, severity), "fired_at": FIRED_AT, **MORE[kind], **more}
    if kind is Kind.TEST:
        identity, facts = (
            "test",
            {"title": "a test of the receiver, nothing has happened", "severity": "ticket"},
        )
    body = {
        "type": f"werwatch.alert.{kind.value}",
        "timestamp": HAPPENED_AT.get(kind, FIRED_AT),
        "data": {"alert_id": identity, "state": STATES.get(kind, "firing"), **facts},
    }
    return read_notice(f"{identity}-{kind.value}", json.dumps(body), memory)
