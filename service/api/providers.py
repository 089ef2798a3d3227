"""The route that takes what speech engines return."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field
from starlette.responses import Response
from starlette.types import Receive, Scope

from service.api.beside import FIELDS, FIELDS_OF_EVENTS, Beside, parameters, said_beside
from service.api.body import JSON, media_type_of, read_bytes
from service.api.headers import header
from service.api.ingest import MOST_TOLD, SHORT_BYTES, Encoded, ReceiptOut, receipt_out
from service.api.invalid import JSON_LIKE
from service.api.problems import refusals
from service.api.provided import Payload, counted, named, utterance, with_paths
from service.api.trace import in_trace, trace_id
from service.api.translate import Translator
from service.api.wire import parse_any
from service.errors import Refused
from service.pipeline import Pipeline
from service.providers import CLOUDEVENTS, READERS, SOURCES
from service.providers.cloudevents import from_headers, unwrap
from service.providers.reading import Node
from service.providers.telling_apart import engine_of
from service.records import Outcome, Receipt, Utterance

ROUTE = "/v1/ingest/{provider}"


class RejectedResult(BaseModel):
    """A result that was not kept; results are counted from 0."""

    index: int
    utterance_id: str | None
    status: int
    detail: str
    pointer: str | None = Field(
        default=None, description="Where in the payload, as a JSON pointer: `#/results/0`."
    )


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

    async def take(self, scope: Scope, receive: Receive, provider: str) -> Response:
        """Answer a request; raise `Refused` where nothing of it is taken."""
        started, trace = time.perf_counter(), trace_id(scope)
        try:
            if provider not in SOURCES:
                raise Refused(404, f"no such provider; known are {', '.join(SOURCES)}")
            if not JSON_LIKE.fullmatch(media_type_of(scope)):
                raise Refused(415, f"expected Content-Type {JSON}")
            fields = FIELDS_OF_EVENTS if provider == CLOUDEVENTS else FIELDS
            beside = said_beside(scope, self._config.declared, fields)
            body = await read_bytes(scope, receive, self._config.limits.body_bytes)
            read = await self._read(scope, body, provider, beside)
            answer = await self._kept(read, trace, started)
        except Refused as refusal:
            self._pipeline.counts.reject(refusal.status)
            raise
        self._observe(ROUTE, time.perf_counter() - started, trace)
        return answer

    async def _read(self, scope: Scope, body: bytes, provider: str, beside: Beside) -> _Read:
        def work() -> _Read:
            sent, read = parse_any(body), _Read()
            if provider != CLOUDEVENTS:
                self._take_in(Payload(provider, Node(sent)), beside, read)
            elif isinstance(sent, list):
                self._take_in_batch(Node(sent).items(), beside, read)
            elif header(scope, b"ce-specversion"):
                self._take_in_event(from_headers(_decoded(scope["headers"]), sent), beside, read)
            else:
                self._take_in_event(Node(sent), beside, read)
            return read

        if len(body) <= SHORT_BYTES:
            return work()
        async with self._turn:
            return await asyncio.to_thread(work)

    def _take_in_batch(self, envelopes: Sequence[Node], beside: Beside, read: _Read) -> None:
        if "utterance_id" in beside.names and len(envelopes) > 1:
            detail = "utterance_id: a batch has several utterances; send recording_id, or no id"
            raise Refused(422, detail, "#/utterance_id")
        for envelope in envelopes:
            first = read.results
            try:
                self._take_in_event(envelope, beside, read)
            except Refused as refusal:
                read.results = first + 1
                read.rejected.append((first, None, refusal))

    def _take_in_event(self, envelope: Node, beside: Beside, read: _Read) -> None:
        event = unwrap(envelope)
        beside = with_paths(beside, self._config.ingest.get(CLOUDEVENTS), envelope)
        engine = engine_of(event.data) if beside.provider is None else beside.provider
        if engine not in READERS:
            raise Refused(422, f"provider: expected one of {', '.join(READERS)}", "#/provider")
        self._take_in(Payload(engine, event.data, event.name, event.time), beside, read)

    def _take_in(self, payload: Payload, beside: Beside, read: _Read) -> None:
        results = READERS[payload.engine](payload.node)
        beside = with_paths(beside, self._config.ingest.get(payload.engine), payload.node)
        taken = counted(results, beside)
        each = named(payload, taken, beside)
        first, now = read.results, time.time()
        read.results += len(results)
        read.ignored[payload.engine] += len(results) - len(taken)
        for result in each:
            try:
                sent = utterance(payload, result, beside, self._config)
                record = self._translator.utterance(sent, now)
            except Refused as refusal:
                read.rejected.append((first + result.number, result.utterance_id, refusal))
            else:
                read.records.append(record)
                read.numbers.append(first + result.number)

    async def _kept(self, read: _Read, trace: str | None, started: float) -> Response:
        receipts: Sequence[Receipt | Refused] = await self._pipeline.accept(
            [in_trace(record, trace) for record in read.records]
        )
        outcomes = dict.fromkeys(Outcome, 0)
        kept: list[dict[str, Any]] = []
        for number, record, receipt in zip(read.numbers, read.records, receipts, strict=True):
            if isinstance(receipt, Refused):
                read.rejected.append((number, record.utterance_id, receipt))
            else:
                outcomes[receipt.outcome] += 1
                kept.append(receipt_out(record, receipt))
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
                RejectedResult(
                    index=index,
                    utterance_id=name,
                    status=refusal.status,
                    detail=refusal.detail,
                    pointer=refusal.pointer,
                )
                for index, name, refusal in sorted(read.rejected, key=lambda rejected: rejected[0])[
                    :MOST_TOLD
                ]
            ],
        )
        return Encoded(answer.model_dump_json(exclude_none=True).encode(), 200 if kept else 202)


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
    declared = pipeline.config.declared
    of_events = {
        **_described(JSON, "An event, or data with the event's attributes in headers `ce-`."),
        **_described("application/cloudevents+json", "An event in the JSON format."),
        **_described("application/cloudevents-batch+json", "An array of them.", "array"),
    }

    @router.post(
        f"/{CLOUDEVENTS}",
        openapi_extra=_extra(parameters(declared, FIELDS_OF_EVENTS), of_events),
        summary="Results of speech engines in CloudEvents",
    )
    async def events(request: Request) -> Response:
        """Take CloudEvents 1.0 whose data is what an engine returned.

        Which engine that is, is told from the data, or said as ``provider``. Results to which neither the
        caller nor the engine gives a name are called ``cloudevents:``, ``source``, ``:`` and ``id`` of the
        event. An event's ``time`` is when it was spoken, unless ``started_at`` says when the audio began. A
        bad event of a batch does not fail the others.
        """
        return await taker.take(request.scope, request.receive, CLOUDEVENTS)

    of_engines = _described(JSON, "As the engine returned it.")

    @router.post(
        "/{provider}",
        openapi_extra=_extra(parameters(declared, FIELDS), of_engines),
        summary="Results of speech engines",
    )
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


def _described(media_type: str, description: str, kind: str = "object") -> dict[str, Any]:
    return {media_type: {"schema": {"type": kind, "description": description}}}


def _extra(query: list[dict[str, Any]], content: dict[str, Any]) -> dict[str, Any]:
    return {"parameters": query, "requestBody": {"required": True, "content": content}}


def _decoded(headers: Sequence[tuple[bytes, bytes]]) -> Iterator[tuple[str, str]]:
    for key, value in headers:
        yield key.decode("latin-1"), value.decode("latin-1")
