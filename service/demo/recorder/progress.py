"""What is recorded already, kept on disk, so that an interrupted run can go on."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from service.demo.recorder.recording import Recorded, Take


class Progress:
    """An append-only file of recorded dictations.

    Parameters
    ----------
    path
        The file; it is created with the first dictation.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def finished(self) -> dict[int, Recorded]:
        """Give what is on disk, by index, and cut off a line that an interrupt tore."""
        if not self._path.exists():
            return {}
        content = self._path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            self._path.write_bytes(whole)
        return {recorded.index: recorded for recorded in _parsed(whole)}

    def keep(self, recorded: Recorded) -> None:
        """Add one dictation."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(recorded)) + "\n")


def _parsed(content: bytes) -> Iterator[Recorded]:
    for text in content.splitlines():
        fields: dict[str, Any] = json.loads(text)
        noisy = fields.pop("noisy")
        quiet = fields.pop("quiet")
        yield Recorded(**fields, quiet=Take(**quiet), noisy=Take(**noisy) if noisy else None)
