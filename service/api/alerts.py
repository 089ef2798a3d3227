"""The routes of alerts, and of the record of what became of them."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict

from service.alerts.attending import Attending
from service.alerts.facts import rfc3339
from service.alerts.record import RecordRow
from service.api.author import Author, Note, author_of
from service.api.older import After, Limit, page
from service.api.problems import refusals
from service.errors import Refused
from service.records import AlertRow
from service.store.history import ENDLESS
from service.store.reader import Reader

OF_WRITING = refusals(400, 404, 408, 409, 413, 415, 503)
Identity = Annotated[str, Path(min_length=1, max_length=128)]


class AttentionIn(BaseModel):
    """Who does so, and what there is to say."""

    model_config = ConfigDict(extra="forbid")

    author: Author | None = None
    note: Note = ""


def alert_routes(attending: Attending, reader: Reader) -> APIRouter:
    """The routes; those that change something answer when that is on disk."""
    router = APIRouter(prefix="/v1", tags=["alerts"], responses=refusals(422))

    @router.get("/alerts", summary="Alerts", responses=refusals(404))
    async def alerts(
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        state: Annotated[
            Literal["active", "firing", "acknowledged", "resolved", "noted"] | None, Query()
        ] = None,
        after: Annotated[
            str | None, Query(max_length=128, description="An alert_id: go on behind it.")
        ] = None,
    ) -> dict[str, Any]:
        """Alerts, the newest first; active are those that fire, acknowledged or not.

        Where there are more than the limit, ``next`` is what to ask for ``after``.
        """
        last = None if after is None else await asyncio.to_thread(_known, reader, after)
        rows = await asyncio.to_thread(reader.alerts, limit + 1, state, last)
        shown = rows[:limit]
        goes_on = shown[-1].alert_id if len(rows) > limit else None
        return {"alerts": [_alert(row) for row in shown], "next": goes_on}

    @router.get("/alerts/{alert_id}", summary="One alert", responses=refusals(404))
    async def one_alert(alert_id: Identity) -> dict[str, Any]:
        """One alert with everything that its notices said, and its record."""
        row = await asyncio.to_thread(_known, reader, alert_id)
        record = await asyncio.to_thread(reader.record_of, alert_id)
        return {**_alert(row), "record": [_record_row(each) for each in record]}

    @router.post("/alerts/{alert_id}/acknowledge", summary="Acknowledge an alert", responses=OF_WRITING)
    async def acknowledge(request: Request, alert_id: Identity, body: AttentionIn) -> dict[str, Any]:
        """Somebody looks after it: it is not repeated any more. Receivers that know of it are told."""
        await attending.acknowledge(alert_id, author_of(request, body.author), body.note)
        return {"alert_id": alert_id, "state": "acknowledged"}

    @router.post("/alerts/{alert_id}/resolve", summary="Resolve an alert by hand", responses=OF_WRITING)
    async def resolve(request: Request, alert_id: Identity, body: AttentionIn) -> dict[str, Any]:
        """Receivers that know of it are told that it is over.

        The monitor goes on to wait for the recovery; of a condition that lasts, nothing new is raised before.
        Where what there is now is to be normal, use POST /v1/rebaselines.
        """
        await attending.resolve(alert_id, author_of(request, body.author), body.note)
        return {"alert_id": alert_id, "state": "resolved"}

    @router.get("/alert-record", summary="What became of alerts and silences")
    async def record(limit: Limit = 100, after: After = None) -> dict[str, Any]:
        """The record, the newest row first: rows are added and never changed.

        Where there are more than the limit, ``next`` is what to ask for ``after``.
        """
        rows = await asyncio.to_thread(reader.alert_record, limit + 1, after or ENDLESS)
        shown, goes_on = page(rows, limit)
        return {"record": [_record_row(row) for row in shown], "next": goes_on}

    return router


def _known(reader: Reader, alert_id: str) -> AlertRow:
    row = reader.alert(alert_id)
    if row is None:
        raise Refused(404, "no such alert; GET /v1/alerts lists them")
    return row


def _alert(row: AlertRow) -> dict[str, Any]:
    return {
        "alert_id": row.alert_id,
        "state": row.state,
        "fired_at": rfc3339(row.fired_at),
        "told_at": _time(row.told_at),
        "acknowledged_at": _time(row.acknowledged_at),
        "resolved_at": _time(row.resolved_at),
        "held_until": _time(row.held_until),
        **row.facts,
    }


def _record_row(row: RecordRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "action": row.action,
        "alert_id": row.alert_id,
        "silence_id": row.silence_id,
        "author": row.author,
        "note": row.note,
        "taken_at": rfc3339(row.taken_at),
    }


def _time(at_s: float | None) -> str | None:
    return None if at_s is None else rfc3339(at_s)
