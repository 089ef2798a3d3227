"""Request bodies from the demo's recording: real lines under ids and times that are all different."""

from __future__ import annotations

import json
import time
from itertools import islice

from service.demo.recording import read_lines

TEMPLATES = 2_000
SECONDS_EACH = 0.2
"""Between two utterances: ten million of them are 23 days."""
SCRAMBLE = 0x9E3779B97F4A7C15


def scrambled(number: int) -> str:
    """The id of an utterance: sixteen digits that fall anywhere in an index, as a random id's do."""
    return f"{number * SCRAMBLE & 0xFFFFFFFFFFFFFFFF:016x}"


class Bodies:
    """Utterances and references by their number.

    Parameters
    ----------
    begin_s
        When the utterance with the number 0 was spoken, seconds since the epoch.
    """

    def __init__(self, begin_s: float) -> None:
        self._begin_s = begin_s
        lines = list(islice(read_lines("hospital"), TEMPLATES))
        self._references = [
            _rest({"reference": line["reference"], "selection": "random", "probability": 1.0})
            for line in lines
        ]
        self._utterances = [
            _rest(
                {
                    name: value
                    for name, value in line.items()
                    if name not in ("utterance_id", "spoken_at", "reference")
                }
            )
            for line in lines
        ]

    def utterance(self, number: int) -> bytes:
        """The body for /v1/utterances."""
        spoken_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._begin_s + SECONDS_EACH * number))
        head = f'{{"utterance_id": "{scrambled(number)}", "spoken_at": "{spoken_at}", '
        return head.encode() + self._utterances[number % TEMPLATES]

    def reference(self, number: int) -> bytes:
        """The body for /v1/references."""
        return f'{{"utterance_id": "{scrambled(number)}", '.encode() + self._references[number % TEMPLATES]


def _rest(fields: dict[str, object]) -> bytes:
    return json.dumps(fields).encode()[1:]
