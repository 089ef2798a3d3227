"""From the recording to on-call: werwatch, a real Prometheus with the shipped rules, a real Alertmanager.

The recorded hospital, every utterance with its reference, then the same days without the noise, until the
recovery is seen. Meanwhile each of the three dies and starts again.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from alertmanager_server import RunningAlertmanager
from conftest import PATIENCE_S, RunningService, eventually, program
from prometheus_server import RULES, RunningPrometheus
from stand_in import stand_in

from service.demo.recording import read_lines, read_truth

pytestmark = pytest.mark.slow
LINES = 500
DAYS = timedelta(days=3)
KEPT, KEPT_HERE = "keep_firing_for: 15m", "keep_firing_for: 20s"
"""A recovery is told so long after it, and no restart may take longer."""
OURS, THEIRS = "WerwatchDifferential", "WerwatchDifferentialDegradation"
"""The alert as werwatch pushes it, and as Prometheus does by the rules."""
ALWAYS = "WerwatchWatchdog"


@dataclass
class World:
    """All three, wired to each other, and whom Alertmanager tells."""

    service: RunningService
    prometheus: RunningPrometheus
    alertmanager: RunningAlertmanager

    def hears(self, recording: str, later: timedelta = timedelta(0)) -> Iterator[None]:
        """Post a recording, portion after portion, as if it had been made later."""
        lines = []
        for line in read_lines(recording):
            line.pop("equipment", None)
            spoken_at = datetime.fromisoformat(line["spoken_at"]) + later
            name = f"{line['utterance_id']}-{later.days}"
            random = {"selection": "random", "probability": 1.0}
            lines.append({**line, "utterance_id": name, "spoken_at": spoken_at.isoformat(), **random})
        for begin in range(0, len(lines), LINES):
            portion = lines[begin : begin + LINES]
            body = "\n".join(map(json.dumps, portion)).encode()
            answer = self.service.post("/v1/references", body, **{"content-type": "application/x-ndjson"})
            assert answer.json()["scored"] == len(portion), answer.text
            yield

    def told(self) -> Counter[tuple[str, str, str]]:
        """What on-call was told: alert, cohort, and whether it fires."""
        return Counter(
            (alert["labels"]["alertname"], alert["labels"].get("cohort", ""), alert["status"])
            for got in self.alertmanager.told.got
            for alert in got.json["alerts"]
            if alert["labels"]["alertname"] != ALWAYS
        )

    def is_told(self, *expected: tuple[str, str, str]) -> bool:
        """Whether on-call is told each of these once, and nothing else, before patience ends."""
        deadline = time.monotonic() + PATIENCE_S
        while self.told() != Counter(expected) and time.monotonic() < deadline:
            time.sleep(0.1)
        # Whatever comes twice, comes soon.
        time.sleep(3.0)
        return self.told() == Counter(expected)


@contextmanager
def world(
    folder: Path,
    make_service: Callable[..., RunningService],
    make_prometheus: Callable[..., RunningPrometheus],
    hold_port: Callable[[], int],
) -> Iterator[World]:
    rules = folder / "rules"
    rules.mkdir()
    for path in RULES.glob("*.rules.yml"):
        (rules / path.name).write_text(path.read_text().replace(KEPT, KEPT_HERE))
    assert any(KEPT_HERE in path.read_text() for path in rules.iterdir())
    with stand_in() as told:
        binary = program("prometheus-alertmanager", "prometheus-alertmanager")
        alertmanager = RunningAlertmanager(binary, folder, hold_port(), told)
        try:
            alertmanager.start()
            pushed = {
                "name": "oncall",
                "kind": "alertmanager",
                "url": alertmanager.url,
                "active_for_at_least": "1s",
            }
            service = make_service(
                receivers=[pushed],
                listen=f"127.0.0.1:{hold_port()}",
                metrics_listen=f"127.0.0.1:{hold_port()}",
            )
            prometheus = make_prometheus(service.metrics, alertmanagers=[alertmanager.url], rules=rules)
            yield World(service, prometheus, alertmanager)
        finally:
            alertmanager.stop()


def test_a_cohort_that_gets_worse_is_told_once_and_its_recovery_once(
    tmp_path: Path,
    make_service: Callable[..., RunningService],
    make_prometheus: Callable[..., RunningPrometheus],
    hold_port: Callable[[], int],
) -> None:
    cohort = read_truth("hospital").accent
    with world(tmp_path, make_service, make_prometheus, hold_port) as here:
        for number, _ in enumerate(here.hears("hospital")):
            if number % 12 == 6:
                here.service.kill()
                here.service.start()
        fired = [(OURS, cohort, "firing"), (THEIRS, cohort, "firing")]
        assert here.is_told(*fired), here.told()
        here.prometheus.kill()
        here.alertmanager.stop()
        here.service.kill()
        here.service.start()
        here.alertmanager.start()
        here.prometheus.start()
        for _ in here.hears("control", DAYS):
            if not here.service.get("/v1/alerts?state=active")["alerts"]:
                break
        resolved = [(OURS, cohort, "resolved"), (THEIRS, cohort, "resolved")]
        assert here.is_told(*fired, *resolved), here.told()
        [alert] = here.service.get("/v1/alerts")["alerts"]
        assert (alert["state"], alert["resolution"]) == ("resolved", "recovered")


def test_days_without_a_change_are_not_told_of(
    tmp_path: Path,
    make_service: Callable[..., RunningService],
    make_prometheus: Callable[..., RunningPrometheus],
    hold_port: Callable[[], int],
) -> None:
    with world(tmp_path, make_service, make_prometheus, hold_port) as here:
        for _ in here.hears("control"):
            pass
        assert here.is_told(), here.told()
        assert here.service.get("/v1/alerts")["alerts"] == []
        # The way from Prometheus to on-call was there all the same.
        assert eventually(lambda: here.alertmanager.told.got)
