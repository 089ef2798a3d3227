"""Calls of an engine through the proxy, against the same calls without it."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conftest import eventually

from benchmarks.engine import TAKES_S
from benchmarks.figures import Figure, Section, compared
from benchmarks.load import Traffic
from benchmarks.running import SERVER, Answers, load, pinned, running, service_in

CONNECTIONS = 4
ROUNDS = 5
SECONDS = 4.0


def run() -> Section:
    """Let both take turns."""
    direct: list[Answers] = []
    proxied: list[Answers] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        running("engine") as engine,
        service_in(Path(folder)) as service,
        _proxy(engine, service.api, Path(folder) / "proxy.log") as proxy,
    ):
        for _ in range(ROUNDS):
            direct += load(engine, SECONDS, Traffic("/v1/audio", 0, CONNECTIONS))
            proxied += load(proxy, SECONDS, Traffic("/v1/audio", 0, CONNECTIONS))
    pairs = list(zip(proxied, direct, strict=True))
    added_ms = sorted(1e3 * (through.p99_s - without.p99_s) for through, without in pairs)
    return Section(
        f"An engine through the proxy, {CONNECTIONS} connections",
        [
            compared(
                "median of a call / without the proxy",
                "ms",
                [1e3 * each.median_s for each in proxied],
                [1e3 * each.median_s for each in direct],
            ),
            compared(
                "its 99th percentile",
                "ms",
                [1e3 * each.p99_s for each in proxied],
                [1e3 * each.p99_s for each in direct],
            ),
            Figure("added to the 99th percentile", added_ms[ROUNDS // 2], "ms"),
        ],
        [
            f"Medians of {ROUNDS} runs of {SECONDS:g} s each, in turn; an engine takes {1e3 * TAKES_S:g} ms.",
            "Engine, proxy and the service, which takes the copies meanwhile, share a processor.",
        ],
    )


@contextmanager
def _proxy(engine: str, service: str, log: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "service.cli", "proxy", "--engine", engine, "--provider", "openai"]
    command += ["--api", service, "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"]
    with pinned(SERVER), log.open("w") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            if not eventually(lambda: "metrics on" in log.read_text()):
                raise RuntimeError(log.read_text())
            [url] = re.findall(r"proxy on (http://[^\s\",]+)", log.read_text())
            yield url
        finally:
            process.kill()
