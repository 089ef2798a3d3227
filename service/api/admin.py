"""The routes by which people tell the monitor something; each leaves a row in the audit record."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from service.api.access import name_of
from service.api.author import Author, Reason, author_of
from service.api.expected import ONE_LINE
from service.api.older import After, Limit, page
from service.api.problems import refusals
from service.errors import ConfigError, Refused, StartError
from service.pipeline import Pipeline
from service.settings.reloading import Reloading
from service.store.history import ENDLESS
from service.store.reader import Reader
from service.watching.settings_record import CONFIGURATION


class RebaselineIn(BaseModel):
    """Whose normal begins anew, who says so, and why."""

    model_config = ConfigDict(extra="forbid")

    cohort: str | None = Field(default=None, max_length=256, description="Without it: every cohort.")
    author: Author | None = None
    note: Reason


class AnnouncementIn(BaseModel):
    """A planned change: what it is, and who says so."""

    model_config = ConfigDict(extra="forbid")

    description: str = Field(
        min_length=1, max_length=200, pattern=ONE_LINE, description='Like "engine version 2026-11".'
    )
    author: Author | None = None


class InterventionOut(BaseModel):
    """A row of the audit record."""

    id: int
    action: str
    cohort: str | None
    author: str
    note: str
    taken_at: str


class ReloadedOut(BaseModel):
    """The keys that have changed, and those whose change waits for a restart."""

    changed: list[str]
    needs_restart: list[str]


def admin_routes(pipeline: Pipeline, reader: Reader, reloading: Reloading) -> APIRouter:
    """The routes; they answer when the row is on disk."""
    router = APIRouter(prefix="/v1", tags=["admin"], responses=refusals(422))

    @router.post(
        "/rebaselines",
        summary="Take what comes from now on as normal",
        status_code=201,
        responses=refusals(400, 404, 408, 413, 415, 503),
    )
    async def rebaseline(request: Request, body: RebaselineIn) -> dict[str, Any]:
        """The old baseline is dropped, lasting alarms of it are resolved, and learning begins anew."""
        number = await pipeline.rebaseline(body.cohort, author_of(request, body.author), body.note)
        return {"id": number, "cohort": body.cohort}

    @router.post(
        "/announcements",
        summary="Announce a planned change",
        status_code=201,
        responses=refusals(400, 408, 413, 415, 503),
    )
    async def announce(request: Request, body: AnnouncementIn) -> dict[str, Any]:
        """Each cohort is compared with itself before, gets a verdict, and then what it became is normal."""
        return {"id": await pipeline.announce(author_of(request, body.author), body.description)}

    @router.post(
        "/admin/reload",
        summary="Read the configuration file again",
        responses=refusals(400, 408, 409, 413, 415, 503),
    )
    async def reload(request: Request) -> ReloadedOut:
        """Receivers, links, alerts, thresholds of detection, tokens and certificates hold at once.

        The rest is named, and does after a restart. A file that cannot be used changes nothing. Settings of
        the monitor that change stay on record, with the name of the token.
        """
        try:
            reloaded = await reloading.reload(name_of(request) or CONFIGURATION)
        except (ConfigError, StartError) as error:
            raise Refused(409, f"the configuration stays as it was: {error}") from None
        return ReloadedOut(changed=reloaded.changed, needs_restart=reloaded.needs_restart)

    @router.get("/interventions", summary="What people told the monitor")
    async def interventions(limit: Limit = 100, after: After = None) -> dict[str, Any]:
        """The audit record, the newest first.

        Where there are more than the limit, ``next`` is what to ask for ``after``.
        """
        rows = await asyncio.to_thread(reader.interventions, limit + 1, after or ENDLESS)
        shown, goes_on = page(rows, limit)
        return {
            "interventions": [
                InterventionOut(
                    id=row.id,
                    action=row.action,
                    cohort=row.cohort,
                    author=row.author,
                    note=row.note,
                    taken_at=datetime.fromtimestamp(row.taken_at, UTC).isoformat(timespec="seconds"),
                )
                for row in shown
            ],
            "next": goes_on,
        }

    return router
