"""The demo from outside, as a newcomer runs it, only faster."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest
from child import child
from conftest import PATIENCE_S, RunningService, eventually

from service.demo.run import _service, leave_in_order

SECONDS = "12"


def demo(recording: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "service.cli", "demo", "--seconds", SECONDS, "--recording", recording]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


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
    with shown.open("wb") as screen, child(command, stdout=screen, stderr=screen, env=environment) as process:
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
    assert not any(each.is_running() for each in children)
    assert list(tmp_path.glob("werwatch-demo-*")) == []


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_comes_inside_a_finaliser_stops_it_too(ending: signal.Signals) -> None:
    class Dropped:
        def __del__(self) -> None:
            signal.raise_signal(ending)

    async def plays() -> None:
        Dropped()
        await asyncio.sleep(PATIENCE_S)
        raise AssertionError("it plays on")

    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        leave_in_order()
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(plays())
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def test_settings_of_a_real_service_do_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = tmp_path / "real"
    monkeypatch.setenv("WERWATCH_DATA_DIR", str(real))
    monkeypatch.setenv("WERWATCH_NO_SUCH_KEY", "1")
    with _service(tmp_path, "http://127.0.0.1:9/", f"whsec_{'A' * 44}") as service:
        assert httpx.get(f"{service.api}/v1/cohorts").is_success
    assert (tmp_path / "data" / "werwatch.db").exists()
    assert not real.exists()


@pytest.mark.parametrize("taken", ["api", "metrics"])
def test_where_another_service_listens_it_takes_ports_of_its_own(
    taken: str, shared_service: RunningService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(getattr(shared_service, taken).rpartition(":")[2])
    monkeypatch.setattr("service.demo.run.API_PORT", port if taken == "api" else 0)
    monkeypatch.setattr("service.demo.run.METRICS_PORT", port if taken == "metrics" else 0)
    with _service(tmp_path, "http://127.0.0.1:9/", f"whsec_{'A' * 44}") as service:
        body = {"utterance_id": "u", "hypothesis": "", "attributes": {"accent": f"of-{taken}"}}
        assert httpx.post(f"{service.api}/v1/utterances", json=body).is_success
        assert f'cohort="of-{taken}"' in httpx.get(f"{service.metrics}/metrics").text
    assert f'cohort="of-{taken}"' not in shared_service.scrape()
