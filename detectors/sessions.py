"""On how many sessions a rise rests: one bad recording is not yet a cohort that got worse.

The variance between a cohort's sessions can only be learned from many of them. With two or three it is a
guess, and the evidence, which rests on it, may be large after a single recording whose second half is bad.
So the likelihood ratio since the onset must still be K = 3 when the two loudest sessions are left out:

    C - (c_1 + c_2) >= log K,    c_s = sum of log e over the session's units

Two sessions can never show a rise then, three can. [T] It only delays an alarm until both hold, so the
budget's promise stays as it is.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field

ENOUGH_SESSIONS = 3
"""From so many sessions on a rise can be shown."""
REMAINDER = 3.0
"""K: what is left without the ENOUGH_SESSIONS - 1 loudest must speak for the rise."""
MOST_REMEMBERED = 12
"""Sessions remembered since an onset; the quietest is forgotten first."""


@dataclass(slots=True)
class SessionsSince:
    """What each session added to the log likelihood ratio since an onset.

    Examples
    --------
    >>> sessions = SessionsSince()
    >>> for session, log_e in (("monday", 0.5), ("tuesday", -0.25), ("monday", 1.0)):
    ...     sessions.add(session, log_e)
    >>> sessions.parts
    {'monday': 1.5, 'tuesday': -0.25}
    >>> sessions.without_loudest(total=1.25)
    -0.25
    """

    parts: dict[str, float] = field(default_factory=dict)

    def add(self, session: str, log_e: float) -> None:
        """Add a unit's log e-value to its session's."""
        parts = self.parts
        if session not in parts and len(parts) >= MOST_REMEMBERED:
            del parts[min(parts, key=parts.__getitem__)]
        parts[session] = parts.get(session, 0.0) + log_e

    def clear(self) -> None:
        """Begin with another onset."""
        self.parts = {}

    def without_loudest(self, total: float) -> float:
        """The log likelihood ratio ``total`` without the sessions that speak loudest for a rise."""
        loudest = heapq.nlargest(ENOUGH_SESSIONS - 1, self.parts.values())
        return total - math.fsum(max(part, 0.0) for part in loudest)
