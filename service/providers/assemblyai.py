"""AssemblyAI: transcripts of API v2 (asynchronous), and ``Turn`` messages of streaming v3.

Source: assemblyai.com/docs, *Transcript* of the API reference and *Streaming API*. Times of words are in
milliseconds.
"""

from __future__ import annotations

from service.errors import Refused
from service.providers.languages import canonical
from service.providers.reading import Node, common_label, label_at, probability_at, span, text_at
from service.providers.result import IGNORED, Result, all_or_none, mean

MILLISECONDS = 1000.0
ABOUT_THE_STREAM = ("Begin", "Termination", "SpeechStarted", "Heartbeat", "Warning")


def read(payload: Node) -> list[Result]:
    """The utterances of a transcript, where speakers or channels were told apart, or all of it; or a turn.

    A transcript that is not ``completed`` is no result yet. A turn that is sent a second time, formatted, has
    the same place as before, and replaces it.
    """
    kind = text_at(payload, "type")
    if kind == "Turn":
        return [_turn(payload)]
    if kind in ABOUT_THE_STREAM:
        return [IGNORED]
    if "transcript_id" in payload and "id" not in payload:
        detail = (
            "id: this field is required; a webhook only says that the transcript can be fetched: send that"
        )
        raise Refused(422, detail, "#/id")
    recording = payload["id"].text()
    if payload["status"].text() != "completed":
        return [IGNORED]
    parts = payload.entries("utterances") or [payload]
    return [_of_file(part, payload, recording, str(number)) for number, part in enumerate(parts)]


def _of_file(part: Node, transcript: Node, recording: str, place: str) -> Result:
    words = part.entries("words")
    start_s, end_s = _span(words)
    confidences = all_or_none(probability_at(word, "confidence") for word in words)
    return Result(
        text=part["text"].text(),
        recording=recording,
        place=place,
        start_s=start_s,
        end_s=end_s,
        confidence=mean(confidences) if confidences else probability_at(part, "confidence"),
        word_confidences=confidences,
        language=canonical(text_at(transcript, "language_code")),
        channel=label_at(part, "channel"),
        speaker=label_at(part, "speaker") or common_label(words, "speaker"),
        model=_model(transcript),
    )


def _turn(turn: Node) -> Result:
    text = turn["transcript"].text()
    if not turn["end_of_turn"].boolean() or not text.strip():
        return IGNORED
    words = turn.entries("words")
    start_s, end_s = _span(words)
    confidences = all_or_none(probability_at(word, "confidence") for word in words)
    return Result(
        text=text,
        place=turn["turn_order"].label(),
        start_s=start_s,
        end_s=end_s,
        confidence=mean(confidences),
        word_confidences=confidences,
        language=canonical(text_at(turn, "language_code")),
        speaker=label_at(turn, "speaker_label"),
    )


def _span(words: list[Node]) -> tuple[float | None, float | None]:
    return span(words[0]["start"], words[-1]["end"], MILLISECONDS) if words else (None, None)


def _model(transcript: Node) -> str | None:
    models = transcript.entries("speech_models")
    return text_at(transcript, "speech_model") or (models[0].text() if len(models) == 1 else None)
