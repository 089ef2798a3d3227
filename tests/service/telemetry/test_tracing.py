"""Spans of ingest and delivery reach a collector over OTLP, tell nothing that was said, hold up nobody."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

from chaos.stream import DETECTION
from conftest import PATIENCE_S, RunningService, catches_up, eventually, score
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from stand_in import Reply, StandIn, stand_in

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
WORDS = "tachycardia"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
UNSAMPLED = {"traceparent": f"00-{TRACE[::-1]}-00f067aa0ba902b7-00"}


def spans(collector: StandIn) -> list[dict[str, Any]]:
    found = []
    for got in collector.got:
        for resource in ExportTraceServiceRequest.FromString(got.body).resource_spans:
            names = {each.key: each.value.string_value for each in resource.resource.attributes}
            assert names["service.name"] == "werwatch"
            for scope in resource.scope_spans:
                found += [
                    {
                        "name": span.name,
                        "trace": span.trace_id.hex(),
                        "parent": span.parent_span_id.hex(),
                        "is_error": span.status.code == 2,
                        **{each.key: each.value for each in span.attributes},
                    }
                    for span in scope.spans
                ]
    return found


def test_what_is_taken_has_a_span_in_the_trace_that_it_came_in(
    make_service: Callable[..., RunningService],
) -> None:
    with stand_in() as collector:
        service = make_service(tracing={"endpoint": f"{collector.url}/v1/traces"})
        body = {"utterance_id": "its-id", "hypothesis": WORDS}
        service.post("/v1/utterances", body, **PARENT)
        service.post("/v1/utterances", {}, **PARENT)
        service.post("/v1/utterances", {"utterance_id": "b", "hypothesis": WORDS}, **UNSAMPLED)
        service.post(f"/v1/ingest/{WORDS}", {})
        service.get("/v1/cohorts")
        assert service.stop() == 0
    taken, refused, unknown = spans(collector)
    assert (taken["name"], taken["trace"], taken["parent"]) == (
        "POST /v1/utterances",
        TRACE,
        "00f067aa0ba902b7",
    )
    assert [each["http.response.status_code"].int_value for each in (taken, refused, unknown)] == [
        202,
        422,
        404,
    ]
    assert unknown["name"] == "POST /v1/ingest/{provider}"
    assert not any(each["is_error"] for each in (taken, refused, unknown))
    for got in collector.got:
        assert WORDS.encode() not in got.body
        assert b"its-id" not in got.body


def test_each_attempt_to_deliver_has_one(make_service: Callable[..., RunningService]) -> None:
    replies = iter([500])
    with (
        stand_in() as collector,
        stand_in(lambda _: Reply(next(replies, 200))) as server,
    ):
        receiver = {"name": "oncall", "kind": "webhook", "url": server.url, "secret": SECRET}
        service = make_service(
            detection=DETECTION,
            receivers=[receiver],
            tracing={"endpoint": f"{collector.url}/v1/traces", "sample_ratio": 1.0},
        )
        score(service, 0, 1_300)
        assert eventually(lambda: len(server.got) >= 2)
        # None may be on its way at the stop.
        assert catches_up(service)
        pending = 'werwatch_outbox_notices{receiver="oncall",state="pending"} 0.0'
        assert eventually(lambda: pending in service.scrape())
        assert service.stop() == 0
    delivered = [span for span in spans(collector) if span["name"] == "deliver notice"]
    assert {span["werwatch.receiver"].string_value for span in delivered} == {"oncall"}
    assert {span["werwatch.alert_id"].string_value for span in delivered} <= {
        got.json["data"]["alert_id"] for got in server.got
    }
    assert len(delivered) == len(server.got)
    assert [span["werwatch.verdict"].string_value for span in delivered if span["is_error"]] == ["retry"]


def test_a_collector_that_does_not_answer_holds_up_nobody(
    make_service: Callable[..., RunningService],
) -> None:
    with stand_in(lambda _: Reply(503)) as collector:
        service = make_service(tracing={"endpoint": collector.url})
        for number in range(20):
            body = {"utterance_id": str(number), "hypothesis": "no fever"}
            assert service.post("/v1/utterances", body).status_code == 202
        assert eventually(lambda: "spans cannot be sent to tracing.endpoint now" in service.log)
        assert service.stop() == 0
    assert service.log.count("spans cannot be sent") == 1


def test_nothing_of_it_is_imported_where_it_is_off() -> None:
    parts = "'opentelemetry.sdk', 'opentelemetry.exporter', 'google.protobuf', 'requests'"
    ask = f"import sys, service.serve\nassert not {{{parts}}} & {{*sys.modules}}"
    subprocess.run([sys.executable, "-c", ask], check=True, timeout=PATIENCE_S)


def test_who_asks_for_it_without_the_packages_is_told_what_to_install() -> None:
    ask = (
        "import sys; sys.modules['opentelemetry.sdk'] = None\n"
        "from service.config import Config\n"
        "from service.errors import ConfigError\n"
        "from service.telemetry.tracing import spans_of\n"
        "try: spans_of(Config(tracing={'endpoint': 'http://127.0.0.1:1'}))\n"
        "except ConfigError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", ask], check=True, timeout=PATIENCE_S, capture_output=True, text=True
    )
    assert done.stdout == "tracing.endpoint: needs OpenTelemetry: pip install 'werwatch[tracing]'\n"
