"""References that wait under another normaliser than the present one.

Their words were made equal by other rules, so they cannot be compared with what is sent from now on: unless
their utterances come under that normaliser again, they are never scored.
"""

from __future__ import annotations

import sqlite3

_WHICH = "reference IS NOT NULL AND normaliser != ?"


def read_incomparable(db: sqlite3.Connection, normaliser: str) -> int:
    """How many references wait under another normaliser than this version of one."""
    (count,) = db.execute(
        f"SELECT COUNT(*) FROM waiting_references WHERE {_WHICH}",  # noqa: S608 -- a constant
        (normaliser,),
    ).fetchone()
    return int(count)


def drop_incomparable(db: sqlite3.Connection, normaliser: str, before: float, most: int) -> int:
    """Delete at most so many of them that were received before this time; return how many."""
    return db.execute(
        "DELETE FROM waiting_references WHERE utterance_id IN (SELECT utterance_id FROM waiting_references "  # noqa: S608 -- constants
        f"WHERE received_at < ? AND {_WHICH} ORDER BY received_at LIMIT ?)",
        (before, normaliser, most),
    ).rowcount


def told(count: int) -> str:
    """What is said of so many of them."""
    return (
        f"{count:,} references wait under another normaliser, so they are never scored with what comes now; "
        "send them again"
    )
