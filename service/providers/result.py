"""What an engine gave for one stretch of speech, the same whichever engine it was."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One result of an engine.

    Attributes
    ----------
    text
        The words as they are to be scored: in their spoken form where the engine gives both.
    is_final
        False for a partial, or what holds no words; None where the payload cannot tell.
    own_id
        The engine's name for this result; a revision of it bears the same.
    recording, place
        The engine's name for the request or job, and what tells this result from its others: a revision has
        the same place. None where the payload does not say.
    start_s, end_s
        Seconds since the audio began.
    confidence, word_confidences
        From 0 to 1; words only where each has one. They are not comparable between engines.
    language
        As a BCP 47 tag.
    channel, speaker
        The engine's labels; a speaker's holds within one recording only.
    model
        What recognised it, with its version where the engine tells.
    """

    text: str = ""
    is_final: bool | None = True
    own_id: str | None = None
    recording: str | None = None
    place: str | None = None
    start_s: float | None = None
    end_s: float | None = None
    confidence: float | None = None
    word_confidences: list[float] | None = None
    language: str | None = None
    channel: str | None = None
    speaker: str | None = None
    model: str | None = None

    def __repr__(self) -> str:
        """Name it without what it holds."""
        return "<Result>"


IGNORED = Result(is_final=False)
"""In the place of a partial result, and of a message that is about the stream."""


def all_or_none(confidences: Iterable[float | None]) -> list[float] | None:
    """The confidences of the words, if each has one.

    >>> all_or_none([0.5, None]), all_or_none([]), all_or_none([0.5, 0.25])
    (None, None, [0.5, 0.25])
    """
    known: list[float] = []
    for confidence in confidences:
        if confidence is None:
            return None
        known.append(confidence)
    return known or None


def mean(values: Sequence[float] | None) -> float | None:
    """The mean, if there is any value."""
    return math.fsum(values) / len(values) if values else None


def likelihood(logarithms: Sequence[float]) -> float | None:
    """A confidence from natural logarithms of probabilities: the exponential of their mean.

    >>> likelihood([-0.5, -1.5]), likelihood([])
    (0.36787944117144233, None)
    """
    average = mean(logarithms)
    return None if average is None else math.exp(min(average, 0.0))


def moment(channel: str | None, at_s: float | None) -> str | None:
    """The place of a result in a stream: its channel and the milliseconds since the audio began.

    >>> moment("ch_0", 0.31), moment(None, 0.31), moment("0", None)
    ('ch_0-310', '310', None)
    """
    if at_s is None:
        return None
    milliseconds = f"{1000 * at_s:.0f}"
    return milliseconds if channel is None else f"{channel}-{milliseconds}"


def joined(results: Sequence[Result]) -> Result:
    """Several results of one channel as one, in the order in which they were spoken.

    What they do not have in common is unknown.
    """
    if len(results) == 1:
        return results[0]
    ordered = sorted(results, key=lambda result: result.start_s or 0.0)
    first = ordered[0]
    words: list[float] | None = []
    for result in ordered:
        if result.text and (words is None or result.word_confidences is None):
            words = None
        elif words is not None:
            words += result.word_confidences or ()
    known = [result.confidence for result in ordered if result.confidence is not None]
    starts = [result.start_s for result in ordered if result.start_s is not None]
    ends = [result.end_s for result in ordered if result.end_s is not None]
    return Result(
        text=" ".join(result.text for result in ordered if result.text),
        is_final=first.is_final,
        recording=first.recording,
        start_s=min(starts, default=None),
        end_s=max(ends, default=None),
        confidence=mean(words) if words else mean(known),
        word_confidences=words or None,
        language=_common(result.language for result in ordered),
        channel=first.channel,
        speaker=_common(result.speaker for result in ordered),
        model=first.model,
    )


def _common(values: Iterable[str | None]) -> str | None:
    found = set(values)
    return found.pop() if len(found) == 1 else None
