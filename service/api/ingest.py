"""The routes that take transcripts and references."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, TypeVar

import msgspec
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response
from starlette.types import Receive, Scope

from service.api.beside import said_in_query
from service.api.body import JSON, NDJSON, read_body, split_lines
from service.api.problems import refusals
from service.api.short_way import ShortRoute
from service.api.trace import in_trace, trace_id
from service.api.translate import Translator
from service.api.wire import ReferenceIn, UtteranceIn, Wire, parse, schema, sent_id
from service.errors import Refused, StoreUnavailable
from service.ingest.portions import MOST_RECORDS
from service.pipeline import Pipeline
from service.records import Outcome, Receipt, Record, RecordingReference

MOST_TOLD = 1_000
"""Rejected lines that one answer lists."""
SHORT_BYTES = 4_096
"""A longer body is read beside the loop that answers everybody,"""
PORTION_BYTES = 262_144
"""and in portions of this size, so that others have their turn."""

T = TypeVar("T")
_encode = msgspec.json.Encoder().encode


class ReceiptOut(BaseModel):
    """What became of one object. Counts of words, never words."""

    utterance_id: str | None = None
    recording_id: str | None = None
    status: Outcome
    late: bool | None = Field(
        default=None, description="Whether its recording was scored before, so that it was not."
    )
    utterances: int | None = Field(default=None, description="How many of its recording were scored with it.")
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
    pointer: str | None = Field(description="Where in its object, as a JSON pointer: `#/field`.")


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
    return {
        "requestBody": {
            "required": True,
            "content": {
                JSON: {"schema": {**schema(kind), "examples": [example]}},
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
REFUSALS = refusals(400, 408, 409, 410, 413, 415, 422, 503)
SUCCESS: dict[int | str, dict[str, Any]] = {
    200: {"model": ReceiptOut | BulkOut, "description": "A duplicate, a score, or the answer to many lines"},
    202: {"model": ReceiptOut, "description": "On disk"},
}


@dataclass(slots=True)
class _Lines:
    """What some lines of a body were read as: records with their numbers, and the rejected."""

    records: list[Record] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    rejected: list[RejectedLine] = field(default_factory=list)


class Encoded(Response):
    """An answer whose JSON is made already, and whose headers are always these."""

    def __init__(self, content: bytes, status_code: int = 200) -> None:
        # All that `Response` would find out.
        self.body = content
        self.status_code = status_code
        self.background = None
        self.raw_headers = [
            (b"content-length", str(len(content)).encode()),
            (b"content-type", JSON.encode()),
        ]


class Taker:
    """Takes one object or many of one kind: parse, translate, keep, answer.

    Parameters
    ----------
    turn
        Held by the one body that is read beside the loop: two at a time would only be slower, and would leave
        less of the processor to everybody else.
    usual
        Makes the record of what is sent in the usual form, with less work; None for all else.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        kind: type[Wire],
        translate: Callable[[Any, float], Record],
        observe: Callable[[str, float, str | None], None],
        turn: asyncio.Lock,
        usual: Callable[[bytes, float], Record | None] | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._kind = kind
        self._translate = translate
        self._observe = observe
        self._turn = turn
        self._usual = usual
        self._limits = pipeline.config.limits
        self._longest = self._limits.line_bytes

    async def take(self, scope: Scope, receive: Receive) -> Response:
        """Answer a request; raise `Refused` where the whole of it is not taken."""
        started, trace = time.perf_counter(), trace_id(scope)
        try:
            if scope["query_string"]:
                # Whoever names a cohort there would have it ignored.
                said_in_query(scope, ())
            body, is_lines = await read_body(scope, receive, self._limits)
            if is_lines:
                answer = await self.many(split_lines(body, self._limits), trace, started)
            else:
                answer = await self._one(body, trace)
        except Refused as refusal:
            self._pipeline.counts.reject(refusal.status)
            raise
        self._observe(scope["path"], time.perf_counter() - started, trace)
        return answer

    async def _one(self, body: bytes, trace: str | None) -> Response:
        is_short = len(body) <= SHORT_BYTES
        now = time.time()
        record = self._record(body, now) if is_short else await self._aside(self._record, body, now)
        receipt = await self._pipeline.accept_one(in_trace(record, trace))
        is_known_now = receipt.outcome in (Outcome.DUPLICATE, Outcome.SCORED)
        return Encoded(_encode(receipt_out(record, receipt)), 200 if is_known_now else 202)

    async def many(self, lines: list[tuple[int, bytes]], trace: str | None, started: float) -> Response:
        """Answer to numbered lines, each of which is an object in JSON."""
        rejected: list[RejectedLine] = []
        outcomes = Counter(dict.fromkeys(Outcome, 0))
        for read, receipts in await self._read_and_kept(lines, trace, outcomes):
            rejected += read.rejected
            if set(map(type, receipts)) - {Receipt}:
                sent = zip(read.numbers, read.records, receipts, strict=True)
                rejected += [
                    _rejected(number, record.utterance_id, refusal)
                    for number, record, refusal in sent
                    if isinstance(refusal, Refused)
                ]
        for line in rejected:
            self._pipeline.counts.reject(line.status)
        answer = BulkOut(
            took_ms=round(1000 * (time.perf_counter() - started)),
            lines=len(lines),
            **{outcome.value: count for outcome, count in outcomes.items()},
            rejected=len(rejected),
            rejected_lines=sorted(rejected, key=lambda line: line.line)[:MOST_TOLD],
        )
        return Encoded(answer.model_dump_json().encode())

    async def _read_and_kept(
        self, lines: list[tuple[int, bytes]], trace: str | None, outcomes: Counter[Outcome]
    ) -> list[tuple[_Lines, list[Receipt | Refused]]]:
        """Read on while what was read before goes to the disk, one portion at a time.

        More of them would be a queue in which everybody else's waits.
        """
        kept: list[tuple[_Lines, list[Receipt | Refused]]] = []
        read, keeping = _Lines(), None
        try:
            async for following in self._read(lines):
                if keeping is not None:
                    kept.append((read, await keeping))
                read, records = following, following.records
                if trace is not None:
                    records = [in_trace(record, trace) for record in records]
                keeping = asyncio.create_task(self._pipeline.accept(records, outcomes))
            if keeping is not None:
                kept.append((read, await keeping))
        except StoreUnavailable as error:
            raise StoreUnavailable(str(error), error.retry_after_s, outcomes.total()) from None
        return kept

    async def _read(self, lines: list[tuple[int, bytes]]) -> AsyncIterator[_Lines]:
        """Read beside the loop, and hand on what makes a transaction."""
        for portion in _portions(lines):
            read = _Lines()
            await self._aside(self._read_some, portion, read)
            yield read

    async def _aside(self, work: Callable[..., T], *parts: Any) -> T:
        async with self._turn:
            return await asyncio.to_thread(work, *parts)

    def _read_some(self, portion: Sequence[tuple[int, bytes]], read: _Lines) -> None:
        now = time.time()
        for number, text in portion:
            try:
                record = self._record(text, now, "the line")
            except Refused as refusal:
                read.rejected.append(_rejected(number, sent_id(text), refusal))
            else:
                read.records.append(record)
                read.numbers.append(number)

    def _record(self, text: bytes, now: float, what: str = "the body") -> Record:
        if len(text) > self._longest:
            raise Refused(413, f"{what} is longer than {self._longest} bytes")
        usual = None if self._usual is None else self._usual(text, now)
        return self._translate(parse(self._kind, text, what), now) if usual is None else usual


def ingest_routes(
    pipeline: Pipeline,
    translator: Translator,
    observe: Callable[[str, float, str | None], None],
    turn: asyncio.Lock,
) -> tuple[APIRouter, list[ShortRoute]]:
    """The routes, and the short ways to them.

    ``observe(route, seconds, trace_id)`` is told how long each request took; ``turn`` is held by the body
    that is read beside the loop.
    """
    router = APIRouter(prefix="/v1", tags=["ingest"], responses={**REFUSALS, **SUCCESS})
    utterances_taker = Taker(
        pipeline, UtteranceIn, translator.utterance, observe, turn, translator.usual_utterance
    )
    references_taker = Taker(pipeline, ReferenceIn, translator.reference, observe, turn)

    @router.post("/utterances", openapi_extra=_schema(UtteranceIn, UTTERANCE_EXAMPLE), summary="Transcripts")
    async def utterances(request: Request) -> Response:
        """Take one final transcript, or NDJSON for many.

        202: on disk. 200: a duplicate, or scored at once because its reference waited.
        """
        return await utterances_taker.take(request.scope, request.receive)

    @router.post("/references", openapi_extra=_schema(ReferenceIn, REFERENCE_EXAMPLE), summary="References")
    async def references(request: Request) -> Response:
        """Take what a human says was spoken, one or NDJSON for many.

        200: scored. 202: waits for its utterance. Only the selections ``random`` and ``requested`` feed
        detection unless configured otherwise.

        With ``recording_id`` in place of ``utterance_id`` it is of all utterances of a recording, or, as
        ``passage``, of a part. It is scored against their hypotheses in spoken order once there are as many
        as ``utterances`` says, or none has come for ``recordings.settle``, and each gets its own counts. 422:
        a passage fits nowhere, or at several places. ``GET /v1/recordings/{recording_id}`` tells what became
        of it.
        """
        return await references_taker.take(request.scope, request.receive)

    short = [
        ShortRoute("/v1/utterances", utterances_taker.take),
        ShortRoute("/v1/references", references_taker.take),
    ]
    return router, short


def _portions(lines: Sequence[tuple[int, bytes]]) -> Iterator[Sequence[tuple[int, bytes]]]:
    sizes = [len(text) for _, text in lines]
    begin = 0
    while begin < len(lines):
        end = min(begin + MOST_RECORDS, len(lines))
        if sum(sizes[begin:end]) > PORTION_BYTES:
            so_far = accumulate(sizes[begin:end])
            end = begin + 1 + sum(1 for size in so_far if size < PORTION_BYTES)
        yield lines[begin:end]
        begin = end


def receipt_out(record: Record, receipt: Receipt) -> dict[str, Any]:
    """What `ReceiptOut` describes, without what is not known."""
    out: dict[str, Any] = {"utterance_id": record.utterance_id}
    if isinstance(record, RecordingReference):
        out = {"recording_id": record.recording_id}
    out["status"] = receipt.outcome.value
    if receipt.utterances is not None:
        out["utterances"] = receipt.utterances
    if receipt.is_late:
        out["late"] = True
    if receipt.cohort is not None:
        out["cohort"] = receipt.cohort
    if receipt.counts is not None:
        out["reference_words"] = receipt.counts.reference_words
        out["substitutions"] = receipt.counts.substitutions
        out["deletions"] = receipt.counts.deletions
        out["insertions"] = receipt.counts.insertions
    if receipt.detects is not None:
        out["used_for_detection"] = receipt.detects
    return out


def _rejected(number: int, utterance_id: str | None, refusal: Refused) -> RejectedLine:
    return RejectedLine(
        line=number,
        utterance_id=utterance_id,
        status=refusal.status,
        detail=refusal.detail,
        pointer=refusal.pointer,
    )
