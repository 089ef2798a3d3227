"""The route that takes what speech engines return."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import Receive, Scope

from service.api.beside import Beside, parameters, said_beside
from service.api.body import JSON, media_type_of, read_bytes
from service.api.ingest import MOST_TOLD, SHORT_BYTES, Encoded, ReceiptOut, receipt_out
from service.api.problems import refusals
from service.api.provided import Payload, counted, named, utterance, with_paths
from service.api.trace import trace_id
from service.api.translate import Translator
from service.api.wire import parse_any
from service.errors import Refused
from service.pipeline import Pipeline
from service.providers import READERS
from service.providers.reading import Node
from service.records import Outcome, Receipt, Utterance

ROUTE = "/v1/ingest/{provider}"
_JSON_LIKE = re.compile(r"application/([a-z0-9.+-]+\+)?json")


class RejectedResult(BaseModel):
    """A result that was not kept; results are counted from 0."""

    index: int
    utterance_id: str | None
    status: int
    detail: str


class ResultsOut(BaseModel):
    """What became of the results of a payload: counts by outcome, what was kept, and what was not."""

    took_ms: int
    results: int
    ignored: int
    accepted: int
    duplicate: int
    replaced: int
    scored: int
    rejected: int
    kept: list[ReceiptOut]
    rejected_results: list[RejectedResult]


@dataclass(slots=True)
class _Read:
    """What a body was read as: records with the numbers of their results, and the rejected."""

    results: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    records: list[Utterance] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    rejected: list[tuple[int, str | None, Refused]] = field(default_factory=list)


class PayloadTaker:
    """Takes a body with what engines returned: read, name, translate, keep, answer."""

    def __init__(
        self,
        pipeline: Pipeline,
        translator: Translator,
        observe: Callable[[str, float, str | None], None],
        turn: asyncio.Lock,
    ) -> None:
        self._pipeline = pipeline
        self._config = pipeline.config
        self._translator = translator
        self._observe = observe
        self._turn = turn

    async def take(self, scope: Scope, receive: Receive, engine: str) -> Response:
        """Answer a request; raise `Refused` where nothing of it is taken."""
        started = time.perf_counter()
        try:
            if engine not in READERS:
                raise Refused(404, f"no such engine; known are {', '.join(READERS)}")
            if not _JSON_LIKE.fullmatch(media_type_of(scope)):
                raise Refused(415, f"expected Content-Type {JSON}")
            beside = said_beside(scope, self._config.declared)
            body = await read_bytes(scope, receive, self._config.limits.body_bytes)
            read = await self._read(body, engine, beside)
            answer = await self._kept(read, started)
        except Refused as refusal:
            self._pipeline.counts.reject(refusal.status)
            raise
        self._observe(ROUTE, time.perf_counter() - started, trace_id(scope))
        return answer

    async def _read(self, body: bytes, engine: str, beside: Beside) -> _Read:
        def work() -> _Read:
            read = _Read()
            self._take_in(Payload(engine, Node(parse_any(body))), beside, read)
            return read

        if len(body) <= SHORT_BYTES:
            return work()
        async with self._turn:
            return await asyncio.to_thread(work)

    def _take_in(self, payload: Payload, beside: Beside, read: _Read) -> None:
        results = READERS[payload.engine](payload.node)
        beside = with_paths(beside, self._config.ingest.get(payload.engine), payload.node)
        taken = counted(results, beside)
        first, now = read.results, time.time()
        read.results += len(results)
        read.ignored[payload.engine] += len(results) - len(taken)
        for result in named(payload, taken, beside):
            try:
                sent = utterance(payload, result, beside, self._config)
                record = self._translator.utterance(sent, now)
            except Refused as refusal:
                read.rejected.append((first + result.number, result.utterance_id, refusal))
            else:
                read.records.append(record)
                read.numbers.append(first + result.number)

    async def _kept(self, read: _Read, started: float) -> Response:
        receipts: Sequence[Receipt | Refused] = await self._pipeline.accept(read.records)
        outcomes = dict.fromkeys(Outcome, 0)
        kept: list[dict[str, Any]] = []
        for number, record, receipt in zip(read.numbers, read.records, receipts, strict=True):
            if isinstance(receipt, Refused):
                read.rejected.append((number, record.utterance_id, receipt))
            else:
                outcomes[receipt.outcome] += 1
                kept.append(receipt_out(receipt))
        if read.rejected and not kept:
            raise min(read.rejected, key=lambda rejected: rejected[0])[2]
        for _, _, refusal in read.rejected:
            self._pipeline.counts.reject(refusal.status)
        self._pipeline.counts.ignored_results.update(read.ignored)
        answer = ResultsOut(
            took_ms=round(1000 * (time.perf_counter() - started)),
            results=read.results,
            ignored=read.ignored.total(),
            accepted=outcomes[Outcome.ACCEPTED],
            duplicate=outcomes[Outcome.DUPLICATE],
            replaced=outcomes[Outcome.REPLACED],
            scored=outcomes[Outcome.SCORED],
            rejected=len(read.rejected),
            kept=[ReceiptOut(**receipt) for receipt in kept[:MOST_TOLD]],
            rejected_results=[
                RejectedResult(index=index, utterance_id=name, status=refusal.status, detail=refusal.detail)
                for index, name, refusal in sorted(read.rejected, key=lambda rejected: rejected[0])[
                    :MOST_TOLD
                ]
            ],
        )
        return Encoded(answer.model_dump_json(exclude_none=True), 200 if kept else 202)


def provider_routes(
    pipeline: Pipeline,
    translator: Translator,
    observe: Callable[[str, float, str | None], None],
    turn: asyncio.Lock,
) -> APIRouter:
    """The route; ``observe(route, seconds, trace_id)`` is told how long each request took."""
    taken: dict[int | str, dict[str, Any]] = {
        200: {"model": ResultsOut, "description": "On disk"},
        202: {"model": ResultsOut, "description": "Nothing in it is final"},
    }
    router = APIRouter(
        prefix="/v1/ingest",
        tags=["ingest"],
        responses={**refusals(400, 404, 408, 409, 410, 413, 415, 422, 503), **taken},
    )
    taker = PayloadTaker(pipeline, translator, observe, turn)
    extra = {
        "parameters": parameters(pipeline.config.declared),
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": {"type": "object", "description": "As the engine returned it."}}},
        },
    }

    @router.post("/{provider}", openapi_extra=extra, summary="Results of speech engines")
    async def results(
        request: Request, provider: Annotated[str, Path(json_schema_extra={"enum": [*READERS]})]
    ) -> Response:
        """Take what an engine returned, a whole file or one message of a stream, as it is.

        Only final results are kept; others are counted as ignored, and a payload of nothing else gets a 202.
        What the query says can also stand in headers: ``X-Werwatch-Utterance-Id`` is ``utterance_id``. With
        ``utterance_id`` all of a channel is one utterance; otherwise each result is one, named after
        ``recording_id`` or, without it, after the engine's own id. If no final result is taken, the answer is
        the refusal of the first.
        """
        return await taker.take(request.scope, request.receive, provider)

    return router
