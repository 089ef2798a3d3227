"""Starts programs of the service in `nursery.py`, and handles them as `subprocess` would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

NURSERY = str(Path(__file__).parent / "nursery.py")
LOOK_EVERY_S = 0.01


class Process(Protocol):
    """What tests need of a process, as `subprocess.Popen` has it."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int) -> None: ...

    def kill(self) -> None: ...


class Bearer:
    """The nursery, and what is born there: a process of its own each, which ends as any other."""

    def __init__(self) -> None:
        self._nursery = subprocess.Popen(
            [sys.executable, NURSERY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # A fork has the thread that forked alone.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
        self._one_at_a_time = threading.Lock()

    def bear(self, words: Sequence[str], log: Path) -> Child:
        """Run what ``python`` would with these words; what it prints is added to the log."""
        log.touch()
        return Child(self, self.ask({"run": list(words), "log": str(log)}))

    def ask(self, order: dict[str, Any]) -> Any:
        """Give the nursery an order; return its answer."""
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        with self._one_at_a_time:
            self._nursery.stdin.write(json.dumps(order) + "\n")
            self._nursery.stdin.flush()
            return json.loads(self._nursery.stdout.readline())

    def close(self) -> None:
        """End the nursery, and what still runs."""
        self._nursery.communicate()


class Child:
    """A `Process` that the nursery bore."""

    def __init__(self, bearer: Bearer, pid: int) -> None:
        self.pid = pid
        self._bearer = bearer
        self._code: int | None = None

    def poll(self) -> int | None:
        # Until it was waited for, its process id is no other's.
        if self._code is None:
            self._code = self._bearer.ask({"wait": self.pid})
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
            time.sleep(LOOK_EVERY_S)
        return code

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)
