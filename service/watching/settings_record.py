"""Settings of the monitor that changed: on record, since alerts come and go by them as well."""

from __future__ import annotations

import json
import time
from typing import Any

from detectors.monitor import MonitorSettings
from detectors.state import dump
from service.store.history import History

SETTINGS = "settings"
CONFIGURATION = "configuration"
"""The author where nobody is known who made the file be read."""


def record_change(
    history: History, before: dict[str, Any], settings: MonitorSettings, author: str = CONFIGURATION
) -> None:
    """Append what differs, in a transaction that the caller holds; the same as last time only once.

    Parameters
    ----------
    before
        What `known_settings` says, or the like of the settings until now.
    """
    now = dump(settings)
    changed = [key for key in now if key in before and before[key] != now[key]]
    note = ", ".join(f"{key} {before[key]} -> {now[key]}" for key in changed)
    if note and note != history.last_note(SETTINGS):
        history.put_intervention(SETTINGS, None, author, note, time.time())


def known_settings(history: History) -> dict[str, Any]:
    """The settings under which the state was last saved; empty if that is unknown."""
    snapshot = history.snapshot()
    try:
        found = json.loads(snapshot.state)["settings"] if snapshot is not None else {}
    except (ValueError, LookupError, TypeError):
        found = {}
    return found if isinstance(found, dict) else {}
