"""Services of one data folder, one after the other, each until it is killed or stopped."""

from __future__ import annotations

import re
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from bearer import Bearer, Child

START_S = STOP_S = 180.0
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
        self.log_file.touch()
        self._config = folder / "werwatch.yaml"
        addresses = {"listen": "127.0.0.1:0", "metrics_listen": "127.0.0.1:0"}
        self._config.write_text(yaml.safe_dump({**addresses, "data_dir": str(self.data_dir), **settings}))
        self._bearer = Bearer()
        self._present: Child | None = None
        self._may_end = False
        self._seen = 0

    def close(self) -> None:
        """Let the last one die, and none be born any more."""
        self._bearer.close()

    def begin(self, end: End) -> None:
        """Bring one to life; it need not be ready."""
        self._seen, self._may_end = len(self.log), False
        mortal = [MORTAL, end.at, str(end.entry), str(end.after_s)]
        self._present = self._bearer.bear([*mortal, "serve", "--config", str(self._config)], self.log_file)

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
        return self.log_file.read_text()

    @property
    def is_dead(self) -> bool:
        """Whether it has come to its end."""
        return self._one.poll() is not None

    def ask_to_stop(self) -> None:
        """Let it finish what it has begun, and end."""
        self._one.send_signal(signal.SIGTERM)
        self._may_end = True

    def kill(self) -> None:
        """End it at once; only one that was asked to stop may have come to an end of its own."""
        self._one.kill()
        ends = (0, -signal.SIGKILL) if self._may_end else (-signal.SIGKILL,)
        assert self._one.wait(STOP_S) in ends, self.log[self._seen :]

    def stop(self) -> None:
        """Ask it to stop, and wait until it has."""
        self.ask_to_stop()
        assert self._one.wait(STOP_S) == 0, self.log[self._seen :]

    @property
    def _one(self) -> Child:
        assert self._present is not None
        return self._present
