"""The demo from outside, as a newcomer runs it, only faster."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import psutil
import pytest
from conftest import PATIENCE_S, eventually

from service.demo.run import API_PORT, METRICS_PORT, _service

SECONDS = "12"


@pytest.fixture(scope="module", autouse=True)
def usual_ports_are_taken() -> Iterator[None]:
    """Two that look for a free port at the same time find the same, where it is not any free one."""
    with ExitStack() as stack:
        for port in (API_PORT, METRICS_PORT):
            with suppress(OSError):
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
        yield


def demo(recording: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "service.cli", "demo", "--seconds", SECONDS, "--recording", recording]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def played() -> dict[str, subprocess.CompletedProcess[str]]:
    """Both recordings, at the same time: most of it is waiting."""
    recordings = ("hospital", "control")
    with ThreadPoolExecutor() as threads:
        return dict(zip(recordings, threads.map(demo, recordings), strict=True))


@pytest.mark.slow
def test_the_alert_is_raised_for_the_floor_with_the_noise(
    played: dict[str, subprocess.CompletedProcess[str]],
) -> None:
    done = played["hospital"]
    assert done.returncode == 0, done.stdout + done.stderr
    verdict = done.stdout[done.stdout.index("verdict") :]
    assert "injected  Tue 03 Mar 09:00 UTC" in verdict
    assert re.search(r"raised\s+Tue 03 Mar \d\d:\d\d UTC: en-gb-scotland: WER", verdict)
    assert "site=imaging-3: nearly all of the excess errors" in verdict
    assert "found, 0 false alarm(s)" in verdict
    assert "signature verified" in done.stdout
    assert "/metrics" in verdict
    assert "/docs" in verdict


@pytest.mark.slow
def test_the_control_raises_nothing(played: dict[str, subprocess.CompletedProcess[str]]) -> None:
    done = played["control"]
    assert done.returncode == 0, done.stdout + done.stderr
    assert "raised    nothing" in done.stdout
    assert "nothing to find, 0 false alarm(s)" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopping_it_leaves_nothing_running(ending: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "service.cli", "demo", "--seconds", "60"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    # What a shell runs in the background ignores SIGINT, with nohup SIGHUP, and so would all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    shown = tmp_path / "shown"
    with shown.open("wb") as screen:
        process = subprocess.Popen(command, stdout=screen, stderr=screen, env=environment)
    assert eventually(lambda: "service ready" in shown.read_text()), shown.read_text()
    children = psutil.Process(process.pid).children(recursive=True)
    # It plays by then; any other instant would do.
    time.sleep(0.5)
    process.send_signal(ending)
    if ending == signal.SIGHUP:
        # The terminal sends it, and so does its shell.
        time.sleep(0.05)
        process.send_signal(ending)
    assert process.wait(PATIENCE_S) == 130, shown.read_text()
    assert children
    assert not any(child.is_running() for child in children)
    assert list(tmp_path.glob("werwatch-demo-*")) == []


def test_settings_of_a_real_service_do_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = tmp_path / "real"
    monkeypatch.setenv("WERWATCH_DATA_DIR", str(real))
    monkeypatch.setenv("WERWATCH_NO_SUCH_KEY", "1")
    with _service(tmp_path, "http://127.0.0.1:9/", f"whsec_{'A' * 44}") as service:
        assert httpx.get(f"{service.api}/v1/cohorts").is_success
    assert (tmp_path / "data" / "werwatch.db").exists()
    assert not real.exists()


def test_a_service_that_took_its_port_meanwhile_is_not_played_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, late = tmp_path / "other", tmp_path / "late"
    other.mkdir()
    late.mkdir()
    with _service(other, "http://127.0.0.1:9/", f"whsec_{'A' * 44}") as first:
        # Both looked before either listened.
        taken = {API_PORT: first.api, METRICS_PORT: first.metrics}
        monkeypatch.setattr("service.demo.run._free", lambda port: taken[port].removeprefix("http://"))
        with (
            pytest.raises(RuntimeError, match="in use"),
            _service(late, "http://127.0.0.1:9/", f"whsec_{'A' * 44}"),
        ):
            pass
