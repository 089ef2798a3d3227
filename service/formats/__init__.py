"""References and hypotheses as tools save them: one small file a format, found by its name.

Each reader is a pure function from a file's bytes to its segments, and raises `service.formats.lines.Damaged`
for whatever is not as its format has it.
"""

from __future__ import annotations

from collections.abc import Callable

from service.formats import ctm, srt, stm, trn, webvtt
from service.formats.segment import Segment

Reader = Callable[[bytes], list[Segment]]

READERS: dict[str, Reader] = {
    "ctm": ctm.read,
    "srt": srt.read,
    "stm": stm.read,
    "trn": trn.read,
    "vtt": webvtt.read,
}
"""By the ending that such files have."""
OF_REFERENCES = tuple(name for name in READERS if name != "ctm")
"""Those that hold references; CTM is what an engine said."""
