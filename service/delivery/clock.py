"""The wall clock can be set: what waits by it is moved along, or an hour back would delay it by an hour."""

from __future__ import annotations

import time

SLIGHT_S = 1.0
"""A clock that is only kept right goes astray by less between two looks."""


class WallClock:
    """Notices by how much the wall clock was set, against one that only goes on.

    Parameters
    ----------
    was_at
        What it has shown before; where it is behind that now, it was set back meanwhile.
    """

    def __init__(self, was_at: float = 0.0) -> None:
        self._ahead_s = max(time.time(), was_at) - time.monotonic()

    def set_by_s(self) -> float:
        """How far it was set since the last `follow`, negative if back; 0 where it only went on."""
        set_by_s = time.time() - time.monotonic() - self._ahead_s
        return set_by_s if abs(set_by_s) >= SLIGHT_S else 0.0

    def follow(self, set_by_s: float) -> None:
        """Take so much of it as known."""
        self._ahead_s += set_by_s
