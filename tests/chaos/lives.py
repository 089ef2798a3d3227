"""Services of one data folder, one after the other, each until it is killed or stopped."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

START_S = 30.0
MORTAL = str(Path(__file__).parent / "mortal.py")


@dataclass(frozen=True, slots=True)
class End:
    """When a life is to end by itself: so long after a method is called for the how-manieth time."""

    at: str = ""
    entry: int = 1
    after_s: float = 0.0


class Lives:
    """Gives life to `werwatch serve`.

    Attributes
    ----------
    api, metrics
        Where the present one is reached.
    """

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.api = self.metrics = ""
        self.data_dir = folder / "data"
        self.log_file = folder / "service.log"
        self._config = folder / "werwatch.yaml"
        addresses = {"listen": "127.0.0.1:0", "metrics_listen": "127.0.0.1:0"}
        self._config.write_text(yaml.safe_dump({**addresses, "data_dir": str(self.data_dir), **settings}))
        self._process = subprocess.Popen(
            [sys.executable, MORTAL],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
        self._pid = 0
        self._may_end = False
        self._seen = 0

    def close(self) -> None:
        """Let the last one die, and none be born any more."""
        if self._pid:
            self.kill()
        self._process.communicate()

    def begin(self, end: End) -> None:
        """Bring one to life; it need not be ready."""
        self._seen, self._may_end = len(self.log), False
        life = {"config": str(self._config), "log": str(self.log_file), "at": end.at, "entry": end.entry}
        self._tell(json.dumps({**life, "after_s": end.after_s}))
        self._pid = int(self._told())

    def is_ready(self) -> bool:
        """Whether it accepts; False once it is dead."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            found = re.search(r'API on (http://[^\s"]+), metrics on (http://[^\s"]+)', self.log[self._seen :])
            if found:
                self.api, self.metrics = found.groups()
                return True
            if self.is_dead:
                return False
            time.sleep(0.005)
        raise TimeoutError(self.log[self._seen :])

    @property
    def log(self) -> str:
        return self.log_file.read_text() if self.log_file.exists() else ""

    @property
    def is_dead(self) -> bool:
        """Whether it has come to its end and only its process id is left."""
        return Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"

    def ask_to_stop(self) -> None:
        """Let it finish what it has begun, and end."""
        os.kill(self._pid, signal.SIGTERM)
        self._may_end = True

    def kill(self) -> None:
        """End it at once; only one that was asked to stop may have come to an end of its own."""
        os.kill(self._pid, signal.SIGKILL)
        ends = (0, -signal.SIGKILL) if self._may_end else (-signal.SIGKILL,)
        assert self._bury() in ends, self.log[self._seen :]

    def stop(self) -> None:
        """Ask it to stop, and wait until it has."""
        self.ask_to_stop()
        assert self._bury() == 0, self.log[self._seen :]

    def _bury(self) -> int:
        self._tell("buried")
        self._pid = 0
        return os.waitstatus_to_exitcode(int(self._told()))

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _told(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()
