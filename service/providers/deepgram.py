"""Deepgram, API version 1: the answer for a file (also as a callback) and the messages of a stream.

Source: developers.deepgram.com, *Pre-Recorded Audio* and *Live Audio* of the API reference.
"""

from __future__ import annotations

from service.providers.languages import canonical
from service.providers.reading import Node, common_label, label_at, probability_at, span, text_at
from service.providers.result import IGNORED, Result, all_or_none, mean, moment

ABOUT_THE_STREAM = ("Metadata", "SpeechStarted", "UtteranceEnd", "Finalize")


def read(payload: Node) -> list[Result]:
    """The results of a file or of one message.

    Of a file, the ``utterances`` where they were asked for, otherwise the channels. Of a stream, each message
    with ``is_final`` is a result of its own, at its place; a final one without words is silence, and ignored.
    """
    kind = text_at(payload, "type")
    if kind == "Results":
        return [_of_stream(payload)]
    if kind in ABOUT_THE_STREAM:
        return [IGNORED]
    return _of_file(payload)


def _of_stream(message: Node) -> Result:
    best = message["channel"]["alternatives"][0]
    text = best["transcript"].text()
    if not message["is_final"].boolean() or not text.strip():
        return IGNORED
    metadata = message["metadata"]
    info = metadata.get("model_info")
    channel = message["channel_index"][0].label()
    start_s = message["start"].number()
    duration = message["duration"]
    if duration.number() < 0:
        raise duration.wrong("a number that is not negative")
    words, confidence = _confidences(best)
    return Result(
        text=text,
        recording=text_at(metadata, "request_id"),
        place=moment(channel, start_s),
        start_s=start_s,
        end_s=start_s + duration.number(),
        confidence=confidence,
        word_confidences=words,
        language=_language(best, None),
        channel=channel,
        speaker=common_label(best.entries("words"), "speaker"),
        model=None if info is None else _model(info),
    )


def _of_file(payload: Node) -> list[Result]:
    results, metadata = payload["results"], payload["metadata"]
    recording = text_at(metadata, "request_id")
    infos = metadata.get("model_info")
    models = [] if infos is None else [_model(info) for info in infos.values()]
    model = models[0] if len(models) == 1 else None
    channels = results["channels"].items()
    detected = [text_at(channel, "detected_language") for channel in channels]
    utterances = results.entries("utterances")
    if utterances:
        return [
            _utterance(utterance, str(number), recording, model, detected)
            for number, utterance in enumerate(utterances)
        ]
    return [
        _channel(channel["alternatives"][0], str(number), recording, model, detected[number])
        for number, channel in enumerate(channels)
    ]


def _utterance(
    said: Node, place: str, recording: str | None, model: str | None, detected: list[str | None]
) -> Result:
    start_s, end_s = span(said["start"], said["end"])
    words, confidence = _confidences(said)
    channel = label_at(said, "channel")
    number = int(channel) if channel is not None and channel.isdecimal() and len(channel) < 4 else 0
    return Result(
        text=said["transcript"].text(),
        recording=recording,
        place=place,
        start_s=start_s,
        end_s=end_s,
        confidence=confidence,
        word_confidences=words,
        language=_language(said, detected[number] if number < len(detected) else None),
        channel=channel,
        speaker=label_at(said, "speaker"),
        model=model,
    )


def _channel(
    best: Node, place: str, recording: str | None, model: str | None, detected: str | None
) -> Result:
    spoken = best.entries("words")
    start_s, end_s = span(spoken[0]["start"], spoken[-1]["end"]) if spoken else (None, None)
    words, confidence = _confidences(best)
    return Result(
        text=best["transcript"].text(),
        recording=recording,
        place=place,
        start_s=start_s,
        end_s=end_s,
        confidence=confidence,
        word_confidences=words,
        language=_language(best, detected),
        channel=place,
        speaker=common_label(best.entries("words"), "speaker"),
        model=model,
    )


def _confidences(said: Node) -> tuple[list[float] | None, float | None]:
    words = all_or_none(probability_at(word, "confidence") for word in said.entries("words"))
    return words, mean(words) if words else probability_at(said, "confidence")


def _language(said: Node, detected: str | None) -> str | None:
    languages = said.entries("languages")
    return canonical(detected or (languages[0].text() if languages else None))


def _model(info: Node) -> str | None:
    return "@".join(filter(None, (text_at(info, "name"), text_at(info, "version")))) or None
