"""Notices on their way in the store."""

from __future__ import annotations

import sqlite3
from typing import Any

from service.records import Delivery, Remembered, SentNotice

_HEADS = """
    SELECT delivery_id, alert_id, receiver, body, attempts, created_at, memory FROM (
        SELECT *, ROW_NUMBER() OVER (PARTITION BY alert_id ORDER BY position) AS place
        FROM outbox WHERE state = 'pending' AND receiver = ?
    ) LEFT JOIN receiver_memory USING (receiver, alert_id)
    WHERE place = 1 AND due_at <= ? ORDER BY created_at LIMIT ?
"""


class OutboxRows:
    """What becomes of notices, over the store's connection, in a transaction that the caller holds."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def settle(self, delivery_id: str, state: str, outcome: str, due_at: float) -> None:
        """Record an attempt: delivered, dead, or pending again from ``due_at`` on."""
        self._db.execute(
            "UPDATE outbox SET state = ?, attempts = attempts + 1, last_outcome = ?, due_at = ? "
            "WHERE delivery_id = ?",
            (state, outcome, due_at, delivery_id),
        )

    def remember(self, receiver: str, alert_id: str, memory: str) -> None:
        """Keep what a receiver wants to know at the alert's next notice."""
        self._db.execute(
            "INSERT OR REPLACE INTO receiver_memory VALUES (?, ?, ?)", (receiver, alert_id, memory)
        )

    def move(self, by_s: float) -> None:
        """Let all pending notices be due, and made, so much later."""
        self._db.execute(
            "UPDATE outbox SET due_at = due_at + ?, created_at = created_at + ? WHERE state = 'pending'",
            (by_s, by_s),
        )

    def resend(self, delivery_id: str, now: float) -> tuple[str, str]:
        """Make a dead notice pending again; return its alert and the name of its receiver.

        Raises
        ------
        LookupError
            If there is no such notice.
        ValueError
            If it is not dead, or a later notice of its alert has arrived, which it would contradict.
        """
        alert_id, receiver, position = self._dead(delivery_id)
        later = self._db.execute(
            "SELECT 1 FROM outbox WHERE receiver = ? AND alert_id = ? AND position > ? "
            "AND state = 'delivered'",
            (receiver, alert_id, position),
        ).fetchone()
        if later is not None:
            raise ValueError("a later notice of its alert has arrived")
        self._db.execute(
            "UPDATE outbox SET state = 'pending', attempts = 0, due_at = ?, created_at = ? "
            "WHERE delivery_id = ?",
            (now, now, delivery_id),
        )
        return alert_id, receiver

    def dismiss(self, delivery_id: str) -> tuple[str, str]:
        """Let a dead notice be: it counts no more. Return its alert and the name of its receiver.

        Raises
        ------
        LookupError
            If there is no such notice.
        ValueError
            If it is not dead.
        """
        alert_id, receiver, _ = self._dead(delivery_id)
        self._db.execute("UPDATE outbox SET state = 'dismissed' WHERE delivery_id = ?", (delivery_id,))
        return alert_id, receiver

    def _dead(self, delivery_id: str) -> tuple[str, str, int]:
        row = self._db.execute(
            "SELECT alert_id, receiver, position, state FROM outbox WHERE delivery_id = ?", (delivery_id,)
        ).fetchone()
        if row is None:
            raise LookupError(delivery_id)
        alert_id, receiver, position, state = row
        if state != "dead":
            raise ValueError(f"it is {state}, not dead")
        return alert_id, receiver, position


def read_dead_letters(db: sqlite3.Connection) -> dict[str, int]:
    """How many dead notices each receiver has that no later one of their alert has made up for."""
    rows = db.execute(
        "WITH arrived AS (SELECT alert_id, receiver, MAX(position) AS newest FROM outbox "
        "WHERE state = 'delivered' GROUP BY alert_id, receiver) "
        "SELECT dead.receiver, COUNT(*) FROM outbox AS dead LEFT JOIN arrived USING (alert_id, receiver) "
        "WHERE dead.state = 'dead' AND COALESCE(newest < dead.position, TRUE) GROUP BY dead.receiver"
    )
    return dict(rows.fetchall())


def read_due(db: sqlite3.Connection, receiver: str, now: float, most: int) -> list[Delivery]:
    """What to send to a receiver now: of every alert the first pending notice, if it is due, oldest first."""
    return [Delivery(*row) for row in db.execute(_HEADS, (receiver, now, most))]


def read_receivers_due(db: sqlite3.Connection, now: float) -> list[str]:
    """The names of receivers for which a pending notice is due."""
    rows = db.execute("SELECT DISTINCT receiver FROM outbox WHERE state = 'pending' AND due_at <= ?", (now,))
    return [receiver for (receiver,) in rows]


def read_remembered(db: sqlite3.Connection, receiver: str, ended_after: float) -> list[Remembered]:
    """What a receiver remembers of alerts that are active, or ended after this time."""
    rows = db.execute(
        "SELECT alert_id, memory, CASE WHEN state IN ('firing', 'acknowledged') THEN NULL "
        "ELSE COALESCE(resolved_at, fired_at) END AS ended_at "
        "FROM receiver_memory JOIN alerts USING (alert_id) "
        "WHERE receiver = ? AND (ended_at IS NULL OR ended_at > ?) ORDER BY fired_at, alert_id",
        (receiver, ended_after),
    )
    return [Remembered(*row) for row in rows]


def read_sent(db: sqlite3.Connection, state: str | None, most: int) -> list[SentNotice]:
    """Notices, the newest first, of one state or of all; without what they say."""
    clause, values = ("WHERE state = ? ", [state]) if state else ("", [])
    query = (
        "SELECT delivery_id, alert_id, receiver, state, attempts, due_at, created_at, last_outcome, "  # noqa: S608 -- constants
        f"json_extract(body, '$.type') FROM outbox {clause}ORDER BY created_at DESC, delivery_id LIMIT ?"
    )
    arguments: list[Any] = [*values, most]
    return [SentNotice(*row) for row in db.execute(query, arguments)]
