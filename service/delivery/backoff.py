"""How long to wait before something that failed is tried again."""

from __future__ import annotations

import random
from email.utils import parsedate_to_datetime

BASE_S, CAP_S = 1.0, 300.0
MOST_ASKED_S = 3_600.0
"""No server may have us wait longer than this at once."""


def wait_s(attempts: int, retry_after: str | None, now: float, cap_s: float = CAP_S) -> float:
    """Seconds until the next attempt: full jitter under a doubling bound, at least what Retry-After asks.

    Parameters
    ----------
    attempts
        Attempts before the one that has just failed.
    retry_after
        The header: seconds, or an HTTP date; anything else is ignored.
    now
        Seconds since the epoch.
    cap_s
        Where the bound ends to double.
    """
    bound = min(cap_s, BASE_S * 2.0 ** min(attempts, 20))
    return max(random.uniform(0.0, bound), asked_s(retry_after, now))  # noqa: S311 -- jitter, not a secret


def asked_s(retry_after: str | None, now: float) -> float:
    """Seconds that Retry-After asks for, at most an hour; 0 where it asks for nothing that we understand.

    Examples
    --------
    >>> asked_s("7", 0.0), asked_s("Thu, 01 Jan 1970 00:00:09 GMT", 4.0), asked_s("soon", 0.0)
    (7.0, 5.0, 0.0)
    """
    if retry_after is None:
        return 0.0
    if retry_after.isdecimal():
        return min(float(retry_after), MOST_ASKED_S)
    try:
        return min(max(parsedate_to_datetime(retry_after).timestamp() - now, 0.0), MOST_ASKED_S)
    except (ValueError, OverflowError):
        return 0.0
