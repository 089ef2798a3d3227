"""The route that tells what became of references by recording."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from service.alerts.facts import rfc3339
from service.api.expected import NO_CONTROLS
from service.api.problems import refusals
from service.errors import Refused
from service.pipeline import Pipeline
from service.store.reader import Reader
from service.store.rows.recordings import State, Told


class RecordingReferenceOut(BaseModel):
    """A reference for a recording, or for a passage of it, as it stands. Counts of words, never words."""

    status: State
    passage: bool
    needed_utterances: int | None = Field(description="How many it waits for, if that was told.")
    reference_kind: str
    selection: str
    received_at: str
    due_at: str | None = Field(description="When it is scored, if no more of the recording comes until then.")
    reason: str | None = Field(description="Why it was refused.")
    utterances: int | None = Field(description="How many were scored with it, and their counts together.")
    reference_words: int | None
    substitutions: int | None
    deletions: int | None
    insertions: int | None


class RecordingOut(BaseModel):
    """A recording: its utterances, and the references for it in the order in which they came."""

    recording_id: str
    utterances: int
    scored_utterances: int
    references: list[RecordingReferenceOut]


def recording_routes(pipeline: Pipeline, reader: Reader) -> APIRouter:
    """The route; it reads the store, never text."""
    router = APIRouter(prefix="/v1", tags=["query"], responses=refusals(422))

    @router.get("/recordings/{recording_id:path}", summary="One recording", responses=refusals(404))
    async def recording(
        recording_id: Annotated[str, Path(min_length=1, max_length=128, pattern=NO_CONTROLS)],
    ) -> RecordingOut:
        """How much of a recording is there, and what became of the references for it.

        A reference is ``waiting``, ``scored`` or ``refused``. Of a recording of which something was erased no
        reference is left, and none is taken: ``erased``. ``incomplete``: ``storage.max_bytes`` took some of
        its utterances, so references for the whole of it are refused where they do not say of how many.
        """
        name = pipeline.hasher.pseudonym("recording", recording_id)
        utterances, scored = await asyncio.to_thread(reader.of_recording, name)
        told = await asyncio.to_thread(reader.recording_references, name)
        if not utterances and not told:
            raise Refused(404, "no utterance and no reference names this recording")
        return RecordingOut(
            recording_id=recording_id,
            utterances=utterances,
            scored_utterances=scored,
            references=[_out(each) for each in told],
        )

    return router


def _out(told: Told) -> RecordingReferenceOut:
    counts = told.ending.counts
    return RecordingReferenceOut(
        status=told.ending.state,
        passage=told.is_passage,
        needed_utterances=told.needed,
        reference_kind=told.kind,
        selection=told.selection,
        received_at=rfc3339(told.received_at),
        due_at=None if told.due_at is None else rfc3339(told.due_at),
        reason=told.ending.reason,
        utterances=None if counts is None else told.ending.utterances,
        reference_words=None if counts is None else counts.reference_words,
        substitutions=None if counts is None else counts.substitutions,
        deletions=None if counts is None else counts.deletions,
        insertions=None if counts is None else counts.insertions,
    )
