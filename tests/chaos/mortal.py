"""Runs werwatch until the kernel ends it, so many seconds after a method is called for the how-manieth time.

The method is named by a key of `INSTANTS`; with any other word it lives until somebody else ends it.

usage: python mortal.py INSTANT ENTRY AFTER_S serve --config CONFIG
"""

import itertools
import os
import signal
import sys
import threading
from typing import Any

from service.cli import main
from service.ingest import recordings
from service.ingest.recordings import Recordings
from service.receivers.webhook import Webhook
from service.store.history import History
from service.store.store import Store
from service.watching import watch
from service.watching.course import Course

INSTANTS: dict[str, tuple[type, str]] = {
    "catching up": (Course, "follow"),
    "snapshot": (History, "put_snapshot"),
    "transaction": (Store, "transaction"),
    "notice": (Webhook, "send"),
    "recording": (Recordings, "_write"),
}
OFTEN_S = 0.1
"""So that snapshots are met, every life begins from another one, and recordings are scored in all of them."""


def die_at(owner: type, name: str, entry: int, after_s: float) -> None:
    real = getattr(owner, name)
    entries = itertools.count(1)

    def counted(*args: Any, **kwargs: Any) -> Any:
        if next(entries) == entry:
            threading.Timer(after_s, os.kill, (os.getpid(), signal.SIGKILL)).start()
        return real(*args, **kwargs)

    setattr(owner, name, counted)


if __name__ == "__main__":
    instant, entry, after_s = (sys.argv.pop(1) for _ in range(3))
    watch.SAVE_EVERY_S = recordings.LOOK_EVERY_S = OFTEN_S
    if instant in INSTANTS:
        die_at(*INSTANTS[instant], int(entry), float(after_s))
    main()
