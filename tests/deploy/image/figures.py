"""Prints what the image of ``make image`` takes: room, time to start, memory and processor.

usage: PYTHONPATH=tests:. python tests/deploy/image/figures.py
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import httpx
from built_image import UID, isolated, mounted
from held_port import held_port

IDLE_S = 30.0
SECONDS = "20"


def used(pid: int) -> tuple[float, float]:
    """Resident megabytes, and seconds of the processor."""
    status = Path(f"/proc/{pid}/status").read_text()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    cpu_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024, cpu_s


def cpu_of(command: list[str]) -> float:
    """Seconds of the processor that a command takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure, and print a line a figure."""
    with (
        held_port() as api_port,
        held_port() as metrics_port,
        mounted() as root,
        tempfile.TemporaryDirectory() as folder,
    ):
        api, metrics = f"127.0.0.1:{api_port}", f"127.0.0.1:{metrics_port}"
        addresses = {"WERWATCH_LISTEN": api, "WERWATCH_METRICS_LISTEN": metrics}
        os.chown(folder, UID, UID)
        installed = subprocess.run(
            ["tar", "-C", root, "-cz", "opt/venv"], check=True, capture_output=True
        ).stdout
        plain = sum(path.lstat().st_size for path in (root / "opt/venv").rglob("*"))
        print(f"above the base        {plain / 1e6:.0f} MB, {len(installed) / 1e6:.0f} MB packed")
        command = isolated(root, Path(folder), ["werwatch", "serve"], **addresses)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as service:
            began = time.monotonic()
            while True:
                with suppress(httpx.TransportError):
                    if httpx.get(f"http://{metrics}/readyz").is_success:
                        break
                time.sleep(0.02)
            wall_s = time.monotonic() - began
            memory_mb, cpu_s = used(service.pid)
            print(f"until ready           {cpu_s:.2f} s of the processor, {wall_s:.1f} s by the clock")
            time.sleep(IDLE_S)
            memory_mb, idle_s = used(service.pid)
            print(f"idle                  {memory_mb:.0f} MB, {(idle_s - cpu_s) / IDLE_S:.1%} of a processor")
            check = isolated(root, Path(folder), ["werwatch", "healthcheck"], **addresses)
            print(f"a health check        {cpu_of(check):.2f} s of the processor")
            play = [sys.executable, "-m", "service.demo", f"http://{api}", "--seconds", SECONDS]
            subprocess.run(play, check=True, stdout=subprocess.DEVNULL)
            memory_mb, busy_s = used(service.pid)
            print(f"the demo's three days {busy_s - idle_s:.1f} s of the processor, then {memory_mb:.0f} MB")
            service.terminate()


if __name__ == "__main__":
    main()
