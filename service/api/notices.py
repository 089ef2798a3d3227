"""The routes of notices: what became of each, and dead ones again."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict

from service.alerts.facts import rfc3339
from service.api.author import Author, Reason, author_of
from service.api.problems import refusals
from service.delivery.dead_letters import DeadLetters
from service.records import SentNotice
from service.store.reader import Reader

OF_WRITING = refusals(400, 404, 408, 409, 413, 415, 503)
Identity = Annotated[str, Path(min_length=1, max_length=256)]


class ResendIn(BaseModel):
    """Who does so."""

    model_config = ConfigDict(extra="forbid")

    author: Author | None = None


class DismissIn(BaseModel):
    """Who does so, and why."""

    model_config = ConfigDict(extra="forbid")

    author: Author | None = None
    note: Reason


def notice_routes(dead_letters: DeadLetters, reader: Reader) -> APIRouter:
    """The routes; those that change something answer when that is on disk."""
    router = APIRouter(prefix="/v1", tags=["alerts"], responses=refusals(422))

    @router.get("/notices", summary="Notices")
    async def notices(
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        state: Annotated[Literal["pending", "delivered", "dead", "dismissed"] | None, Query()] = None,
    ) -> dict[str, Any]:
        """What became of notices, the newest first.

        Dead are those that no receiver will be told by itself, dismissed those of them that somebody let be.
        """
        rows = await asyncio.to_thread(reader.notices, state, limit)
        return {"notices": [_notice(row) for row in rows]}

    @router.post("/notices/{notice_id}/resend", summary="Send a dead notice again", responses=OF_WRITING)
    async def resend(request: Request, notice_id: Identity, body: ResendIn) -> dict[str, Any]:
        """It waits as if it were new; a receiver that was disabled is enabled."""
        receiver = await dead_letters.resend(notice_id, author_of(request, body.author))
        return {"notice_id": notice_id, "receiver": receiver, "state": "pending"}

    @router.post("/notices/{notice_id}/dismiss", summary="Let a dead notice be", responses=OF_WRITING)
    async def dismiss(request: Request, notice_id: Identity, body: DismissIn) -> dict[str, Any]:
        """It is not counted as dead any more, and not sent again."""
        receiver = await dead_letters.dismiss(notice_id, author_of(request, body.author), body.note)
        return {"notice_id": notice_id, "receiver": receiver, "state": "dismissed"}

    return router


def _notice(row: SentNotice) -> dict[str, Any]:
    return {
        "notice_id": row.delivery_id,
        "alert_id": row.alert_id,
        "receiver": row.receiver,
        "type": row.type,
        "state": row.state,
        "attempts": row.attempts,
        "last_outcome": row.last_outcome,
        "created_at": rfc3339(row.created_at),
        "due_at": rfc3339(row.due_at) if row.state == "pending" else None,
    }
