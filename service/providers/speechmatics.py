"""Speechmatics, ``json-v2`` in format 2.x: transcripts of batch jobs, and messages of the real-time API v2.

Source: docs.speechmatics.com, *Batch output* and *Realtime API reference*.
"""

from __future__ import annotations

from service.providers.languages import canonical
from service.providers.reading import Node, common_label, label_at, probability_at, span, text_at
from service.providers.result import IGNORED, Result, all_or_none, mean, moment

WORDS = ("word", "entity")


def read(payload: Node) -> list[Result]:
    """The channels of a job's transcript, or one message; messages about other things are ignored.

    A final message of a stream holds some words, not a sentence: give all of a stream one ``recording_id``.
    """
    message = text_at(payload, "message")
    if message is None:
        return _of_job(payload)
    if message != "AddTranscript":
        return [IGNORED]
    metadata, items = payload["metadata"], payload["results"].items()
    text = metadata["transcript"].text().strip()
    if not text:
        return [IGNORED]
    start_s, end_s = span(metadata["start_time"], metadata["end_time"])
    channel = label_at(payload, "channel") or common_label(items, "channel")
    return [_result(text, items, start_s, end_s, None, moment(channel, start_s), channel, None)]


def _of_job(payload: Node) -> list[Result]:
    job, metadata = payload["job"]["id"].text(), payload["metadata"]
    by_channel: dict[str | None, list[Node]] = {}
    for item in payload["results"].items():
        by_channel.setdefault(label_at(item, "channel"), []).append(item)
    model, delimiter = _model(metadata), _delimiter(metadata)
    results = []
    for channel, items in by_channel.items():
        words = [item for item in items if item["type"].text() in WORDS]
        start_s, end_s = span(words[0]["start_time"], words[-1]["end_time"]) if words else (None, None)
        results.append(
            _result(_text(items, delimiter), items, start_s, end_s, job, channel or "0", channel, model)
        )
    return results


def _result(
    text: str,
    items: list[Node],
    start_s: float | None,
    end_s: float | None,
    recording: str | None,
    place: str | None,
    channel: str | None,
    model: str | None,
) -> Result:
    said = [item["alternatives"][0] for item in items if item["type"].text() in WORDS]
    confidences = all_or_none(probability_at(each, "confidence") for each in said)
    return Result(
        text=text,
        recording=recording,
        place=place,
        start_s=start_s,
        end_s=end_s,
        confidence=mean(confidences),
        word_confidences=confidences,
        language=canonical(common_label(said, "language")),
        channel=channel,
        speaker=common_label(said, "speaker"),
        model=model,
    )


def _text(items: list[Node], delimiter: str) -> str:
    text, is_glued = "", True
    # What is no word and no mark, such as a change of the speaker, has no alternatives.
    for item in (each for each in items if each.get("alternatives") is not None):
        attached = text_at(item, "attaches_to")
        text += "" if is_glued or attached in ("previous", "both") else delimiter
        text += item["alternatives"][0]["content"].text()
        is_glued = attached in ("next", "both")
    return text


def _model(metadata: Node) -> str | None:
    config = metadata.get("transcription_config")
    point = None if config is None else text_at(config, "operating_point")
    version = text_at(metadata, "orchestrator_version")
    return "@".join(filter(None, (point, version))) or None


def _delimiter(metadata: Node) -> str:
    pack = metadata.get("language_pack_info")
    found = None if pack is None else pack.get("word_delimiter")
    return " " if found is None else found.text()
