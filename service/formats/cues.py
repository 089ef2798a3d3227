"""What subtitle files have in common: blocks of lines with two times in one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.formats.lines import Damaged, lines_of

ARROW = "-->"
_TIME = re.compile(r"(?:(\d{1,4}):)?([0-5]\d):([0-5]\d)[.,](\d{3})", re.ASCII)
_TAG = re.compile(r"<[^<>]*>")

Block = list[tuple[int, str]]


def blocks_of(body: bytes) -> Iterator[Block]:
    """Runs of lines that are not blank, each line with its number."""
    block: Block = []
    for number, line in lines_of(body):
        if line.strip():
            block.append((number, line))
        elif block:
            yield block
            block = []
    if block:
        yield block


def times(line: str, number: int) -> tuple[float, float]:
    """Start and end of a cue in seconds; what follows them is where it is shown.

    Raises
    ------
    Damaged
        If they are no times, or the end comes before the start.

    Examples
    --------
    >>> times("00:00:01,500 --> 00:01:02,250 X1:40", 2)
    (1.5, 62.25)
    """
    before, arrow, after = line.partition(ARROW)
    ends = after.split(None, 1)
    start = _TIME.fullmatch(before.strip())
    end = _TIME.fullmatch(ends[0]) if ends else None
    if not arrow or start is None or end is None:
        raise Damaged(number, "expected times such as 00:00:01.500 --> 00:00:04.250")
    start_s, end_s = _seconds(start), _seconds(end)
    if end_s < start_s:
        raise Damaged(number, "expected an end that is not before its start")
    return start_s, end_s


def without_tags(text: str) -> str:
    """The text without what is between angle brackets, with single spaces.

    >>> without_tags("<i>no</i>  fever")
    'no fever'
    """
    return " ".join(_TAG.sub("", text).split())


def _seconds(found: re.Match[str]) -> float:
    hours, minutes, whole, thousandths = found.groups()
    milliseconds = ((int(hours or 0) * 60 + int(minutes)) * 60 + int(whole)) * 1000 + int(thousandths)
    return milliseconds / 1000
