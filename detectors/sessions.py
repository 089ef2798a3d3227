"""On how many sessions a rise rests: one bad recording is not yet a cohort that got worse.

The variance between a cohort's sessions can only be learned from many of them. With two or three it is a
guess, and the evidence, which rests on it, may be large after a single recording whose second half is bad.
So the likelihood ratio since the onset must still be K = 3 when the two loudest sessions are left out:

    C - (c_1 + c_2) >= log K,    c_s = sum over blocks of a_s (log e + delta (O_s - O) / vO)

with a_s the session's share of the block's effective words and O_s its own mean residual, O_s - O kept within
3 sqrt(vO / a_s). Two sessions can never show a rise then, three can. [T] It only delays an alarm until both
hold, so the budget's promise stays as it is.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from detectors.evidence import LARGEST_Y

ENOUGH_SESSIONS = 3
"""From so many sessions on a rise can be shown."""
REMAINDER = 3.0
"""K: what is left without the ENOUGH_SESSIONS - 1 loudest must speak for the rise."""
MOST_REMEMBERED = 12
"""Sessions remembered since an onset; the quietest is forgotten first."""


SessionSums = Mapping[str, tuple[float, float]]
"""Of each session in a block its effective words A and the sum of A r over its units."""


class SessionShare(msgspec.Struct, frozen=True):
    """A session in a block: a_s and O_s - O, kept within its bounds."""

    key: str
    share: float
    beyond: float


def shares_of(sums: SessionSums, own: float, variance: float) -> list[SessionShare]:
    """What each session is in a block with O = ``own`` and vO = ``variance``."""
    whole = math.fsum([words for words, _ in sums.values()])
    found = []
    for key, (words, residuals) in sums.items():
        share = words / whole
        beyond, furthest = residuals / words - own, LARGEST_Y * math.sqrt(variance / share)
        if abs(beyond) > furthest:
            beyond = math.copysign(furthest, beyond)
        found.append(SessionShare(key, share, beyond))
    return found


@dataclass(slots=True)
class SessionsSince:
    """What each session added to the log likelihood ratio since an onset.

    Examples
    --------
    >>> sessions = SessionsSince()
    >>> shares = shares_of({"monday": (20.0, 4.0), "tuesday": (20.0, 0.0)}, own=0.1, variance=0.01)
    >>> sessions.add(shares, 0.01, log_e=0.4, delta=0.05)
    >>> {session: round(part, 2) for session, part in sessions.parts.items()}
    {'monday': 0.45, 'tuesday': -0.05}
    >>> round(sessions.without_loudest(total=0.4), 2)
    -0.05
    """

    parts: dict[str, float] = field(default_factory=dict)

    def add(self, shares: Iterable[SessionShare], variance: float, *, log_e: float, delta: float) -> None:
        """Share a block's ``log_e`` among its sessions; ``variance`` is vO."""
        parts = self.parts
        for session in shares:
            key = session.key
            if key not in parts and len(parts) >= MOST_REMEMBERED:
                del parts[min(parts, key=parts.__getitem__)]
            part = session.share * (log_e + delta * session.beyond / variance)
            parts[key] = parts.get(key, 0.0) + part

    def clear(self) -> None:
        """Begin with another onset."""
        self.parts = {}

    def without_loudest(self, total: float) -> float:
        """The log likelihood ratio ``total`` without the sessions that speak loudest for a rise."""
        loudest = heapq.nlargest(ENOUGH_SESSIONS - 1, self.parts.values())
        return total - math.fsum(max(part, 0.0) for part in loudest)
