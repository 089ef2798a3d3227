"""The route of slices: where a cohort is served worst now, and where a change comes from."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from service.alerts.facts import rfc3339
from service.alerts.slice_notes import slice_notes, why_no_change
from service.alerts.where import change_where, folded_facts, now_slices
from service.api.moment import Moment
from service.api.problems import refusals
from service.api.wire import EARLIEST
from service.errors import Refused
from service.pipeline import Pipeline
from service.watching.watch import Watch

MOST_HOURS = 24 * 366
SECONDS_AN_HOUR = 3_600.0


def slice_routes(pipeline: Pipeline) -> APIRouter:
    """The route; it reads the monitor's present state, never text."""
    router = APIRouter(prefix="/v1", tags=["query"], responses=refusals(404, 422))

    @router.get("/slices", summary="Where a cohort is served worst")
    async def slices(
        cohort: Annotated[str, Query(min_length=1, max_length=512)],
        hours: Annotated[float, Query(gt=0, le=MOST_HOURS)] = 168.0,
        limit: Annotated[int, Query(ge=1, le=1000)] = 20,
        since: Annotated[Moment | None, Query()] = None,
    ) -> dict[str, Any]:
        """Values of attributes and pairs of them in the last hours of the stream's time, the worst first.

        They are ranked by the lower end of the interval of their WER, over sessions; errors of an utterance
        count up to its words. With `since`, `change` says where the change of the cohort's WER since then
        comes from, as `where` of an alert does. Times are met to within an eighth of their age. Where there
        are more values, or pairs of them, than are counted, `not_counted_apart` says of which attributes
        slices have had more than is shown, and for which share of the words. `notes` say what is missing:
        speech that is not counted yet, attributes, or speech from before `since`.
        """
        return await asyncio.to_thread(_slices, pipeline.watch, cohort, hours, limit, since)

    return router


def _slices(watch: Watch, cohort: str, hours: float, limit: int, since: datetime | None) -> dict[str, Any]:
    view = next((each for each in watch.view().cohorts if each.cohort == cohort), None)
    found = watch.worst_slices(cohort, SECONDS_AN_HOUR * hours)
    known = watch.worst_slices(cohort, float("inf"))
    if view is None or found is None or known is None:
        raise Refused(
            404, "no scored utterance used for detection names this cohort; GET /v1/cohorts lists them"
        )
    (worst, now_s), ever = found, known[0].whole.counts
    notes, change = slice_notes(view, ever, worst.whole.counts), None
    if since is not None:
        since_s = _past(since, now_s)
        attribution = watch.change_since(cohort, since_s)
        if attribution is None:
            notes += why_no_change(ever, since_s)
        else:
            change = change_where(attribution, since_s)
    return {
        "cohort": cohort,
        "from": rfc3339(now_s - SECONDS_AN_HOUR * hours),
        "to": rfc3339(now_s),
        "whole": now_slices([worst.whole])[0],
        "slices": now_slices(worst.ranked[:limit]),
        "too_little_speech": now_slices(worst.too_little[:limit]),
        "not_counted_apart": folded_facts(worst.folded),
        "change": change,
        "notes": notes,
    }


def _past(since: datetime, now_s: float) -> float:
    if since < EARLIEST or since.timestamp() >= now_s:
        detail = f"since: expected a time from 2000 to before {rfc3339(now_s)}, the stream's time"
        raise Refused(422, detail, "#/since")
    return since.timestamp()
