"""The log: one JSON object a line, which holds places and kinds of faults and never what was sent."""

from __future__ import annotations

import asyncio
import json
import logging
import warnings
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

from service.errors import place_of

OURS = "werwatch"
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The request that is worked on, where one is."""

logger = logging.getLogger(OURS)


class JsonLines(logging.Formatter):
    """A record as one line of JSON: time, level, logger, message, request_id, and ``extra={"fields": ...}``.

    Of an error only its kind and place are written: its message could hold a value. Other packages' messages
    are written without what is filled into them, for the same reason.

    Examples
    --------
    >>> record = logging.makeLogRecord({"name": "werwatch.writer", "msg": "%d rows", "args": (3,)})
    >>> json.loads(JsonLines().format(record))["message"]
    '3 rows'
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            **getattr(record, "fields", {}),
        }
        current = request_id.get()
        if current is not None:
            line["request_id"] = current
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            line["error"] = f"{type(error).__name__} at {place_of(error)}"
        return json.dumps(line)


def write_log(stream: TextIO, level: str) -> None:
    """Send every record from ``level`` on to a stream; of other packages, warnings and worse."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    # httpx says every URL that it calls at a lower level, and a webhook's URL can be a credential.
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logger.setLevel(level.upper())
    # A record that cannot be written would be shown on stderr with all its values.
    logging.raiseExceptions = False
    warnings.showwarning = _log_warning


def log_loop_fault(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what the event loop could not hand to anybody; the loop's own handler would name arguments."""
    error = context.get("exception")
    if error is None:
        logger.error("the event loop reports a fault without an error")
    else:
        logger.error("unexpected %s at %s in the event loop", type(error).__name__, place_of(error))


def _message(record: logging.LogRecord) -> str:
    if record.name.partition(".")[0] == OURS:
        return record.getMessage()
    return record.msg if isinstance(record.msg, str) else type(record.msg).__name__


def _log_warning(
    message: Warning | str,  # noqa: ARG001 -- the rest is what warnings hands over
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    # pydantic's warnings say which value they are about.
    logger.warning("%s at %s:%d", category.__name__, filename, lineno)
