"""A real Alertmanager on a port of 127.0.0.1, which tells a local server of everything at once."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from child import stop
from prometheus_server import START_S, STOP_S
from stand_in import StandIn


@dataclass
class RunningAlertmanager:
    """Alertmanager with its data in a folder; stopped by its own process id.

    Parameters
    ----------
    binary
        The program.
    folder
        Where configuration, data and log lie; they stay over a restart.
    port
        Where it listens, a `held_port`.
    told
        Whom it tells, each alert by itself.
    """

    binary: str
    folder: Path
    port: int
    told: StandIn
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> RunningAlertmanager:
        route = {"receiver": "r", "group_by": ["..."], "group_wait": "100ms", "group_interval": "200ms"}
        hook = {"url": self.told.url, "send_resolved": True}
        config = {"route": route, "receivers": [{"name": "r", "webhook_configs": [hook]}]}
        (self.folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
        command = [
            self.binary,
            f"--config.file={self.folder}/alertmanager.yml",
            f"--storage.path={self.folder}/data",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
        ]
        log = self.folder / "alertmanager.log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self.process.poll() is None and not self.is_ready():
            time.sleep(0.05)
        assert self.is_ready(), log.read_text()
        return self

    def is_ready(self) -> bool:
        try:
            return httpx.get(self.url + "/-/ready").is_success
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        stop(self.process, STOP_S)

    def alerts(self) -> list[Any]:
        found: list[Any] = httpx.get(self.url + "/api/v2/alerts").raise_for_status().json()
        return found

    def statuses(self) -> list[str]:
        """What it told, in order."""
        return [got.json["status"] for got in self.told.got]
