"""The time by which something is too old: what a clock that is wrong by a year deletes is gone for good."""

from __future__ import annotations

import logging
import threading
import time

FAR_S = 3_600.0
"""A clock that is set ahead by more is not believed at once,"""
FAR_AT_START_S = 7 * 86_400.0
"""nor one that shows so much more at a start than when something came: a service may be down for days,"""
BELIEVED_AFTER_S = 86_400.0
"""but once it has gone on so for a day."""

logger = logging.getLogger("werwatch.retention")


class AgeClock:
    """The wall clock, but for the first day after it was set far ahead: then the one before, which goes on.

    Parameters
    ----------
    known_s
        When something came that is older than a day by the clock as it is now, the newest; 0 if nothing is.
    """

    def __init__(self, known_s: float) -> None:
        self._lock = threading.Lock()
        self._shown_s, self._at_s = time.time(), time.monotonic()
        self._doubted_since_s: float | None = None
        if 0.0 < known_s < self._shown_s - FAR_AT_START_S:
            self._shown_s = known_s

    def now(self) -> float:
        """Seconds since the epoch; any thread may ask."""
        with self._lock:
            return self._now(time.time(), time.monotonic())

    def _now(self, wall_s: float, at_s: float) -> float:
        expected_s = self._shown_s + at_s - self._at_s
        if wall_s - expected_s <= FAR_S:
            self._believe(wall_s, at_s)
            return wall_s
        if self._doubted_since_s is None:
            self._doubted_since_s = at_s
            logger.warning(
                "the clock is %.1f days ahead of what it was; until it has gone on so for a day, nothing is "
                "deleted as too old that is not so by the clock before; set it right if it is wrong",
                (wall_s - expected_s) / 86_400.0,
            )
        if at_s - self._doubted_since_s >= BELIEVED_AFTER_S:
            logger.warning("the clock is believed now, what is too old by it is deleted")
            self._believe(wall_s, at_s)
            return wall_s
        return expected_s

    def _believe(self, wall_s: float, at_s: float) -> None:
        self._shown_s, self._at_s = wall_s, at_s
        self._doubted_since_s = None
