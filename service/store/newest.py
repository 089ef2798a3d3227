"""When the newest row of a store was written: what a clock must not be behind."""

from __future__ import annotations

import sqlite3

_NEWEST = """
    SELECT MAX(at) FROM (
        SELECT * FROM (SELECT received_at AS at FROM utterances ORDER BY number DESC LIMIT 1) UNION ALL
        SELECT * FROM (SELECT scored_at FROM scored ORDER BY seq DESC LIMIT 1) UNION ALL
        SELECT MAX(received_at) FROM waiting_references UNION ALL
        SELECT MAX(received_at) FROM recording_references
    )
"""


def newest_at(db: sqlite3.Connection) -> float | None:
    """The time, in seconds since the epoch; None of an empty store."""
    (newest,) = db.execute(_NEWEST).fetchone()
    return None if newest is None else float(newest)
