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
_OTHERS = ("utterance_id", "spoken_at", "reference")


def scrambled(number: int) -> str:
    """The id of an utterance: sixteen digits that fall anywhere in an index, as a random id's do."""
    return f"{number * SCRAMBLE & 0xFFFFFFFFFFFFFFFF:016x}"


def as_written(text: str, number: int) -> str:
    """Words as engines write them: capitals and signs, and in some a number or a contraction.

    >>> as_written("no fever since monday and no chills", 0)
    "It's no fever since monday, and no chills."
    >>> as_written("no fever since monday and no chills", 5)
    'No fever since monday 85 mg, and no chills.'
    """
    words = text.split()
    middle = (len(words) + 1) // 2
    before, after = words[:middle], words[middle:]
    if number % 4 == 0:
        before = ["it's", *before]
    if number % 3 == 2:
        before += [str(17 * number), "mg"]
    written = f"{' '.join(before)}, {' '.join(after)}" if before and after else " ".join(words)
    return f"{written[:1].upper()}{written[1:]}."


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
        about = [{name: value for name, value in line.items() if name not in _OTHERS} for line in lines]
        self._utterances = [_rest(each) for each in about]
        self._written = [
            _rest({**each, "hypothesis": as_written(str(each["hypothesis"]), number)})
            for number, each in enumerate(about)
        ]

    def utterance(self, number: int) -> bytes:
        """The body for /v1/utterances, in lower case without signs."""
        return self._head(number) + self._utterances[number % TEMPLATES]

    def written_utterance(self, number: int) -> bytes:
        """The same as engines write it."""
        return self._head(number) + self._written[number % TEMPLATES]

    def _head(self, number: int) -> bytes:
        spoken_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._begin_s + SECONDS_EACH * number))
        return f'{{"utterance_id": "{scrambled(number)}", "spoken_at": "{spoken_at}", '.encode()

    def reference(self, number: int) -> bytes:
        """The body for /v1/references."""
        return f'{{"utterance_id": "{scrambled(number)}", '.encode() + self._references[number % TEMPLATES]


def _rest(fields: dict[str, object]) -> bytes:
    return json.dumps(fields).encode()[1:]
