"""What a crash may leave behind: places in the code, never values, and no image of the memory."""

from __future__ import annotations

import ctypes
import faulthandler
import logging
import resource
import sys
import threading
from types import TracebackType

from service.errors import place_of

_PR_SET_DUMPABLE = 4

logger = logging.getLogger("werwatch.crash")


def leave_no_values_behind() -> None:
    """Let every way in which the process can fail say kind and place alone.

    Errors that nobody catches are logged without their messages, a fatal signal prints where the thread is
    that it reached, and no core is dumped, neither as a file nor to a collector that the machine has set up.
    """
    sys.excepthook = _log_last_error
    threading.excepthook = _log_thread_error
    sys.unraisablehook = _log_unraisable
    # The other threads run on while the handler reads; their frames may go from under it, a fault of its own.
    faulthandler.enable(all_threads=False)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # The limit holds for files only; a collector behind a pipe is told by this.
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _log_last_error(kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
    logger.critical("ended by %s at %s", kind.__name__, place_of(error))


def _log_thread_error(arguments: threading.ExceptHookArgs) -> None:
    name = arguments.thread.name if arguments.thread else "unknown"
    error = arguments.exc_value
    place = place_of(error) if error else "unknown place"
    logger.critical("thread %s ended by %s at %s", name, arguments.exc_type.__name__, place)


def _log_unraisable(arguments: sys.UnraisableHookArgs) -> None:
    error = arguments.exc_value
    place = place_of(error) if error else "unknown place"
    logger.error("unexpected %s at %s, past any caller", arguments.exc_type.__name__, place)
