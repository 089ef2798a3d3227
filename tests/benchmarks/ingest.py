"""Durable ingest over HTTP, against a route that only validates the same body."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import httpx
from conftest import RunningService

from benchmarks.timing import table
from service.demo.recording import read_lines

REQUESTS = 1_500
CLIENTS = 16
BULK = 1_000
BULKS = 8
NUMBERS = itertools.count()


def run() -> None:
    """Print the table."""
    lines = [line for _, line in zip(range(2_000), read_lines("hospital"), strict=False)]
    for line in lines:
        line.pop("reference")
        line.pop("equipment", None)
    with tempfile.TemporaryDirectory() as folder:
        service = RunningService(Path(folder)).start()
        port = _free_port()
        bare = subprocess.Popen([sys.executable, "-m", "benchmarks.bare", str(port)])
        try:
            baseline_url = f"http://127.0.0.1:{port}"
            _wait(baseline_url)
            single, baseline = [], []
            for _ in range(3):
                single.append(asyncio.run(_singles(service.api, lines)))
                baseline.append(asyncio.run(_singles(baseline_url, lines)))
            bulk = asyncio.run(_bulks(service.api, lines))
        finally:
            bare.terminate()
            bare.wait()
            service.kill()
    per_request, per_baseline = sorted(single)[1], sorted(baseline)[1]
    rows = [
        ["what", "utterances/s", "ratio to the bare route"],
        ["a route that only validates", f"{per_baseline:.0f}", "1.00"],
        ["one object, durable, hashed", f"{per_request:.0f}", f"{per_request / per_baseline:.2f}"],
        [f"NDJSON of {BULK}, durable, hashed", f"{bulk:.0f}", f"{bulk / per_baseline:.2f}"],
    ]
    table(f"ingest over HTTP, {CLIENTS} clients", rows)


async def _singles(url: str, lines: list[dict[str, object]]) -> float:
    bodies = iter([_fresh(lines[n % len(lines)]) for n in range(REQUESTS)])
    headers = {"content-type": "application/json"}

    async def client() -> None:
        async with httpx.AsyncClient(base_url=url) as http:
            for body in bodies:
                (await http.post("/v1/utterances", content=body, headers=headers)).raise_for_status()

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return REQUESTS / (time.perf_counter() - started)


async def _bulks(url: str, lines: list[dict[str, object]]) -> float:
    bodies = [b"\n".join(_fresh(lines[n]) for n in range(BULK)) for _ in range(BULKS)]
    headers = {"content-type": "application/x-ndjson"}
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        started = time.perf_counter()
        for body in bodies:
            (await http.post("/v1/utterances", content=body, headers=headers)).raise_for_status()
        return BULK * BULKS / (time.perf_counter() - started)


def _fresh(line: dict[str, object]) -> bytes:
    return json.dumps({**line, "utterance_id": f"b{next(NUMBERS)}"}).encode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            httpx.get(url)
            return
        time.sleep(0.1)
    raise RuntimeError("the bare route did not start")
