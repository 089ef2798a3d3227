"""WebVTT subtitles (.vtt), as the W3C's Candidate Recommendation of 4 April 2019 defines them.

Notes, styles and regions are no speech. ``<v Anna>`` says who speaks; a cue with several voices is several
segments with the same times. A cue's identifier names it within the file only.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from service.formats.cues import ARROW, Block, blocks_of, times, without_tags
from service.formats.lines import Damaged
from service.formats.segment import Segment

_HEADER = re.compile(r"WEBVTT([ \t].*)?", re.DOTALL)
_NO_CUE = re.compile(r"(NOTE|STYLE|REGION)([ \t].*)?", re.DOTALL)
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s+([^<>]*)>")


def read(body: bytes) -> list[Segment]:
    r"""The cues of a file, in its order.

    Raises
    ------
    Damaged
        Where the first line is not WEBVTT, or a cue has no times.

    Examples
    --------
    >>> [ann, ben] = read(b"WEBVTT\n\n00:00.310 --> 00:02.840\n<v Ann>fever?</v> <v Ben>none &amp; no pain")
    >>> ann.speaker, ann.text, ben.speaker, ben.text, ben.end_s
    ('Ann', 'fever?', 'Ben', 'none & no pain', 2.84)
    """
    blocks = list(blocks_of(body))
    if not blocks or blocks[0][0][0] != 1 or not _HEADER.fullmatch(blocks[0][0][1]):
        raise Damaged(1, "expected WEBVTT in the first line")
    # What follows the header without a blank line between are metadata, or regions.
    if ARROW in "".join(line for _, line in blocks[0]):
        raise Damaged(2, "expected a blank line after the header")
    return [
        segment for block in blocks[1:] if not _NO_CUE.fullmatch(block[0][1]) for segment in _segments(block)
    ]


def _segments(block: Block) -> Iterator[Segment]:
    number, first = block[0]
    is_named = ARROW not in first
    if is_named and len(block) == 1:
        raise Damaged(number, "expected a cue's times in this line or the next")
    start_s, end_s = times(block[is_named][1], block[is_named][0])
    for speaker, text in _voices("\n".join(line for _, line in block[1 + is_named :])):
        yield Segment(line=number, text=text, start_s=start_s, end_s=end_s, speaker=speaker)


def _voices(payload: str) -> Iterator[tuple[str | None, str]]:
    """Who says what in a cue; what nobody is named for is said by None."""
    before, *spoken = _VOICE.split(payload)
    pieces = [(None, before), *zip(spoken[::2], spoken[1::2], strict=True)]
    for speaker, text in pieces:
        words = html.unescape(without_tags(text))
        if words or len(pieces) == 1:
            yield speaker if speaker is None else html.unescape(speaker).strip() or None, words
