"""References that wait under another normaliser are told of, and go by age for a reason of their own."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Any

from conftest import CLIENT, BadDay, RunningService, eventually

from service.store.store import FILE_NAME

TOLD = (
    "2 references wait under another normaliser, so they are never scored with what comes now; "
    "send them again"
)
DAY_S = 86_400.0
SAMPLED = {"selection": "random", "probability": 1.0}


def sample(service: RunningService, name: str) -> float:
    [line] = [line for line in service.scrape().splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[1])


def notes(service: RunningService) -> list[str]:
    found: list[str] = CLIENT.get(service.metrics + "/readyz").raise_for_status().json()["notes"]
    return found


def reference(service: RunningService, name: str, **said: Any) -> str:
    status: str = service.post("/v1/references", {"utterance_id": name, **SAMPLED, **said}).json()["status"]
    return status


def test_they_are_told_of_until_they_go(make_service: Callable[..., RunningService], tmp_path: Any) -> None:
    day = BadDay(tmp_path)
    service = make_service(*day.program)
    for name in ("a", "b"):
        assert reference(service, name, reference="no fever") == "waiting"
    # A verdict has no words that could be compared.
    assert reference(service, "c", verdict="correct") == "waiting"
    assert (notes(service), sample(service, "werwatch_incomparable_references")) == ([], 0)
    assert service.stop() == 0
    with closing(sqlite3.connect(service.data_dir / FILE_NAME)) as db, db:
        db.execute("UPDATE waiting_references SET normaliser = 'en-1-0ddba11'")
    service.start()
    assert reference(service, "d", reference="no fever") == "waiting"
    assert TOLD in service.log
    assert (notes(service), sample(service, "werwatch_incomparable_references")) == ([TOLD], 2)
    command = [sys.executable, "-m", "service.cli", "verify", "--config"]
    command.append(str(service.folder / "werwatch.yaml"))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, f"references: good: {TOLD}" in done.stdout.splitlines()) == (0, True)
    for name in ("a", "c"):
        sent = service.post("/v1/utterances", {"utterance_id": name, "hypothesis": "no fever"})
        assert sent.json()["status"] == ("accepted" if name == "a" else "scored")
    assert reference(service, "a", reference="no fever") == "scored"
    day.becomes(clock_s=31 * DAY_S)
    gone = 'werwatch_forgotten_rows_total{kind="reference",reason="%s"}'
    assert eventually(lambda: sample(service, gone % "normaliser") == 2)
    assert eventually(lambda: sample(service, gone % "age") == 1)
    assert (notes(service), sample(service, "werwatch_incomparable_references")) == ([], 0)
