"""Spans of ingest and delivery, sent to an OpenTelemetry collector over OTLP and HTTP.

Imported only where tracing is configured: the packages that it needs are an extra, ``werwatch[tracing]``.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from service import __version__
from service.config import Tracing
from service.settings.secret_file import read_token

MOST_WAITING = 4_096
"""Spans that wait to go out; more are dropped."""
TIMEOUT_S = 5.0
LAST_S = 1.0
"""How long the service waits for the last ones when it stops."""

logger = logging.getLogger("werwatch.tracing")


class Spans:
    """Makes spans, and sends them in the background. None holds text, or an id of an utterance.

    Parameters
    ----------
    settings
        Where spans go, with an ``endpoint``.

    Raises
    ------
    ConfigError
        If a file cannot be read.
    """

    def __init__(self, settings: Tracing) -> None:
        headers = {}
        if settings.authorization_file is not None:
            headers["Authorization"] = read_token(settings.authorization_file, "tracing.authorization_file")
        # Its own log tells of every failure; `_Heeded` tells of the first and the last.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        exporter = OTLPSpanExporter(str(settings.endpoint), headers=headers, timeout=TIMEOUT_S)
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(settings.sample_ratio)),
            resource=Resource.create({"service.name": "werwatch", "service.version": __version__}),
            shutdown_on_exit=False,
        )
        waiting = BatchSpanProcessor(_Heeded(exporter), max_queue_size=MOST_WAITING)
        self._provider.add_span_processor(waiting)
        self._tracer = self._provider.get_tracer("werwatch", __version__)
        self._context = TraceContextTextMapPropagator()

    @contextmanager
    def of_request(self, route: str, traceparent: str) -> Iterator[Callable[[int], None]]:
        """A span around taking a request, as a child of the caller's; what is yielded takes the status."""
        with self._tracer.start_as_current_span(
            f"POST {route}",
            context=self._context.extract({"traceparent": traceparent}),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": "POST", "http.route": route},
            # A message could hold a value.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:

            def answer(status: int) -> None:
                span.set_attribute("http.response.status_code", status)
                if status >= 500:
                    span.set_status(Status(StatusCode.ERROR))

            yield answer

    @contextmanager
    def of_delivery(
        self, receiver: str, alert_id: str, traces: Sequence[str]
    ) -> Iterator[Callable[[str], None]]:
        """A span around an attempt to deliver a notice; what is yielded takes what came of it.

        Parameters
        ----------
        traces
            Those that the alert names.
        """
        about = {"werwatch.receiver": receiver, "werwatch.alert_id": alert_id, "werwatch.traces": traces}
        with self._tracer.start_as_current_span(
            "deliver notice",
            kind=SpanKind.CLIENT,
            attributes=about,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:

            def end(verdict: str) -> None:
                span.set_attribute("werwatch.verdict", verdict)
                if verdict != "delivered":
                    span.set_status(Status(StatusCode.ERROR))

            yield end

    def close(self) -> None:
        """Send what waits, for a moment."""
        last = threading.Thread(target=self._provider.shutdown, name="werwatch-spans", daemon=True)
        last.start()
        last.join(LAST_S)


class _Heeded(SpanExporter):
    """Says when spans begin to be lost, and when that is over."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._is_failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        is_failing = result is not SpanExportResult.SUCCESS
        if is_failing and not self._is_failing:
            logger.warning("spans cannot be sent to tracing.endpoint now, and are dropped")
        elif self._is_failing and not is_failing:
            logger.warning("spans can be sent again")
        self._is_failing = is_failing
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)
