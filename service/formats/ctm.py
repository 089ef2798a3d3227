"""NIST CTM, conversation time marks, as sclite 2.10 (SCTK 1.3) reads it: hypotheses, a word a line.

``recording channel start duration word [confidence]``. Of alternatives between ``<ALT_BEGIN>``, ``<ALT>`` and
``<ALT_END>`` the first counts. A confidence may be on any scale, so it is checked and left aside.
"""

from __future__ import annotations

import re

from service.formats.lines import Damaged, records_of, seconds
from service.formats.segment import Segment

_NUMBER = re.compile(r"[-+]?\d{1,30}(\.\d{0,30})?([eE][-+]?\d{1,3})?|NA", re.ASCII)
_MARKS = ("<ALT_BEGIN>", "<ALT>", "<ALT_END>")


def read(body: bytes) -> list[Segment]:
    """The words of a file, each a segment.

    Raises
    ------
    Damaged
        Where a line has other fields, or alternatives do not fit together.

    Examples
    --------
    >>> [give, two] = read(b'''ward7 1 0.31 0.25 give 0.998
    ... ward7 1 0.52 0.25 two -6.763''')
    >>> two.recording_id, two.start_s, two.end_s, two.text
    ('ward7', 0.52, 0.77, 'two')
    """
    words = []
    opened, counts = None, True
    for number, line in records_of(body):
        fields = line.split()
        if len(fields) not in (5, 6):
            detail = "expected recording, channel, start, duration, a word and perhaps a confidence"
            raise Damaged(number, f"{detail}; there are {len(fields)} fields")
        mark = fields[4].upper()
        if mark in _MARKS:
            if (opened is None) != (mark == "<ALT_BEGIN>"):
                raise Damaged(number, "alternatives do not begin and end in turn")
            opened = None if mark == "<ALT_END>" else number
            counts = mark != "<ALT>"
        else:
            word = _word(number, fields)
            if counts:
                words.append(word)
    if opened is not None:
        raise Damaged(opened, "alternatives that begin here do not end")
    return words


def _word(number: int, fields: list[str]) -> Segment:
    recording, channel, start, duration, word = fields[:5]
    start_s = seconds(start, number, "a start")
    end_s = start_s + seconds(duration, number, "a duration")
    if len(fields) == 6 and not _NUMBER.fullmatch(fields[5]):
        raise Damaged(number, "expected the confidence as a number")
    return Segment(
        line=number,
        text="" if word == "@" else word,
        recording_id=recording,
        channel=channel,
        start_s=start_s,
        end_s=end_s,
    )
