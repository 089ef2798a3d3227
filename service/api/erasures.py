"""The routes by which people erase what was said; each erasure leaves a row in an append-only record."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from service.api.access import name_of
from service.api.author import Author
from service.api.expected import NO_CONTROLS
from service.api.older import After, Limit, page
from service.api.problems import refusals
from service.records import Erasure, Subject
from service.store.history import ENDLESS
from service.store.reader import Reader
from service.upkeep.erasing import Done, Erasing

Identifier = Annotated[str, Field(min_length=1, max_length=128, pattern=NO_CONTROLS)]
OF_WRITING = refusals(400, 404, 408, 413, 415, 503)


class ErasureIn(BaseModel):
    """Whose words go: exactly one of an utterance's, a speaker's and a recording's.

    Here no id ends up in a proxy's log.
    """

    model_config = ConfigDict(extra="forbid")

    utterance_id: Identifier | None = None
    speaker_id: Identifier | None = Field(default=None, description="As it was sent with the utterances.")
    recording_id: Identifier | None = Field(default=None, description="As it was sent.")
    author: Author | None = None

    @model_validator(mode="after")
    def _is_of_one(self) -> ErasureIn:
        if [self.utterance_id, self.speaker_id, self.recording_id].count(None) != 2:
            raise ValueError("expected exactly one of utterance_id, speaker_id and recording_id")
        return self


class ErasedOut(BaseModel):
    """What was erased."""

    erasures: list[int] = Field(description="Rows of the record: one for every 100 utterances.")
    texts: int = Field(description="Kept texts.")
    unreferenced: int = Field(description="Utterances and references that waited for each other, as hashes.")
    scored: int = Field(description="Scored utterances, whose digests are gone and whose counts stay.")


class ErasureOut(BaseModel):
    """A row of the record."""

    id: int
    subject: Subject
    key: str | None = Field(description="The utterance_id, or the speaker's or the recording's keyed hash.")
    author: str | None
    texts: int
    unreferenced: int
    scored: int
    erased_at: str


class ErasuresOut(BaseModel):
    """The record."""

    erasures: list[ErasureOut]
    next: int | None = Field(description="What to ask for `after` where there are more than the limit.")


def erasure_routes(erasing: Erasing, reader: Reader) -> APIRouter:
    """The routes; they answer when the texts that were erased are off the disk."""
    router = APIRouter(prefix="/v1", tags=["erasure"], responses=refusals(422))

    @router.delete("/utterances/{utterance_id:path}", summary="Erase an utterance", responses=OF_WRITING)
    async def erase_utterance(
        request: Request,
        utterance_id: Annotated[str, Path(min_length=1, max_length=128, pattern=NO_CONTROLS)],
        author: Annotated[Author | None, Query()] = None,
    ) -> ErasedOut:
        """Its texts, token hashes and digests go, and the reference that waits for it; statistics stay.

        2xx: no byte of a text is left in the data folder. From then on its id takes nothing more (410). To
        ask again changes nothing. 404: nothing is known under this id.
        """
        return _out(await erasing.utterance(utterance_id, author or name_of(request)))

    @router.post("/erasures", summary="Erase an utterance, a speaker or a recording", responses=OF_WRITING)
    async def erase(request: Request, body: ErasureIn) -> ErasedOut:
        """As ``DELETE /v1/utterances``, for an utterance or for all that a speaker or a recording has now.

        A speaker's counts, and his part in the statistics, stay under his keyed hash. What is erased takes
        every reference for its recording with it; from then on none is taken for that (410).
        """
        author = body.author or name_of(request)
        if body.speaker_id is not None:
            return _out(await erasing.speaker(body.speaker_id, author))
        if body.recording_id is not None:
            return _out(await erasing.recording(body.recording_id, author))
        return _out(await erasing.utterance(body.utterance_id or "", author))

    @router.get("/erasures", summary="What was erased")
    async def erasures(limit: Limit = 100, after: After = None) -> ErasuresOut:
        """The record, the newest first."""
        rows = await asyncio.to_thread(reader.erasures, limit + 1, after or ENDLESS)
        shown, goes_on = page(rows, limit)
        return ErasuresOut(erasures=[_row(row) for row in shown], next=goes_on)

    return router


def _out(done: Done) -> ErasedOut:
    erased = done.erased
    return ErasedOut(
        erasures=done.rows, texts=erased.texts, unreferenced=erased.unreferenced, scored=erased.scored
    )


def _row(row: Erasure) -> ErasureOut:
    return ErasureOut(
        id=row.id,
        subject=row.subject,
        key=row.key,
        author=row.author,
        texts=row.erased.texts,
        unreferenced=row.erased.unreferenced,
        scored=row.erased.scored,
        erased_at=datetime.fromtimestamp(row.erased_at, UTC).isoformat(timespec="seconds"),
    )
