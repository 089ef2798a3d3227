r"""SubRip subtitles (.srt), which have no written standard: as SubRip 1.50 and FFmpeg write them.

A number, ``hours:minutes:seconds,thousandths --> ...``, lines of text, a blank line. The mark-up of some
players (``<i>``, ``{\an8}``) is no text. No speakers.
"""

from __future__ import annotations

import re

from service.formats.cues import blocks_of, times, without_tags
from service.formats.lines import Damaged
from service.formats.segment import Segment

_STYLE = re.compile(r"\{\\[^{}]*\}")


def read(body: bytes) -> list[Segment]:
    r"""The cues of a file, in its order.

    Raises
    ------
    Damaged
        Where a cue does not begin with its number and its times.

    Examples
    --------
    >>> [cue] = read(b"1\n00:00:00,310 --> 00:00:02,840\ngive two\n<i>hundred</i>\n")
    >>> cue.start_s, cue.end_s, cue.text
    (0.31, 2.84, 'give two hundred')
    """
    cues = []
    for block in blocks_of(body):
        number, counter = block[0]
        if not re.fullmatch(r"\d{1,9}", counter.strip(), re.ASCII):
            raise Damaged(number, "expected the number of a cue")
        if len(block) == 1:
            raise Damaged(number, "expected a cue's times in the line after this one")
        start_s, end_s = times(block[1][1], block[1][0])
        text = without_tags(_STYLE.sub("", " ".join(line for _, line in block[2:])))
        cues.append(Segment(line=number, text=text, start_s=start_s, end_s=end_s))
    return cues
