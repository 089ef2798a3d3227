"""The route that takes references as the tools of those who correct save them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Request
from starlette.responses import Response
from starlette.types import Receive, Scope

from service.api.beside import NAME, parameters, said_of, truth
from service.api.body import JSON, read_bytes
from service.api.headers import header
from service.api.ingest import SHORT_BYTES, BulkOut, Taker
from service.api.invalid import wrong
from service.api.problems import refusals
from service.api.trace import trace_id
from service.api.translate import Translator
from service.api.wire import ReferenceIn, made, parse_any
from service.errors import Refused
from service.formats import OF_REFERENCES, READERS, label_studio
from service.formats.gathered import Gathered, gathered
from service.formats.segment import Segment
from service.pipeline import Pipeline
from service.providers.reading import Node

ROUTE = "/v1/references/{format}"
LABEL_STUDIO = "label_studio"
TYPES = ("text/plain", "text/vtt", "application/x-subrip", "application/octet-stream")


def _label_studio(body: bytes) -> list[Segment]:
    return label_studio.read(Node(parse_any(body)))


FORMATS: Mapping[str, Callable[[bytes], list[Segment]]] = {
    LABEL_STUDIO: _label_studio,
    **{name: READERS[name] for name in OF_REFERENCES},
}
"""Every name under ``/v1/references/``."""
FIELDS: dict[str, Mapping[str, Any]] = {
    "utterance_id": NAME,
    "recording_id": NAME,
    "passage": {"type": "boolean"},
    "reference_kind": {"type": "string", "enum": ["verbatim", "edited", "read_script"]},
    "selection": {"type": "string", "enum": ["random", "requested", "volunteered"]},
    "probability": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    "corrected_at": {"type": "string", "format": "date-time"},
}
"""What can be said beside a file, as OpenAPI describes it; it holds for every reference in it."""


class FileTaker:
    """Takes a file of references: read, gather, and hand on as lines of references.

    Parameters
    ----------
    taker
        Takes references in JSON.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        taker: Taker,
        observe: Callable[[str, float, str | None], None],
        turn: asyncio.Lock,
    ) -> None:
        self._pipeline = pipeline
        self._taker = taker
        self._observe = observe
        self._turn = turn

    async def take(self, scope: Scope, receive: Receive, name: str) -> Response:
        """Answer a request; raise `Refused` where nothing of it is taken."""
        started, trace = time.perf_counter(), trace_id(scope)
        try:
            if name not in FORMATS:
                raise Refused(404, f"no such format; known are {', '.join(FORMATS)}")
            _must_have_its_type(scope, name)
            said = _said(scope)
            body = await read_bytes(scope, receive, self._pipeline.config.limits.body_bytes)
            if len(body) <= SHORT_BYTES:
                lines = self._lines(name, body, said)
            else:
                async with self._turn:
                    lines = await asyncio.to_thread(self._lines, name, body, said)
            answer = await self._taker.many(lines, trace, started)
        except Refused as refusal:
            self._pipeline.counts.reject(refusal.status)
            raise
        self._observe(ROUTE, time.perf_counter() - started, trace)
        return answer

    def _lines(self, name: str, body: bytes, said: dict[str, Any]) -> list[tuple[int, bytes]]:
        """References in JSON with their lines in the file."""
        found = gathered(FORMATS[name](body), said.get("utterance_id"), said.get("recording_id"))
        most = self._pipeline.config.limits.lines
        if len(found) > most:
            raise Refused(413, f"the file has {len(found)} references, more than {most}; split it")
        return [(each.line, msgspec.json.encode(said | _fields(each))) for each in found]


def file_routes(
    pipeline: Pipeline,
    translator: Translator,
    observe: Callable[[str, float, str | None], None],
    turn: asyncio.Lock,
) -> APIRouter:
    """The route; parameters as of `service.api.ingest.ingest_routes`."""
    router = APIRouter(
        prefix="/v1/references",
        tags=["ingest"],
        responses=refusals(400, 404, 408, 413, 415, 422, 503),
    )
    taker = FileTaker(
        pipeline, Taker(pipeline, ReferenceIn, translator.reference, observe, turn), observe, turn
    )
    content: dict[str, Any] = {
        media_type: {"schema": {"type": "string", "description": "The file as it is, in UTF-8."}}
        for media_type in TYPES
    }
    content[JSON] = {"schema": {"description": "What Label Studio's webhook sends, or its export."}}
    described = {
        "parameters": parameters((), FIELDS),
        "requestBody": {"required": True, "content": content},
    }

    @router.post(
        "/{format}", openapi_extra=described, summary="References as tools save them", response_model=BulkOut
    )
    async def references(
        request: Request,
        format: Annotated[str, Path(json_schema_extra={"enum": [*FORMATS]})],  # noqa: A002
    ) -> Response:
        """Take a file of references as it is: TRN, STM, SRT, WebVTT, or what Label Studio sends or exports.

        TRN and Label Studio name utterances, STM and Label Studio recordings; of a file that names nothing
        ``utterance_id`` or ``recording_id`` says what it is about. Segments of a recording are joined in
        spoken order; what lies between stretches that an STM file marks as out of bounds are passages. Of
        alternative wordings the first counts. What is said in the query can also stand in headers:
        ``X-Werwatch-Recording-Id`` is ``recording_id``.
        """
        return await taker.take(request.scope, request.receive, format)

    return router


def _must_have_its_type(scope: Scope, name: str) -> None:
    media_type = header(scope, b"content-type", "").partition(";")[0].strip().lower()
    if name == LABEL_STUDIO:
        if media_type not in ("", JSON):
            raise Refused(415, f"expected Content-Type {JSON}")
    elif media_type and not media_type.startswith("text/") and media_type not in TYPES:
        raise Refused(415, f"expected Content-Type {' or '.join(TYPES)}")


def _said(scope: Scope) -> dict[str, Any]:
    """What is said of every reference of the file, checked as if it were one."""
    said: dict[str, Any] = {**said_of(scope, FIELDS)}
    if "passage" in said:
        said["passage"] = truth("passage", said["passage"])
    if "probability" in said:
        said["probability"] = _number("probability", said["probability"])
    if "utterance_id" in said and "recording_id" in said:
        raise Refused(422, "recording_id: expected one of utterance_id and recording_id", "#/recording_id")
    about = {} if "utterance_id" in said or "recording_id" in said else {"recording_id": "file"}
    made(ReferenceIn, {"reference": "", **about, **said})
    return said


def _number(name: str, text: str) -> float:
    try:
        return msgspec.convert(text, float, strict=False)
    except msgspec.ValidationError:
        raise wrong([name], {"properties": FIELDS}) from None


def _fields(found: Gathered) -> dict[str, Any]:
    fields: dict[str, Any] = {"reference": found.text}
    if found.utterance_id is not None:
        fields["utterance_id"] = found.utterance_id
    else:
        fields["recording_id"] = found.recording_id
    if found.is_passage:
        fields["passage"] = True
    return fields
