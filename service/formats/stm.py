"""NIST STM, segment time marks, as sclite 2.10 (SCTK 1.3) reads it: references with times and subsets.

``recording channel speaker start end [<label,label>] words``. A line ``;; LABEL "id" "heading" "about it"``
names a subset; its heading then stands in the place of its id. Words may be alternatives.
"""

from __future__ import annotations

import re

from detectors.recordings.readings import Alternatives
from service.formats.lines import Damaged, lines_of, records_of, seconds
from service.formats.segment import Segment
from service.formats.wording import first_of, wording

OUT_OF_BOUNDS = "IGNORE_TIME_SEGMENT_IN_SCORING"
_SUBSET = re.compile(r';;\s*LABEL\s+"([^"]*)"\s+"([^"]*)"')
_LABELS = re.compile(r"<([^<>\s]*)>(?:\s+(.*))?", re.DOTALL)


def read(body: bytes) -> list[Segment]:
    """The segments of a file, in its order.

    Raises
    ------
    Damaged
        Where a line lacks one of the first five fields, or a time or a brace is wrong.

    Examples
    --------
    >>> [heard, left_out] = read(b'''
    ... ;; LABEL "A1" "accent-a" "Accent cohort A"
    ... ward7 1 spk0 0.31 2.84 <O,A1> give two hundred milligrams
    ... ward7 1 spk0 2.90 5.00 IGNORE_TIME_SEGMENT_IN_SCORING''')
    >>> heard.labels, heard.end_s, heard.text, left_out.is_scored
    (('O', 'accent-a'), 2.84, 'give two hundred milligrams', False)
    """
    headings = {
        found[1]: found[2].strip() or found[1]
        for _, line in lines_of(body)
        if (found := _SUBSET.match(line.strip()))
    }
    return [_segment(number, line, headings) for number, line in records_of(body)]


def _segment(number: int, line: str, headings: dict[str, str]) -> Segment:
    fields = line.split(None, 5)
    if len(fields) < 5:
        detail = "expected recording, channel, speaker, start, end and the words"
        raise Damaged(number, f"{detail}; there are {len(fields)} fields")
    recording, channel, speaker, start, end = fields[:5]
    start_s, end_s = seconds(start, number, "a start"), seconds(end, number, "an end")
    if end_s < start_s:
        raise Damaged(number, "expected an end that is not before its start")
    said = fields[5] if len(fields) == 6 else ""
    labelled = _LABELS.fullmatch(said)
    labels = () if labelled is None else tuple(filter(None, labelled[1].split(",")))
    said = said if labelled is None else labelled[2] or ""
    is_scored = said.strip().upper() != OUT_OF_BOUNDS
    parts = wording(said, number) if is_scored else ()
    return Segment(
        line=number,
        text=first_of(parts),
        wording=parts if any(isinstance(part, Alternatives) for part in parts) else (),
        recording_id=recording,
        channel=channel,
        start_s=start_s,
        end_s=end_s,
        speaker=speaker,
        labels=tuple(headings.get(label, label) for label in labels),
        is_scored=is_scored,
    )
