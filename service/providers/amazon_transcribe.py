"""Amazon Transcribe and Transcribe Medical, API version 2017-10-26: a job's file, and events of a stream.

Source: docs.aws.amazon.com/transcribe, *Data input and output* and the API reference of ``TranscriptEvent``
and ``MedicalTranscriptEvent``. The two streams have one shape, Medical without a language.
"""

from __future__ import annotations

import re

from service.providers.languages import canonical
from service.providers.reading import Node, common_label, label_at, places, probability_at, span, text_at
from service.providers.result import IGNORED, Result, all_or_none, mean

WORD = "pronunciation"
REDACTED = re.compile(r"\[[A-Z_]+\]")
"""What stands where personal data was taken out: the words are not there to be compared."""


def read(payload: Node) -> list[Result]:
    """The results of a job's file or of one event, wrapped or bare.

    A file is read by its ``audio_segments``, one of before those by its channels, or as one. Results with
    redacted words are ignored: the words are missing, but nobody misheard them.
    """
    event = payload.get("TranscriptEvent") or payload.get("MedicalTranscriptEvent") or payload
    if "Transcript" in event:
        return [_of_stream(result) for result in event["Transcript"]["Results"].items()]
    return _of_file(payload)


def _of_stream(result: Node) -> Result:
    if result["IsPartial"].boolean():
        return IGNORED
    best = result["Alternatives"][0]
    text = best["Transcript"].text()
    if REDACTED.search(text):
        return IGNORED
    start_s, end_s = span(result["StartTime"], result["EndTime"])
    items = places(best.entries("Items"), "Type", WORD)
    words = all_or_none(probability_at(item, "Confidence") for item in items)
    return Result(
        text=text,
        own_id=result["ResultId"].text(),
        start_s=start_s,
        end_s=end_s,
        confidence=mean(words),
        word_confidences=words,
        language=canonical(text_at(result, "LanguageCode")),
        channel=label_at(result, "ChannelId"),
        speaker=common_label(items, "Speaker"),
    )


def _of_file(payload: Node) -> list[Result]:
    job, results = payload["jobName"].text(), payload["results"]
    items = results["items"].items()
    language = canonical(text_at(results, "language_code"))
    about_speakers = results.get("speaker_labels")
    channel = None if about_speakers is None else label_at(about_speakers, "channel_label")
    segments = results.entries("audio_segments")
    if segments:
        by_number = {label_at(item, "id"): item for item in items}
        return [_segment(segment, by_number, channel, job, language) for segment in segments]
    labels = results.get("channel_labels")
    if labels is not None:
        return [_channel(each, job, language) for each in labels["channels"].items()]
    return [_whole(results["transcripts"][0]["transcript"].text(), items, "0", channel, job, language)]


def _segment(
    segment: Node, by_number: dict[str | None, Node], channel: str | None, job: str, language: str | None
) -> Result:
    text = segment["transcript"].text()
    if REDACTED.search(text):
        return IGNORED
    items = []
    for number in segment["items"].items():
        if number.label() not in by_number:
            raise number.wrong("the id of one of results/items")
        items.append(by_number[number.label()])
    words = _confidences(items)
    start_s, end_s = span(segment["start_time"], segment["end_time"])
    return Result(
        text=text,
        recording=job,
        place=segment["id"].label(),
        start_s=start_s,
        end_s=end_s,
        confidence=mean(words),
        word_confidences=words,
        language=canonical(text_at(segment, "language_code")) or language,
        channel=label_at(segment, "channel_label") or channel,
        speaker=label_at(segment, "speaker_label"),
    )


def _channel(channel: Node, job: str, language: str | None) -> Result:
    name = channel["channel_label"].text()
    items = channel["items"].items()
    text = ""
    for item in items:
        is_word = item["type"].text() == WORD
        text += (" " if is_word else "") + item["alternatives"][0]["content"].text()
    return _whole(text.strip(), items, name, name, job, language)


def _whole(
    text: str, items: list[Node], place: str, channel: str | None, job: str, language: str | None
) -> Result:
    if REDACTED.search(text):
        return IGNORED
    spoken = places(items, "type", WORD)
    words = _confidences(items)
    start_s, end_s = span(spoken[0]["start_time"], spoken[-1]["end_time"]) if spoken else (None, None)
    return Result(
        text=text,
        recording=job,
        place=place,
        start_s=start_s,
        end_s=end_s,
        confidence=mean(words),
        word_confidences=words,
        language=language,
        channel=channel,
        speaker=common_label(spoken, "speaker_label"),
    )


def _confidences(items: list[Node]) -> list[float] | None:
    spoken = places(items, "type", WORD)
    return all_or_none(probability_at(item["alternatives"][0], "confidence") for item in spoken)
