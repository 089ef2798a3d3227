"""From segments to references: the text of each utterance, of each recording, or of each passage of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

import msgspec

from service.errors import Refused
from service.formats.segment import Segment


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """What was spoken in an utterance, or in a recording.

    Attributes
    ----------
    line
        Where the first of its segments begins in the file.
    utterance_id, recording_id
        One of the two.
    is_passage
        Whether it is of a part of the recording only.
    """

    line: int
    text: str
    utterance_id: str | None = None
    recording_id: str | None = None
    is_passage: bool = False

    def __repr__(self) -> str:
        """Name it without what it holds."""
        return f"<Gathered from line {self.line}>"


def gathered(
    segments: Sequence[Segment], utterance_id: str | None = None, recording_id: str | None = None
) -> list[Gathered]:
    """Put together what belongs together.

    Segments of an utterance are joined, and so are those of a recording, over all of its channels, in spoken
    order. A recording with stretches out of bounds is not known as a whole: what lies between is passages.

    Parameters
    ----------
    segments
        Of one file, as a reader of `service.formats` returns them.
    utterance_id, recording_id
        What all of the file is about, where it does not say so or uses another name; one of the two at most.

    Raises
    ------
    Refused
        422 if it is not said what a segment is about.

    Examples
    --------
    >>> cues = [Segment(line=5, text="since May", start_s=2.0), Segment(line=1, text="no fever", start_s=0.5)]
    >>> [found] = gathered(cues, recording_id="visit-9")
    >>> found.recording_id, found.text, found.line
    ('visit-9', 'no fever since May', 1)
    """
    about: dict[tuple[str | None, str | None], list[Segment]] = {}
    for segment in segments:
        about.setdefault(_subject(segment, utterance_id, recording_id), []).append(segment)
    if utterance_id or recording_id:
        _must_be_one(segments)
    return [
        reference
        for (utterance, recording), of_it in about.items()
        for reference in _references(utterance, recording, of_it)
    ]


def _subject(
    segment: Segment, utterance_id: str | None, recording_id: str | None
) -> tuple[str | None, str | None]:
    if utterance_id is not None or recording_id is not None:
        return utterance_id, recording_id
    if segment.utterance_id is not None:
        return segment.utterance_id, None
    if segment.recording_id is None:
        detail = (
            f"line {segment.line}: nothing in it says what it is about; send recording_id or utterance_id"
        )
        raise Refused(422, detail, "#/recording_id")
    return None, segment.recording_id


def _must_be_one(segments: Sequence[Segment]) -> None:
    names = {(segment.utterance_id, segment.recording_id) for segment in segments}
    if len(names) > 1:
        raise Refused(
            422,
            "recording_id: the file is about several, so it cannot be said for all of it",
            "#/recording_id",
        )


def _references(
    utterance_id: str | None, recording_id: str | None, segments: Iterable[Segment]
) -> Iterable[Gathered]:
    ordered = sorted(segments, key=lambda segment: segment.start_s or 0.0)
    is_passage = utterance_id is None and not all(segment.is_scored for segment in ordered)
    for is_scored, run in groupby(ordered, lambda segment: segment.is_scored):
        of_it = list(run)
        if is_scored:
            yield Gathered(
                line=min(segment.line for segment in of_it),
                text=" ".join(segment.text for segment in of_it if segment.text),
                utterance_id=utterance_id,
                recording_id=recording_id,
                is_passage=is_passage,
            )
