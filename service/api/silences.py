"""The routes of silences."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from service.alerts.attending import Attending
from service.alerts.facts import rfc3339
from service.alerts.silences import Matcher, Silence, must_mean_something
from service.api.author import Author, Note, Reason, author_of
from service.api.expected import ONE_LINE
from service.api.moment import Moment
from service.api.problems import refusals
from service.errors import Refused
from service.store.reader import Reader

OF_MAKING, OF_ENDING = refusals(400, 408, 413, 415, 503), refusals(404, 409, 503)
LONGEST_S = 366 * 86_400.0


class SilenceIn(BaseModel):
    """What is not to be told, from when to when, who wants that, and why."""

    model_config = ConfigDict(extra="forbid")

    matchers: list[Annotated[str, Field(min_length=2, max_length=300, pattern=ONE_LINE)]] = Field(
        min_length=1,
        max_length=8,
        description=(
            "All must match: label=value or label!=value of signal, cohort, severity, alert_id; * stands for "
            "any characters."
        ),
    )
    starts_at: Moment | None = Field(default=None, description="Without it: now.")
    ends_at: Moment
    author: Author | None = None
    note: Reason

    def span(self, now: float) -> tuple[float, float]:
        """When it begins and ends, in seconds since the epoch.

        Raises
        ------
        Refused
            422 if that is no time for which anything could be silenced.
        """
        begins = now if self.starts_at is None else self.starts_at.timestamp()
        ends = self.ends_at.timestamp()
        if ends <= now:
            raise Refused(422, "ends_at: expected a time to come", "#/ends_at")
        if not begins < ends <= begins + LONGEST_S:
            raise Refused(422, "ends_at: expected a time after starts_at, by a year at most", "#/ends_at")
        if begins > now + LONGEST_S:
            raise Refused(422, "starts_at: expected a time within a year", "#/starts_at")
        return begins, ends


def silence_routes(attending: Attending, reader: Reader) -> APIRouter:
    """The routes; those that change something answer when that is on disk."""
    router = APIRouter(prefix="/v1", tags=["silences"], responses=refusals(422))

    @router.get("/silences", summary="Silences")
    async def silences(limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> dict[str, Any]:
        """Silences, over or not, the newest first, with who made them and why."""
        rows, now = await asyncio.to_thread(reader.silences, limit), time.time()
        return {"silences": [_silence(row, now) for row in rows]}

    @router.post(
        "/silences",
        summary="Silence alerts for a time",
        status_code=201,
        responses=refusals(400, 408, 413, 415, 503),
    )
    async def silence(request: Request, body: SilenceIn) -> dict[str, Any]:
        """What is meant is not told until the silence ends; made ahead, it is a maintenance window.

        Alerts fire and are on record all the same; one that still fires at the end is told then. Who was told
        before that an alert fires is told that it ended.
        """
        try:
            matchers = [Matcher.parse(text) for text in body.matchers]
            must_mean_something(matchers)
        except ValueError as error:
            raise Refused(422, f"matchers: {error}", "#/matchers") from None
        begins, ends = body.span(time.time())
        author = author_of(request, body.author)
        made = await attending.silence(matchers, begins, ends, author, body.note)
        return _silence(made, time.time())

    @router.delete("/silences/{silence_id}", summary="End a silence", responses=OF_ENDING)
    async def end_silence(
        request: Request,
        silence_id: Annotated[str, Path(min_length=1, max_length=128)],
        author: Annotated[Author | None, Query()] = None,
        note: Annotated[Note, Query()] = "",
    ) -> dict[str, Any]:
        """It ends now, and stays in the list."""
        ended = await attending.end_silence(silence_id, author_of(request, author), note)
        return _silence(ended, time.time())

    return router


def _silence(silence: Silence, now: float) -> dict[str, Any]:
    state = "active" if silence.is_active(now) else "over" if silence.ends_at <= now else "planned"
    return {
        "silence_id": silence.silence_id,
        "state": state,
        "matchers": [str(matcher) for matcher in silence.matchers],
        "starts_at": rfc3339(silence.starts_at),
        "ends_at": rfc3339(silence.ends_at),
        "author": silence.author,
        "note": silence.note,
        "created_at": rfc3339(silence.created_at),
    }
