"""``werwatch proxy`` as a process of its own, and what an engine behind it says."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from conftest import CLIENT, RunningService, eventually
from engine_server import Handler

TEXT = {"text": "No fever since Monday.", "language": "english"}
AUDIO = bytes(range(256)) * 300


class Proxy:
    """``werwatch proxy`` on free ports, between an engine and a service; killed at the end of its context."""

    process: subprocess.Popen[bytes]
    url: str
    metrics: str

    def __init__(self, folder: Path, engine: str, service: str, *more: str) -> None:
        self._log = folder / f"proxy-{secrets.token_hex(4)}.log"
        self._command = [sys.executable, "-m", "service.cli", "proxy", "--provider", "openai"]
        self._command += ["--engine", engine, "--api", service]
        self._command += ["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", *more]

    def __enter__(self) -> Self:
        with self._log.open("w") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def start(self) -> Self:
        """Wait until it listens."""
        assert eventually(lambda: "proxy on" in self.log or self.process.poll() is not None)
        found = re.search(r"proxy on (http://\S+), metrics on (http://[\w.:]+)", self.log)
        assert found, self.log
        self.url, self.metrics = found.groups()
        return self

    @property
    def log(self) -> str:
        return self._log.read_text()

    def metric(self, name: str) -> int:
        scraped = CLIENT.get(f"{self.metrics}/metrics").text
        [value] = re.findall(rf"^{re.escape(name)} (\S+)$", scraped, re.MULTILINE)
        return int(float(value))

    def count(self, what: str, outcome: str) -> int:
        return self.metric(f'werwatch_proxy_{what}_total{{outcome="{outcome}"}}')

    def becomes(self, what: str, outcome: str, number: int = 1) -> bool:
        return eventually(lambda: self.count(what, outcome) == number)


def says(status: int = 200, body: Any = TEXT, **headers: str) -> Callable[[Handler], None]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = {"content_type": "application/json", **headers}
    return lambda handler: handler.answer(status, content, **told)


def utterances(service: RunningService) -> dict[str, int]:
    found = re.findall(r'^werwatch_utterances_total\{cohort="(.+)"\} (\S+)$', service.scrape(), re.MULTILINE)
    return {cohort: int(float(number)) for cohort, number in found}
