"""Rev AI: transcripts of the asynchronous API v1 (``transcript+json``), and messages of the streaming API v1.

Source: docs.rev.ai, *Get Transcript By Id* and *Streaming Speech-to-Text: responses*.
"""

from __future__ import annotations

from service.providers.reading import Node, label_at, places, probability_at, span, text_at
from service.providers.result import IGNORED, Result, all_or_none, mean, moment


def read(payload: Node) -> list[Result]:
    """The monologues of a transcript, each of one speaker, or one final hypothesis of a stream."""
    kind = text_at(payload, "type")
    if kind is None:
        monologues = payload["monologues"].items()
        return [_of_file(monologue, str(number)) for number, monologue in enumerate(monologues)]
    if kind != "final":
        return [IGNORED]
    start_s, end_s = span(payload["ts"], payload["end_ts"])
    result = _result(payload, start_s, end_s, moment(None, start_s))
    return [result if result.text else IGNORED]


def _of_file(monologue: Node, place: str) -> Result:
    # What is marked as unknown has no times.
    words = [
        word for word in places(monologue["elements"].items(), "type", "text") if word.get("ts") is not None
    ]
    start_s, end_s = span(words[0]["ts"], words[-1]["end_ts"]) if words else (None, None)
    return _result(monologue, start_s, end_s, place)


def _result(said: Node, start_s: float | None, end_s: float | None, place: str | None) -> Result:
    elements = said["elements"].items()
    words = places(elements, "type", "text")
    confidences = all_or_none(probability_at(word, "confidence") for word in words)
    return Result(
        text="".join(element["value"].text() for element in elements).strip(),
        place=place,
        start_s=start_s,
        end_s=end_s,
        confidence=mean(confidences),
        word_confidences=confidences,
        channel=label_at(said, "channel_id"),
        speaker=label_at(said, "speaker"),
    )
