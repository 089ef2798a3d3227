"""Reading alerts back from the store."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import fields
from typing import Any

from service.records import AlertRow

_ALERT_COLUMNS = tuple(field.name for field in fields(AlertRow))


def read_alerts(db: sqlite3.Connection, clause: str, values: tuple[Any, ...]) -> list[AlertRow]:
    """Alerts that a clause selects; the clause is code, its values are data."""
    rows = db.execute(
        f"SELECT {', '.join(_ALERT_COLUMNS)} FROM alerts {clause}",  # noqa: S608 -- constants
        values,
    )
    return [
        AlertRow(**dict(zip(_ALERT_COLUMNS, row, strict=True)) | {"facts": json.loads(row[-1])})
        for row in rows
    ]
