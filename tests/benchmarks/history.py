"""A file imported over the API, against the load generator's bodies; a replay; a call of the client."""

from __future__ import annotations

import itertools
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from conftest import RunningService
from simulation import Stream, references

from benchmarks.bodies import Bodies
from benchmarks.figures import Asked, Figure, Section, compared
from benchmarks.load import Traffic
from benchmarks.running import BEGIN_S, LOAD, load, pinned, service_in
from benchmarks.timing import turns
from service.client import Client

LINES = 40_000
BULK = 1_000
ROUNDS = 5
SECONDS = 4.0
REPLAYED = 20_000
CALLS = 2_000


def run() -> Section:
    """Let the command and the load generator take turns."""
    imported, inline, sent = [], [], []
    with tempfile.TemporaryDirectory() as name, service_in(Path(name)) as service:
        folder, begin = Path(name), 0
        for turn in range(ROUNDS):
            [answers] = load(service.api, SECONDS, Traffic("/v1/utterances", begin, 1, BULK))
            sent.append(BULK * answers.per_s)
            begin = answers.next
            imported.append(_import(service, folder, _utterances(begin)))
            begin += LINES
            inline.append(_import(service, folder, _references(turn)))
        replayed = _replay(folder)
    return Section(
        "History and client",
        [
            compared(
                "`werwatch import`: utterances / the load generator's NDJSON, one connection",
                "utterances/s",
                imported,
                sent,
                Asked(0.8, "more"),
            ),
            compared("the same, each line with its reference", "lines/s", inline, sent),
            Figure(f"`werwatch replay` of {REPLAYED:,} such lines, in processor time", replayed, "lines/s"),
            _calls(),
        ],
        [f"Medians of {ROUNDS} runs of {LINES:,} lines in turn, with the start of the command taken off."],
    )


def _utterances(begin: int) -> Iterator[bytes]:
    bodies = Bodies(BEGIN_S)
    return map(bodies.utterance, range(begin, begin + LINES))


def _references(turn: int) -> Iterator[bytes]:
    return (
        line.encode() for line in references(Stream(LINES, turn, references_per_day=50_000.0), f"h{turn}-")
    )


def _import(service: RunningService, folder: Path, lines: Iterator[bytes]) -> float:
    """Lines a second."""
    path = folder / "history.ndjson"
    path.write_bytes(b"\n".join(lines))
    idle = folder / "idle.ndjson"
    idle.write_bytes(b"\n")
    took = []
    for each in (idle, path):
        started = time.perf_counter()
        _command("import", str(each), "--api", service.api, "--from-start")
        took.append(time.perf_counter() - started)
    return LINES / (took[1] - took[0])


def _replay(folder: Path) -> float:
    """Lines a second of processor time."""
    path = folder / "history.ndjson"
    took = []
    for count in (1, REPLAYED):
        path.write_bytes(b"\n".join(itertools.islice(_references(0), count)))
        before = os.times()
        _command("replay", str(path))
        after = os.times()
        took.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
    return REPLAYED / (took[1] - took[0])


def _command(*words: str) -> None:
    with pinned(LOAD):
        subprocess.run([sys.executable, "-m", "service.cli", *words], check=True, capture_output=True)


def _calls() -> Figure:
    """A call of the client while the service is away, against writing the same to a log."""
    client = Client("http://127.0.0.1:1")
    about = {"accent": "en-GB-scotland", "site": "imaging-3"}
    log = logging.getLogger("benchmarks.history")
    log.propagate = False
    log.addHandler(logging.StreamHandler(Path(os.devnull).open("w")))  # noqa: SIM115 -- to the end

    def call() -> None:
        for number in range(CALLS):
            client.utterance(f"u-{number}", "no fever since monday", speaker_id="s-17", attributes=about)

    def write() -> None:
        for number in range(CALLS):
            log.warning("%s", json.dumps({"utterance_id": f"u-{number}", "attributes": about}))

    both = turns(call, write)
    client.close(0)
    calls, writes = ([1e6 * each / CALLS for each in times] for times in zip(*both, strict=True))
    return compared("a call of the client, the service away / a line of the log", "us", calls, writes)
