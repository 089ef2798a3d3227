"""Servers and the load generator, each on a processor of its own."""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from conftest import RunningService

from benchmarks.load import Plan, Traffic

PATIENCE_S = 30.0
PROCESSORS = sorted(os.sched_getaffinity(0))
SERVER, LOAD = PROCESSORS[0], PROCESSORS[-1]
BEGIN_S = float(int(time.time()) - 60 * 86_400)
"""When the first utterance was spoken: ten million later it is still the past."""


@dataclass(frozen=True)
class Answers:
    """What the load generator saw of one kind of traffic."""

    per_s: float
    latencies_s: list[float] = field(repr=False)
    next: int

    def quantile(self, share: float) -> float:
        """Seconds within which this share of the answers came."""
        ordered = sorted(self.latencies_s)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    @property
    def p99_s(self) -> float:
        """Seconds within which 99 of 100 answers came."""
        return self.quantile(0.99)

    @property
    def median_s(self) -> float:
        """Seconds within which half of the answers came."""
        return statistics.median(self.latencies_s)


@contextmanager
def pinned(processor: int) -> Iterator[None]:
    """What is started inside stays on this processor, with all its threads."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {processor})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def running(module: str) -> Iterator[str]:
    """A server of this folder, on its port; the address is given."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with pinned(SERVER):
        process = subprocess.Popen([sys.executable, "-m", f"benchmarks.{module}", str(port)])
    try:
        _await(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@contextmanager
def service_in(folder: Path) -> Iterator[RunningService]:
    """The service with its data below this folder, ready to take what comes."""
    service = RunningService(folder)
    with pinned(SERVER):
        service.start()
    try:
        yield service
    finally:
        service.kill()


def load(url: str, seconds: float, *traffic: Traffic) -> list[Answers]:
    """Send traffic to a server and tell what came back.

    Raises
    ------
    RuntimeError
        If anything was refused: a refusal is cheaper than what is measured.
    """
    place = urlsplit(url)
    assert place.hostname is not None
    assert place.port is not None
    plan = Plan(place.hostname, place.port, BEGIN_S, seconds, list(traffic))
    with pinned(LOAD):
        command = [sys.executable, "-m", "benchmarks.load"]
        done = subprocess.run(
            command, input=json.dumps(asdict(plan)), stdout=subprocess.PIPE, text=True, check=True
        )
    answers = []
    for sent, seen in zip(traffic, json.loads(done.stdout), strict=True):
        refused = {status: count for status, count in seen["statuses"].items() if not status.startswith("2")}
        if refused:
            raise RuntimeError(f"{sent}: answered with {refused}")
        latencies_s = seen["latencies_s"]
        answers.append(Answers(len(latencies_s) / seen["seconds"], latencies_s, seen["next"]))
    return answers


def _await(port: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise RuntimeError("the server did not start")
