"""How far an import has come, so that one that was stopped goes on there."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from service.bulk.batches import Place

STATE_HOME = "XDG_STATE_HOME"


class Progress:
    """A small file of the user's own for one import: a file, how it is read, and where it goes.

    Where it cannot be written an import begins anew, which only takes longer: what is there counts once.
    """

    def __init__(self, *what: str) -> None:
        home = Path(os.environ.get(STATE_HOME) or Path.home() / ".local" / "state")
        name = hashlib.blake2b(json.dumps(what).encode(), digest_size=12).hexdigest()
        self._path = home / "werwatch" / f"import-{name}.json"

    def place(self) -> Place:
        """Where it came to; the beginning where nothing is known."""
        try:
            return Place(**json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return Place()

    def note(self, place: Place) -> None:
        """Remember that everything up to there was taken."""
        with suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            written = self._path.with_suffix(".new")
            written.write_text(json.dumps(asdict(place)), encoding="utf-8")
            written.replace(self._path)

    def forget(self) -> None:
        """Begin at the first line the next time."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
