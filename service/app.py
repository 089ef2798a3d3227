"""The two applications of one service: the API, and metrics with health."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.telemetry import TelemetryConfig
from prometheus_client.exposition import choose_encoder
from starlette.types import ASGIApp

from service import __version__
from service.api.access import Access, declare
from service.api.admin import admin_routes
from service.api.alerts import alert_routes
from service.api.bounds import Bounds
from service.api.claims import claim_routes
from service.api.docs import DOCS_POLICY, docs_page
from service.api.erasures import erasure_routes
from service.api.files import file_routes
from service.api.framing import Framing
from service.api.ingest import ingest_routes
from service.api.known_query import only_known_in_query
from service.api.notices import notice_routes
from service.api.problems import Unforeseen, install
from service.api.providers import provider_routes
from service.api.query import query_routes
from service.api.recordings import recording_routes
from service.api.request_ids import RequestIds
from service.api.short_way import ShortWay
from service.api.silences import silence_routes
from service.api.slices import slice_routes
from service.api.translate import Translator
from service.api.wire import FUTURE_S
from service.delivery.dead_letters import DeadLetters
from service.pipeline import Pipeline
from service.settings.reloading import Reloading
from service.store.reader import Reader
from service.store.rows.incomparable import told
from service.store.writer import ENDED
from service.telemetry.metrics import Metrics
from service.telemetry.tracing import Traced

if TYPE_CHECKING:
    from service.telemetry.spans import Spans

AHEAD = (
    "the stream's time is {:.1f} h ahead of the clock, which was wrong before or is now; until it has caught "
    "up, what is spoken can hardly raise an alert"
)


class _Guarded(FastAPI):
    """An app whose description says which scope each route needs."""

    def openapi(self) -> dict[str, Any]:
        return declare(super().openapi())


def _bare_app(title: str, kind: type[FastAPI] = FastAPI, **options: Any) -> FastAPI:
    # FastAPI's own telemetry would tell of failed validations with what was sent, and of ids in paths.
    off: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
    # A redirect names a URL as the service sees it: behind a proxy that speaks TLS, one without TLS, to which
    # a client would send once more what was said.
    return kind(title=title, version=__version__, telemetry=off, redirect_slashes=False, **options)


def build_api(
    pipeline: Pipeline, reader: Reader, metrics: Metrics, reloading: Reloading, spans: Spans | None = None
) -> ASGIApp:
    """The API: ingest and queries, behind bearer tokens where they are configured."""
    admission = reloading.admission
    app = _bare_app(
        "werwatch",
        _Guarded if admission.tokens else FastAPI,
        summary="Last-mile drift monitor for speech transcription.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,
        redoc_url=None,
    )

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(docs_page(app.openapi()), headers={"Content-Security-Policy": DOCS_POLICY})

    translator = Translator(pipeline.config, pipeline.hasher, pipeline.counts)
    turn = asyncio.Lock()
    ingest, short = ingest_routes(pipeline, translator, metrics.observe, turn)
    app.include_router(ingest)
    app.include_router(provider_routes(pipeline, translator, metrics.observe, turn))
    app.include_router(file_routes(pipeline, translator, metrics.observe, turn))
    routers = [
        query_routes(pipeline, reader, translator.normaliser_version),
        slice_routes(pipeline),
        recording_routes(pipeline, reader),
        alert_routes(pipeline.attending, reader),
        notice_routes(DeadLetters(pipeline), reader),
        claim_routes(pipeline, reader),
        silence_routes(pipeline.attending, reader),
        admin_routes(pipeline, reader, reloading),
        erasure_routes(pipeline.erasing, reader),
    ]
    for router in routers:
        app.include_router(router, dependencies=[Depends(only_known_in_query)])
    install(app)
    guarded: ASGIApp = Bounds(ShortWay(app, short), pipeline.config.limits)
    if admission.tokens:
        guarded = Access(guarded, lambda: admission.tokens)
    if spans is not None:
        guarded = Traced(guarded, spans)
    return RequestIds(Unforeseen(Framing(guarded)))


def build_metrics(pipeline: Pipeline, reader: Reader, metrics: Metrics) -> ASGIApp:
    """Metrics and health: no text, no ids, no token."""
    app = _bare_app("werwatch metrics", openapi_url=None)
    normaliser, has_incomparable = pipeline.config.normaliser.version, pipeline.has_incomparable

    @app.head("/metrics")
    @app.get("/metrics")
    async def scrape(request: Request) -> Response:
        encoder, content_type = choose_encoder(request.headers.get("accept", ""))
        content = await asyncio.to_thread(encoder, metrics.registry)
        return Response(content, headers={"content-type": content_type})

    @app.head("/healthz")
    @app.get("/healthz")
    async def healthy() -> dict[str, str]:
        return {"status": "ok"}

    @app.head("/readyz")
    @app.get("/readyz")
    async def ready() -> JSONResponse:
        writer, behind = pipeline.writer, pipeline.watch.rows_behind
        is_ready = writer.is_alive and writer.failure is None
        status = "ready"
        if not writer.is_alive:
            status = ENDED
        elif writer.failure is not None:
            status = f"the store cannot be written: {writer.failure}"
        notes = [f"the monitor reads the history again, {behind} rows are left"] if behind else []
        # Of a store that cannot be read the status says more.
        with suppress(sqlite3.Error):
            waiting = await asyncio.to_thread(reader.incomparable, normaliser) if has_incomparable else 0
            notes += [told(waiting)] if waiting else []
        ahead_s = pipeline.watch.now_s - time.time()
        if ahead_s > FUTURE_S:
            notes.append(AHEAD.format(ahead_s / 3_600))
        content = {"status": status, "notes": notes, "keeps_text": pipeline.config.privacy.keep_text}
        return JSONResponse(content, 200 if is_ready else 503)

    install(app)
    return Unforeseen(app)
