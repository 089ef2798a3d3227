"""The built image runs as it is deployed: as a user without rights, with nothing to write to but /data.

``make image`` builds it; its base is made of Debian's packages.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from built_image import IMAGE, UID, inspected, isolated, mounted
from child import child
from conftest import STOP_S, eventually
from deploy_tools import ROOT, run_tool

from service import __version__


@pytest.fixture
def root() -> Iterator[Path]:
    with mounted() as root:
        yield root


def test_it_says_what_it_is_and_how_it_is_to_be_run() -> None:
    config = inspected(IMAGE)["config"]
    labels = config["Labels"]
    assert labels["org.opencontainers.image.version"] == __version__
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert (config["User"], config["StopSignal"]) == (f"{UID}:{UID}", "SIGTERM")
    assert (config["Entrypoint"], config["Cmd"]) == (["werwatch"], ["serve"])
    assert config["Volumes"] == {"/data": {}}
    assert config["ExposedPorts"].keys() == {"8600/tcp", "9600/tcp"}
    assert config["Healthcheck"]["Test"] == ["CMD", "werwatch", "healthcheck"]


def test_hadolint_finds_nothing_wrong_with_its_dockerfile() -> None:
    done = run_tool("hadolint", ROOT / "Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")


def test_building_it_again_makes_the_same_layers() -> None:
    assert inspected(IMAGE)["rootfs"] == inspected("localhost/werwatch:again")["rootfs"]


def test_nothing_of_it_is_for_building_or_open_to_others(root: Path) -> None:
    packages = next((root / "opt/venv/lib").glob("python3*/site-packages"))
    assert not list(packages.glob("pip")) + list(packages.glob("setuptools"))
    assert not (root / "src").exists()
    data = (root / "data").stat()
    assert (data.st_uid, data.st_gid, data.st_mode & 0o777) == (UID, UID, 0o700)
    ours = [path for path in packages.rglob("*") if not path.is_symlink()]
    assert {path.stat().st_uid for path in ours} == {0}
    assert not [path for path in ours if path.stat().st_mode & 0o022]
    sources = set((packages / "service").rglob("*.py"))
    compiled = {path.parent.parent / f"{path.name.split('.')[0]}.py" for path in packages.rglob("*.pyc")}
    assert sources <= compiled


def test_it_serves_from_a_read_only_root_and_tells_its_health(
    root: Path, tmp_path: Path, hold_port: Callable[[], int]
) -> None:
    config = inspected(IMAGE)["config"]
    data, log = tmp_path / "data", tmp_path / "log"
    data.mkdir(mode=0o700)
    os.chown(data, UID, UID)
    ports = {
        "WERWATCH_LISTEN": f"127.0.0.1:{hold_port()}",
        "WERWATCH_METRICS_LISTEN": f"0.0.0.0:{hold_port()}",
    }
    check = isolated(root, data, config["Healthcheck"]["Test"][1:], **ports)
    assert subprocess.run(check, check=False, capture_output=True).returncode == 1
    serve = isolated(root, data, [*config["Entrypoint"], *config["Cmd"]], **ports)
    with log.open("wb") as out, child(serve, stdout=out, stderr=out) as process:
        assert eventually(lambda: "API on" in log.read_text()), log.read_text()
        status = Path(f"/proc/{process.pid}/status").read_text()
        assert re.search(rf"^Uid:\t{UID}\t{UID}\t{UID}\t{UID}$", status, re.MULTILINE)
        assert re.search(r"^CapEff:\t0+$", status, re.MULTILINE)
        done = subprocess.run(check, check=False, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, "ready\n")
        body = {"utterance_id": "u-1", "hypothesis": "no fever", "attributes": {"accent": "en-IE"}}
        api = f"http://{ports['WERWATCH_LISTEN']}"
        answer = httpx.post(f"{api}/v1/utterances", json=body)
        assert (answer.status_code, answer.headers["server"]) == (202, f"werwatch/{__version__}")
        process.send_signal(signal.Signals[config["StopSignal"]])
        assert process.wait(STOP_S) == 0, log.read_text()
    kept = list(data.iterdir())
    assert kept
    assert {path.stat().st_uid for path in kept} == {UID}
