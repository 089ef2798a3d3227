"""The routes of claims."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from detectors.claims.claim import ClaimView
from service.alerts.facts import rfc3339
from service.api.author import Author, Note, author_of
from service.api.expected import ONE_LINE
from service.api.problems import refusals
from service.pipeline import Pipeline
from service.store.reader import Reader
from service.store.rows.claims import ClaimAction, ClaimRecordRow, ClaimRow
from service.watching.claim_facts import claim_facts, filed_facts, slice_in_words
from service.watching.claims import Filing, found, shown_view

WITHDRAWN = "withdrawn"
Identity = Annotated[str, Path(min_length=1, max_length=128)]
AttributeName = Annotated[str, Field(min_length=1, max_length=64, pattern=ONE_LINE)]
AttributeValue = Annotated[str, Field(min_length=1, max_length=256, pattern=ONE_LINE)]


class ClaimIn(BaseModel):
    """What somebody claims of a slice, and who he is."""

    model_config = ConfigDict(extra="forbid")

    slice: dict[AttributeName, AttributeValue] = Field(
        min_length=1,
        max_length=8,
        description="Declared attributes, and cohort, with values; what is of the slice has all of them.",
        examples=[{"site": "ward-7"}],
    )
    excess_points: float = Field(
        gt=0,
        le=100,
        allow_inf_nan=False,
        description="How many WER points it is above everybody else at the same time.",
    )
    author: Author | None = None
    note: Annotated[Note, Field(min_length=1)]


class WithdrawalIn(BaseModel):
    """Why a claim is withdrawn, and by whom."""

    model_config = ConfigDict(extra="forbid")

    author: Author | None = None
    note: Annotated[Note, Field(min_length=1)]


def claim_routes(pipeline: Pipeline, reader: Reader) -> APIRouter:
    """The routes; those that change something answer when that is on disk."""
    router = APIRouter(prefix="/v1", tags=["claims"], responses=refusals(422))

    @router.get("/claims", summary="Claims")
    async def claims(limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> dict[str, Any]:
        """Claims about slices, the newest first, each with what its evidence says."""
        views = pipeline.claims.views()
        return {"claims": await asyncio.to_thread(_claims, reader, views, limit)}

    @router.post(
        "/claims",
        summary="Have a claim about a slice judged",
        status_code=201,
        responses=refusals(400, 408, 409, 413, 415, 503),
    )
    async def file(request: Request, body: ClaimIn) -> dict[str, Any]:
        """From now on evidence for and against it is gathered, so that it may be looked at at any time.

        Only utterances that are spoken and received from now on count.
        """
        author = author_of(request, body.author)
        filing = Filing(body.slice, body.excess_points, author, body.note)
        row = await pipeline.claims.file(pipeline.writer, filing)
        return await asyncio.to_thread(_claim, reader, row, pipeline.claims.views())

    @router.get("/claims/{claim_id}", summary="One claim", responses=refusals(404))
    async def claim(claim_id: Identity) -> dict[str, Any]:
        """Whether it is confirmed, refuted or open, on what evidence, and what is still needed."""
        views = pipeline.claims.views()
        return await asyncio.to_thread(lambda: _claim(reader, found(reader.claims, claim_id), views))

    @router.post(
        "/claims/{claim_id}/withdraw",
        summary="Withdraw a claim",
        responses=refusals(400, 404, 408, 409, 413, 415, 503),
    )
    async def withdraw(request: Request, claim_id: Identity, body: WithdrawalIn) -> dict[str, Any]:
        """It is judged no more, and stays on record with what its evidence was."""
        row = await pipeline.claims.withdraw(
            pipeline.writer, claim_id, author_of(request, body.author), body.note
        )
        return await asyncio.to_thread(_claim, reader, row, {})

    return router


def _claims(reader: Reader, views: Mapping[str, ClaimView], limit: int) -> list[dict[str, Any]]:
    return [_claim(reader, row, views) for row in reader.claims.newest(limit)]


def _claim(reader: Reader, row: ClaimRow, views: Mapping[str, ClaimView]) -> dict[str, Any]:
    record = reader.claims.record(row.claim_id)
    filed = record[0]
    claim = row.claim(filed.taken_at)
    facts: dict[str, Any] = {"says": f"Withdrawn; it stood at: {_stood(record)}."}
    state = WITHDRAWN
    if not any(each.action == ClaimAction.WITHDRAWN for each in record):
        view = shown_view(row, views)
        state, facts = view.verdict.value, claim_facts(claim, view)
    return {
        "claim_id": row.claim_id,
        "state": state,
        "title": f"{slice_in_words(row.slice)}: {row.excess_points:+g} WER points over the rest",
        **filed_facts(claim),
        "author": filed.author,
        "note": filed.note,
        **facts,
        "record": [_record_row(each) for each in record],
    }


def _stood(record: Sequence[ClaimRecordRow]) -> str:
    return next((row.note for row in record if row.action == ClaimAction.STOOD), "the record has it shortly")


def _record_row(row: ClaimRecordRow) -> dict[str, Any]:
    return {
        "action": row.action,
        "author": row.author,
        "note": row.note,
        "after_seq": row.after_seq,
        "taken_at": rfc3339(row.taken_at),
    }
