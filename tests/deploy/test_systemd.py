"""The unit for systemd: it is one, it is closed off, and the service works within what it leaves open."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from conftest import RunningService, eventually, program
from deploy_tools import DEPLOY

UNIT = DEPLOY / "systemd" / "werwatch.service"
GREEN = 20
"""Tenths of systemd's exposure level, which goes to 100; below 20 it says OK and smiles."""
REFUSE_EXECUTABLE_MEMORY = """
import ctypes, os, sys
PR_SET_MDWE, REFUSE_EXEC_GAIN = 65, 1
if ctypes.CDLL(None).prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0):
    sys.exit("a kernel before 6.3")
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Runs a program to which the kernel gives no memory that becomes executable."""

AS_ROOT = {"fchown"}
"""What SQLite asks for only as root, as which tests may run and the unit does not."""


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [program("systemd-analyze", "systemd"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def settings(key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNIT.read_text(), re.MULTILINE)


def test_systemd_finds_nothing_wrong_with_it(tmp_path: Path) -> None:
    """Only the program's place is another one than where it is installed."""
    here = tmp_path / UNIT.name
    installed = "/opt/werwatch/bin/werwatch"
    assert installed in UNIT.read_text()
    ours = str(Path(sys.executable).with_name("werwatch")).replace(" ", r"\x20")
    here.write_text(UNIT.read_text().replace(installed, ours))
    done = analyze("verify", here)
    assert (done.returncode, [line for line in done.stderr.splitlines() if UNIT.name in line]) == (0, [])


def test_it_is_closed_off() -> None:
    done = analyze("security", "--offline=true", f"--threshold={GREEN}", "--no-pager", UNIT)
    assert done.returncode == 0, done.stdout


def test_a_configuration_that_cannot_be_used_does_not_start_it_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "werwatch.yaml"
    path.write_text("listn: nowhere")
    command = [sys.executable, "-m", "service.cli", "serve", "--config", str(path)]
    assert [str(subprocess.run(command, check=False).returncode)] == settings("RestartPreventExitStatus")


def test_the_configuration_beside_it_can_be_used() -> None:
    command = [sys.executable, "-m", "service.cli", "check-config", str(UNIT.with_name("werwatch.yaml"))]
    assert subprocess.run(command, check=False).returncode == 0


def allowed() -> set[str]:
    """The system calls that the unit's filter leaves, by systemd's own lists."""

    def of(*groups: str) -> set[str]:
        calls: set[str] = set()
        for group in groups:
            lines = analyze("syscall-filter", group).stdout.splitlines()[1:]
            names = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
            calls |= of(*(name for name in names if name.startswith("@")))
            calls |= {name for name in names if not name.startswith("@")}
        return calls

    calls = of("@default")
    for line in settings("SystemCallFilter"):
        named = line.removeprefix("~").split()
        groups = [name for name in named if name.startswith("@")]
        meant = of(*groups) | set(named) - set(groups)
        calls = calls - meant if line.startswith("~") else calls | meant
    return calls


def test_the_service_needs_no_system_call_that_it_refuses(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    traced = [
        program("strace", "strace"),
        "--daemonize",
        "--follow-forks",
        "--summary-only",
        "--output",
        str(trace),
    ]
    service = make_service(*traced, *RunningService.program)
    assert service.post("/v1/utterances", {"utterance_id": "u", "hypothesis": "no fever"}).is_success
    assert service.post("/v1/references", {"utterance_id": "u", "reference": "no fever"}).is_success
    assert service.get("/v1/cohorts")
    assert "werwatch_process_cpu_seconds_total" in service.scrape()
    assert service.stop() == 0
    assert eventually(lambda: "total" in trace.read_text())
    table = re.findall(r"^ +[\d.]+ .* (\w+)$", trace.read_text(), re.MULTILINE)
    assert {"fsync", "accept4", "openat"} & set(table)
    assert set(table) - {"total", *AS_ROOT} - allowed() == set()


def test_the_service_needs_no_memory_that_becomes_executable(
    make_service: Callable[..., RunningService],
) -> None:
    assert settings("MemoryDenyWriteExecute") == ["yes"]
    service = make_service("env", sys.executable, "-c", REFUSE_EXECUTABLE_MEMORY, *RunningService.program)
    assert service.post("/v1/utterances", {"utterance_id": "u", "hypothesis": "no fever"}).is_success
    assert service.stop() == 0
