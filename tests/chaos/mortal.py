"""Bears services that die: each is `werwatch serve` in a process of its own, forked where all is imported.

One life a line on standard input, as JSON: ``config``, ``log``, and where a life is to end by itself
``at`` (a key of `INSTANTS`), ``entry`` (the how-manieth time that it gets there) and ``after_s``. Its process
id is printed when it is born; its wait status once it is dead and another line has come.

usage: python mortal.py
"""

import itertools
import json
import os
import signal
import sys
import threading
from typing import Any

import service.serve  # noqa: F401 -- what a command imports only when it runs, every child has already
from service import watch
from service.cli import main
from service.course import Course
from service.history import History
from service.receivers.webhook import Webhook
from service.store import Store

INSTANTS: dict[str, tuple[type, str]] = {
    "catching up": (Course, "follow"),
    "snapshot": (History, "put_snapshot"),
    "transaction": (Store, "transaction"),
    "notice": (Webhook, "send"),
}
SAVE_EVERY_S = 0.1
"""Often, so that snapshots are met and every life begins from another one."""


def die_at(owner: type, name: str, entry: int, after_s: float) -> None:
    """Let the kernel end this process so long after this method is called for this time."""
    real = getattr(owner, name)
    entries = itertools.count(1)

    def counted(*args: Any, **kwargs: Any) -> Any:
        if next(entries) == entry:
            threading.Timer(after_s, os.kill, (os.getpid(), signal.SIGKILL)).start()
        return real(*args, **kwargs)

    setattr(owner, name, counted)


def live(life: dict[str, Any]) -> None:
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    log = os.open(life["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    watch.SAVE_EVERY_S = SAVE_EVERY_S
    if life["at"] in INSTANTS:
        die_at(*INSTANTS[life["at"]], life["entry"], life["after_s"])
    sys.argv = ["werwatch", "serve", "--config", life["config"]]
    main()


if __name__ == "__main__":
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                live(json.loads(line))
            except SystemExit as end:
                status = int(end.code or 0)
            finally:
                os._exit(status)
        print(child, flush=True)
        # Until then its process id is no other's.
        sys.stdin.readline()
        print(os.waitpid(child, 0)[1], flush=True)
