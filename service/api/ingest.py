"""The routes that take transcripts and references."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from service.api.body import JSON, NDJSON, read_body, split_lines
from service.api.problems import RESPONSES
from service.api.translate import Translator
from service.api.wire import ReferenceIn, UtteranceIn, Wire, parse, sent_id
from service.errors import Refused
from service.pipeline import Pipeline
from service.records import Outcome, Receipt, Reference, Utterance

MOST_TOLD = 1_000
"""Rejected lines that one answer lists."""


class ReceiptOut(BaseModel):
    """What became of one object. Counts of words, never words."""

    utterance_id: str
    status: Outcome
    cohort: str | None = None
    reference_words: int | None = None
    substitutions: int | None = None
    deletions: int | None = None
    insertions: int | None = None
    used_for_detection: bool | None = None


class RejectedLine(BaseModel):
    """A line that was not kept."""

    line: int
    utterance_id: str | None
    status: int
    detail: str


class BulkOut(BaseModel):
    """What became of many lines: counts by outcome, and the rejected ones with their reason."""

    took_ms: int
    lines: int
    accepted: int
    duplicate: int
    replaced: int
    waiting: int
    scored: int
    rejected: int
    rejected_lines: list[RejectedLine]


def _schema(kind: type[UtteranceIn | ReferenceIn], example: dict[str, Any]) -> dict[str, Any]:
    schema = kind.model_json_schema()
    schema["examples"] = [example]
    return {
        "requestBody": {
            "required": True,
            "content": {
                JSON: {"schema": schema},
                NDJSON: {"schema": {"type": "string", "description": "One such object a line."}},
            },
        }
    }


UTTERANCE_EXAMPLE = {
    "utterance_id": "u-1",
    "hypothesis": "no fever since monday",
    "speaker_id": "s-17",
    "attributes": {"accent": "en-GB-scotland", "site": "imaging-3"},
}
REFERENCE_EXAMPLE = {
    "utterance_id": "u-1",
    "reference": "no fever since Monday",
    "selection": "random",
    "probability": 0.125,
}
SUCCESS: dict[int | str, dict[str, Any]] = {
    200: {"model": ReceiptOut | BulkOut, "description": "A duplicate, a score, or the answer to many lines"},
    202: {"model": ReceiptOut, "description": "On disk"},
}


class Taker:
    """Takes one object or many of one kind: parse, translate, keep, answer."""

    def __init__(
        self,
        pipeline: Pipeline,
        kind: type[Wire],
        translate: Callable[[Any, float], Utterance | Reference],
        observe: Callable[[str, float], None],
    ) -> None:
        self._pipeline = pipeline
        self._kind = kind
        self._translate = translate
        self._observe = observe
        self._limits = pipeline.config.limits

    async def take(self, request: Request) -> JSONResponse:
        """Answer a request; raise `Refused` where the whole of it is not taken."""
        started = time.perf_counter()
        try:
            body, is_lines = await read_body(request, self._limits)
            answer = await (self._many(body, started) if is_lines else self._one(body))
        except Refused as refusal:
            self._pipeline.counts.reject(refusal.status)
            raise
        self._observe(request.url.path, time.perf_counter() - started)
        return answer

    async def _one(self, body: bytes) -> JSONResponse:
        [receipt] = await self._pipeline.accept([self._record(body)])
        if isinstance(receipt, Refused):
            raise receipt
        is_known_now = receipt.outcome in (Outcome.DUPLICATE, Outcome.SCORED)
        content = _out(receipt).model_dump(exclude_none=True, mode="json")
        return JSONResponse(content, 200 if is_known_now else 202)

    async def _many(self, body: bytes, started: float) -> JSONResponse:
        records: list[Utterance | Reference] = []
        numbers: list[int] = []
        rejected: list[RejectedLine] = []
        lines = split_lines(body, self._limits)
        for number, text in lines:
            try:
                records.append(self._record(text))
                numbers.append(number)
            except Refused as refusal:
                rejected.append(_rejected(number, sent_id(text), refusal))
        receipts = await self._pipeline.accept(records) if records else []
        outcomes = dict.fromkeys(Outcome, 0)
        for number, record, receipt in zip(numbers, records, receipts, strict=True):
            if isinstance(receipt, Refused):
                rejected.append(_rejected(number, record.utterance_id, receipt))
            else:
                outcomes[receipt.outcome] += 1
        for line in rejected:
            self._pipeline.counts.reject(line.status)
        answer = BulkOut(
            took_ms=round(1000 * (time.perf_counter() - started)),
            lines=len(lines),
            **{outcome.value: count for outcome, count in outcomes.items()},
            rejected=len(rejected),
            rejected_lines=sorted(rejected, key=lambda line: line.line)[:MOST_TOLD],
        )
        return JSONResponse(answer.model_dump(mode="json"))

    def _record(self, text: bytes) -> Utterance | Reference:
        if len(text) > self._limits.line_bytes:
            raise Refused(413, f"the line is longer than {self._limits.line_bytes} bytes")
        return self._translate(parse(self._kind, text), time.time())


def ingest_routes(
    pipeline: Pipeline, translator: Translator, observe: Callable[[str, float], None]
) -> APIRouter:
    """The routes; ``observe(route, seconds)`` is told how long each request took."""
    router = APIRouter(prefix="/v1", tags=["ingest"], responses={**RESPONSES, **SUCCESS})
    utterances_taker = Taker(pipeline, UtteranceIn, translator.utterance, observe)
    references_taker = Taker(pipeline, ReferenceIn, translator.reference, observe)

    @router.post("/utterances", openapi_extra=_schema(UtteranceIn, UTTERANCE_EXAMPLE), summary="Transcripts")
    async def utterances(request: Request) -> JSONResponse:
        """Take one final transcript, or NDJSON for many.

        202: on disk. 200: a duplicate, or scored at once because its reference waited.
        """
        return await utterances_taker.take(request)

    @router.post("/references", openapi_extra=_schema(ReferenceIn, REFERENCE_EXAMPLE), summary="References")
    async def references(request: Request) -> JSONResponse:
        """Take what a human says was spoken, one or NDJSON for many.

        200: scored. 202: waits for its utterance. Only the selections ``random`` and ``requested`` feed
        detection unless configured otherwise.
        """
        return await references_taker.take(request)

    return router


def _out(receipt: Receipt) -> ReceiptOut:
    counts = receipt.counts
    return ReceiptOut(
        utterance_id=receipt.utterance_id,
        status=receipt.outcome,
        cohort=receipt.cohort,
        reference_words=counts.reference_words if counts else None,
        substitutions=counts.substitutions if counts else None,
        deletions=counts.deletions if counts else None,
        insertions=counts.insertions if counts else None,
        used_for_detection=receipt.detects,
    )


def _rejected(number: int, utterance_id: str | None, refusal: Refused) -> RejectedLine:
    return RejectedLine(line=number, utterance_id=utterance_id, status=refusal.status, detail=refusal.detail)
