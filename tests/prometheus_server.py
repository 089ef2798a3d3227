"""A real Prometheus on a port of 127.0.0.1, for tests that let it scrape and ask it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from child import stop

START_S = STOP_S = 180.0
RULES = Path(__file__).parents[1] / "deploy" / "prometheus"

Series = dict[frozenset[tuple[str, str]], float]


@dataclass
class RunningPrometheus:
    """Prometheus with its data in a folder, scraping every second; stopped by its own process id.

    Parameters
    ----------
    binary
        The program.
    folder
        Where configuration, data and log lie; they stay over a restart.
    port
        Where it listens, a `held_port`.
    targets
        URLs of the metrics listeners.
    alertmanagers
        URLs of Alertmanagers to send alerts to.
    has_rules
        Whether it evaluates rules, every second too.
    rules
        The folder with them; without it, those that are shipped.
    """

    binary: str
    folder: Path
    port: int
    targets: Sequence[str]
    alertmanagers: Sequence[str] = ()
    has_rules: bool = True
    rules: Path = RULES
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> RunningPrometheus:
        config = self.folder / "prometheus.yml"
        config.write_text(yaml.safe_dump(self._configuration()))
        options = [
            f"--config.file={config}",
            f"--storage.tsdb.path={self.folder}/tsdb",
            f"--web.listen-address=127.0.0.1:{self.port}",
            # What fires before it knows its Alertmanager would else be sent a minute later.
            "--rules.alert.resend-delay=5s",
        ]
        with (self.folder / "prometheus.log").open("ab") as log:
            self.process = subprocess.Popen([self.binary, *options], stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self.process.poll() is None:
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/-/ready").is_success:
                    return self
            time.sleep(0.1)
        raise RuntimeError((self.folder / "prometheus.log").read_text())

    def _configuration(self) -> dict[str, Any]:
        rules = [str(path) for path in self.rules.glob("*.rules.yml") if self.has_rules]
        return {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": rules,
            "scrape_configs": [{"job_name": "werwatch", "static_configs": [_hosts(self.targets)]}],
            "alerting": {"alertmanagers": [{"static_configs": [_hosts(self.alertmanagers)]}]},
        }

    def stop(self) -> None:
        stop(self.process, STOP_S)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(STOP_S)

    def query(self, expression: str) -> Series:
        """What an expression gives now: value by labels, without the metric's name and the job."""
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": expression})
        assert answer.is_success, answer.text
        result = answer.json()["data"]["result"]
        return {_labels(each["metric"]): float(each["value"][1]) for each in result}

    def value(self, expression: str) -> float | None:
        """The one value that an expression gives now; None where there is none yet."""
        series = self.query(expression)
        assert len(series) <= 1, series
        return next(iter(series.values()), None)


def _labels(metric: dict[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset((name, value) for name, value in metric.items() if name not in ("__name__", "job"))


def _hosts(urls: Sequence[str]) -> dict[str, list[str]]:
    return {"targets": [url.removeprefix("http://") for url in urls]}
