"""A stretch of speech with what a file says of it, the same whichever format the file has."""

from __future__ import annotations

import msgspec

from detectors.recordings.readings import Part


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """One line, cue, region or word of a file.

    Attributes
    ----------
    line
        Where it begins in the file, from 1; for JSON the number of the annotation.
    text
        What was spoken. Of alternatives the first, with the words that may be left out.
    wording
        The same with its alternatives, where it has any: see `service.formats.wording`.
    utterance_id, recording_id, channel
        What the file names it by; a format has only some of these.
    start_s, end_s
        Seconds since the recording began.
    speaker
        The file's label of who spoke; it holds within one recording.
    labels
        The subsets that it belongs to, such as cohorts.
    is_scored
        False for a stretch that is marked as out of bounds: what was recognised there is no error.
    """

    line: int
    text: str
    wording: tuple[Part, ...] = ()
    utterance_id: str | None = None
    recording_id: str | None = None
    channel: str | None = None
    start_s: float | None = None
    end_s: float | None = None
    speaker: str | None = None
    labels: tuple[str, ...] = ()
    is_scored: bool = True

    def __repr__(self) -> str:
        """Name it without what it holds."""
        return f"<Segment of line {self.line}>"
