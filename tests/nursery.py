"""A Python that has imported the service already, so that a program begins in a fork of it without delay.

Each line on standard input is an order in JSON and is answered by a line: ``{"run": WORDS, "log": FILE}``,
where the words are what would follow ``python`` on a command line, by the process id; ``{"wait": ID}`` by the
exit code as `subprocess` has it, or null while the program runs. What runs when the orders end is killed.

usage: python nursery.py
"""

import json
import os
import runpy
import signal
import sys
from contextlib import suppress
from pathlib import Path

import service.serve
import service.settings.config_file
import service.settings.deprecations
import service.telemetry.crash
import service.telemetry.log_lines  # noqa: F401 -- all that `werwatch serve` imports, but not the program itself


def obey() -> list[str]:
    """Return in a child, with the words of its program; the parent ends with its orders."""
    running = set()
    for line in sys.stdin:
        order = json.loads(line)
        if "run" in order:
            child = os.fork()
            if child == 0:
                _leave_home(Path(order["log"]))
                words: list[str] = order["run"]
                return words
            running.add(child)
            print(child, flush=True)
        else:
            child, status = os.waitpid(order["wait"], os.WNOHANG)
            running.discard(child)
            print(json.dumps(os.waitstatus_to_exitcode(status) if child else None), flush=True)
    for child in running:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    sys.exit()


def _leave_home(log: Path) -> None:
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(written, 1)
    os.dup2(written, 2)
    os.close(written)


def run(words: list[str]) -> None:
    """What ``python`` does with these words."""
    if words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    run(obey())
