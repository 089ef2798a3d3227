"""NIST TRN, transcripts with an id: ``words of an utterance (its-id)``, as sclite 2.10 (SCTK 1.3) reads it.

One utterance a line, in references and hypotheses alike. Blank lines and lines that begin with ``;;`` say
nothing.
"""

from __future__ import annotations

import re

from detectors.recordings.readings import Alternatives
from service.formats.lines import Damaged, records_of
from service.formats.segment import Segment
from service.formats.wording import first_of, wording

_LINE = re.compile(r"(?:(.*)\s)?\(([^()\s]+)\)", re.DOTALL)


def read(body: bytes) -> list[Segment]:
    """The utterances of a file.

    Raises
    ------
    Damaged
        Where a line has no id at its end or that of another line, or its braces do not fit together.

    Examples
    --------
    >>> [found] = read(b"i've { um / @ } checked the (old) chart (utt-000124)")
    >>> found.utterance_id, found.text
    ('utt-000124', "i've um checked the old chart")
    """
    segments = [_segment(number, line) for number, line in records_of(body)]
    before: dict[str | None, int] = {}
    for segment in segments:
        if before.setdefault(segment.utterance_id, segment.line) != segment.line:
            place = f"line {before[segment.utterance_id]}"
            raise Damaged(segment.line, f"its utterance_id was on {place} already")
    return segments


def _segment(number: int, line: str) -> Segment:
    found = _LINE.fullmatch(line)
    if found is None:
        raise Damaged(
            number, "expected the words and then the utterance's id in parentheses, such as (utt-1)"
        )
    parts = wording(found[1] or "", number)
    return Segment(
        line=number,
        utterance_id=found[2],
        text=first_of(parts),
        wording=parts if any(isinstance(part, Alternatives) for part in parts) else (),
    )
