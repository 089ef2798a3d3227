"""Forks of the process: what must be begun anew in them, and when none may happen."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from weakref import WeakMethod


class Forks:
    """Tells an object that it is in a fork now.

    Parameters
    ----------
    begin_anew
        Its method that is called there; it may die before.

    Attributes
    ----------
    held_off
        A lock under which no fork happens. One in the middle of OpenSSL's own initialisation would leave a
        lock taken there for ever. It is held for some hundredths of a second at most.
    """

    def __init__(self, begin_anew: Callable[[], None]) -> None:
        self.held_off = threading.Lock()
        self._begin_anew = WeakMethod(begin_anew)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self.held_off.acquire,
                after_in_parent=self.held_off.release,
                after_in_child=self._in_child,
            )

    def _in_child(self) -> None:
        self.held_off.release()
        begin_anew = self._begin_anew()
        if begin_anew is not None:
            begin_anew()
