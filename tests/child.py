"""Processes of tests that outlive nobody: one that is left running fails whichever test comes next."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def child(command: Sequence[str], **popen: Any) -> Iterator[subprocess.Popen[Any]]:
    """A process that is killed at the end if it still runs, whatever went wrong meanwhile.

    ``popen`` are keywords of `subprocess.Popen`.
    """
    with subprocess.Popen(command, **popen) as process:
        try:
            yield process
        finally:
            process.kill()


def stop(process: subprocess.Popen[Any] | None, within_s: float) -> None:
    """Ask a process to end; kill it, and raise `subprocess.TimeoutExpired`, if it has not by then."""
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
