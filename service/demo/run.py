"""The demo from start to end: a service of its own, the player, the receiver, the screen, the verdict."""

from __future__ import annotations

import asyncio
import base64
import errno
import os
import re
import resource
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import yaml
from rich.console import Console
from rich.live import Live

from service.demo.player import STEPS_A_SECOND, Player
from service.demo.receiver import NoticeReceiver
from service.demo.recording import messages, read_truth
from service.demo.screen import notice_panel, picture, say_verdict
from service.settings.config_file import ENVIRONMENT_PREFIX

API_PORT = 8600
METRICS_PORT = 9600
ANY_PORT = "127.0.0.1:0"
LISTENS = re.compile(r"API on (http://[^\s\"]+), metrics on (http://[^\s\"]+)")
START_S = 120.0
STOP_S = 15.0
SETTLE_S = 60.0
PICTURES = 8
"""How many pictures a terminal that cannot be redrawn gets."""


@dataclass(frozen=True, slots=True)
class _Service:
    api: str
    metrics: str
    start_s: float


class _InUseError(RuntimeError):
    """Another program listens where the service was to."""


def run(recording: str, seconds: float, *, keep: bool) -> int:
    """Run the demo; 0 if the verdict is as it should be, 130 after Ctrl-C."""
    console = Console()
    console.print(f"[bold]werwatch demo[/bold]: three recorded days of a hospital in {seconds:.0f} s")
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    leave_in_order()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="werwatch-demo-") as folder,
            NoticeReceiver(secret) as receiver,
            _service(Path(folder), receiver.url, secret) as service,
        ):
            console.print(f"service ready after {service.start_s:.1f} s, data in a temporary folder")
            is_good = asyncio.run(_watch(console, recording, seconds, receiver, service))
            _say_where(console, service, keep=keep)
            if keep:
                signal.pause()
    except KeyboardInterrupt:
        console.print("stopped")
        return 130
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    console.print(
        f"service: {used.ru_utime + used.ru_stime:.1f} s of CPU, {used.ru_maxrss / 1024:.0f} MB at most",
        style="dim",
        highlight=False,
    )
    return 0 if is_good else 1


def leave_in_order() -> None:
    """Let SIGTERM and a closed terminal take the same way out as Ctrl-C, so that nothing is left running."""
    endings = [
        number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) != signal.SIG_IGN
    ]

    def leave(number: int, frame: FrameType | None) -> None:
        # A closed terminal says it twice, itself and by the shell; the second may not cut the way out short.
        for ending in endings:
            signal.signal(ending, signal.SIG_IGN)
        # Under a running loop this is asyncio's, which cancels the task. An exception raised from here could
        # come up inside a finaliser, which drops it, or take from the loop a callback that it had just taken.
        interrupt = signal.getsignal(signal.SIGINT)
        if not callable(interrupt):
            raise KeyboardInterrupt
        interrupt(number, frame)

    for number in endings:
        signal.signal(number, leave)


async def _watch(
    console: Console, recording: str, seconds: float, receiver: NoticeReceiver, service: _Service
) -> bool:
    truth, stream = read_truth(recording), messages(recording)
    player = Player(service.api, seconds)
    now = stream[0].at
    every = max(1, round(seconds * STEPS_A_SECOND / PICTURES))
    step = told = 0
    async with httpx.AsyncClient(base_url=service.api, timeout=START_S) as client:
        cohorts, alarmed = await _look(client)
        with Live(console=console, refresh_per_second=4, transient=True) as live:
            async for now in player.play(stream):
                step += 1
                if step % (STEPS_A_SECOND // 2) == 0:
                    cohorts, alarmed = await _look(client)
                    if console.is_terminal:
                        live.update(picture(now, truth, cohorts, receiver.notices, alarmed))
                if not console.is_terminal:
                    if step % every == 0 and now < stream[-1].at:
                        console.print(picture(now, truth, cohorts, [], alarmed))
                    for notice in receiver.notices[told:]:
                        console.print(notice_panel(notice))
                    told = len(receiver.notices)
        await _settle(client, receiver)
        cohorts, alarmed = await _look(client)
    console.print(picture(now, truth, cohorts, receiver.notices, alarmed))
    return say_verdict(console, truth, receiver.notices)


async def _look(client: httpx.AsyncClient) -> tuple[dict[str, Any], set[str]]:
    with suppress(httpx.TransportError):
        cohorts = (await client.get("/v1/cohorts")).json()
        alerts = (await client.get("/v1/alerts")).json()["alerts"]
        return cohorts, {alert["cohort"] for alert in alerts if alert["state"] == "firing"}
    return {}, set()


async def _settle(client: httpx.AsyncClient, receiver: NoticeReceiver) -> None:
    """Wait for the webhooks of everything that the service says it raised."""
    deadline = time.monotonic() + SETTLE_S
    while time.monotonic() < deadline:
        alerts = (await client.get("/v1/alerts")).json()["alerts"]
        expected = sum(1 if alert["state"] == "firing" else 2 for alert in alerts)
        if len(receiver.notices) >= expected:
            return
        await asyncio.sleep(0.2)


def _say_where(console: Console, service: _Service, *, keep: bool) -> None:
    console.print(f"\nmetrics   {service.metrics}/metrics\nAPI docs  {service.api}/docs", highlight=False)
    if keep:
        console.print("The service stays up until Ctrl-C.")
    else:
        console.print("They are gone with the demo; KEEP=1 leaves the service up.", style="dim")


@contextmanager
def _service(folder: Path, webhook_url: str, secret: str) -> Iterator[_Service]:
    settings = {
        "listen": f"127.0.0.1:{API_PORT}",
        "metrics_listen": f"127.0.0.1:{METRICS_PORT}",
        "data_dir": str(folder / "data"),
        "receivers": [{"name": "oncall", "kind": "webhook", "url": webhook_url, "secret": secret}],
    }
    started = time.monotonic()
    with ExitStack() as stack:
        try:
            api, metrics = stack.enter_context(_running(folder, settings))
        except _InUseError:
            settings.update(listen=ANY_PORT, metrics_listen=ANY_PORT)
            api, metrics = stack.enter_context(_running(folder, settings))
        yield _Service(api, metrics, time.monotonic() - started)


@contextmanager
def _running(folder: Path, settings: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Where a service with these settings listens, as it says itself, from when it is ready."""
    config, log = folder / "werwatch.yaml", folder / "service.log"
    config.write_text(yaml.safe_dump(settings))
    config.chmod(0o600)
    # The demo is a world of its own: settings of a real service would lead it to that one's store.
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(ENVIRONMENT_PREFIX)
    }
    command = [sys.executable, "-m", "service.cli", "serve", "--config", str(config)]
    with log.open("w") as written:
        # A group of its own: Ctrl-C reaches the demo alone, which then stops the service in order.
        child = subprocess.Popen(
            command, stdout=written, stderr=written, start_new_session=True, env=environment
        )
    try:
        yield _wait_until_ready(child, log)
    finally:
        _stop(child)


def _wait_until_ready(child: subprocess.Popen[bytes], log: Path) -> tuple[str, str]:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if child.poll() is not None:
            said = log.read_text()
            kind = _InUseError if os.strerror(errno.EADDRINUSE) in said else RuntimeError
            raise kind(f"the service did not start:\n{said}")
        if found := LISTENS.search(log.read_text()):
            api, metrics = found.groups()
            with suppress(httpx.TransportError):
                if httpx.get(f"{metrics}/readyz").is_success:
                    return api, metrics
        time.sleep(0.1)
    raise RuntimeError(f"the service was not ready within {START_S:.0f} s")


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
