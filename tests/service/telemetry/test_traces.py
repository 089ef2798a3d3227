"""An alert names distributed traces of utterances that it rests on; erased and old ones are forgotten."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chaos.stream import DETECTION, said
from conftest import CLIENT, BadDay, RunningService, eventually
from stand_in import StandIn, stand_in

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
NDJSON = {"content-type": "application/x-ndjson"}


def parent(trace: int, flags: str = "01") -> dict[str, str]:
    return {"traceparent": f"00-{trace:032x}-00f067aa0ba902b7-{flags}"}


def told_to(server: StandIn) -> list[dict[str, Any]]:
    return [alert for got in server.got for alert in got.json["alerts"]]


def kept(service: RunningService) -> dict[str, str]:
    with sqlite3.connect(service.data_dir / "werwatch.db") as db:
        return dict(db.execute("SELECT utterance_id, trace FROM traces"))


def test_an_alert_names_traces_and_a_notice_links_to_one(make_service: Callable[..., RunningService]) -> None:
    with stand_in() as server:
        service = make_service(
            detection=DETECTION,
            links={"trace": "https://traces.example.org/{trace_id}"},
            receivers=[
                {
                    "name": "oncall",
                    "kind": "webhook",
                    "format": "alertmanager",
                    "unsigned": True,
                    "url": server.url,
                }
            ],
        )
        for begin in range(0, 2_200, 100):
            utterances, references = [], []
            for index in range(begin, begin + 100):
                utterances.append(json.dumps(said(index, 1).utterance()))
                references.append(json.dumps(said(index, 1).correction()))
            service.post("/v1/utterances", "\n".join(utterances).encode(), **NDJSON, **parent(begin + 1))
            # Somebody else's trace: of who corrected it.
            service.post("/v1/references", "\n".join(references).encode(), **NDJSON, **parent(9_999))
        assert eventually(lambda: service.get("/v1/alerts?state=active")["alerts"])
        for alert in service.get("/v1/alerts")["alerts"]:
            traces = [int(trace, 16) for trace in alert["traces"]]
            assert 1 <= len(traces) <= 3
            assert all(trace % 100 == 1 and trace != 9_999 for trace in traces)
            assert traces == sorted(traces, reverse=True)
        wanted = {
            f"https://traces.example.org/{alert['traces'][0]}"
            for alert in service.get("/v1/alerts")["alerts"]
            if alert["told_at"]
        }
        assert eventually(lambda: wanted <= {told["annotations"]["trace_url"] for told in told_to(server)})


def test_only_a_trace_that_was_sampled_is_kept_and_goes_with_its_utterance(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service()

    def post(identity: str, headers: dict[str, str], **fields: Any) -> None:
        body = {"utterance_id": identity, "hypothesis": "no fever", **fields}
        route = "/v1/references" if "reference" in fields else "/v1/utterances"
        service.post(route, body, **headers).raise_for_status()

    post("sampled", parent(1))
    post("unsampled", parent(2, "00"))
    post("broken", {"traceparent": "00-xyz"})
    post("brought", parent(3), reference="no fever")
    post("again", parent(4))
    post("again", parent(5), speaker_id="another")
    assert kept(service) == {
        name: f"{number:032x}" for name, number in (("sampled", 1), ("brought", 3), ("again", 5))
    }
    for identity in ("sampled", "brought"):
        CLIENT.delete(f"{service.api}/v1/utterances/{identity}?author=ann").raise_for_status()
    assert kept(service) == {"again": f"{5:032x}"}


def test_an_engines_result_keeps_its_trace(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    body = {"text": "no fever"}
    service.post("/v1/ingest/vosk?utterance_id=v-1", body, **parent(7)).raise_for_status()
    assert kept(service) == {"v-1": f"{7:032x}"}


def test_traces_end_with_what_was_never_referenced(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    day = BadDay(tmp_path)
    service = make_service(*day.program, privacy={"unreferenced_retention": "1h"})
    body = {"utterance_id": "a", "hypothesis": "no fever", "reference": "no fever"}
    service.post("/v1/references", body, **parent(1)).raise_for_status()
    assert kept(service) == {"a": f"{1:032x}"}
    day.becomes(clock_s=7_200)
    assert eventually(lambda: not kept(service))
    assert eventually(
        lambda: 'werwatch_forgotten_rows_total{kind="trace",reason="age"} 1.0' in service.scrape()
    )
