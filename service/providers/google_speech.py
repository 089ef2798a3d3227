"""Google Speech-to-Text, v1 and v2: answers of ``Recognize``, long-running and batch ones, and of streams.

Source: cloud.google.com/speech-to-text, references ``rest/v1`` and ``rest/v2``, as Protobuf writes them in
JSON. That leaves out whatever has its default value: a partial may lack ``isFinal``, silence has no
``results``, and a confidence of 0 means that there is none. Word confidences are there only if they were
asked for.
"""

from __future__ import annotations

from collections.abc import Iterator

from service.providers.languages import canonical
from service.providers.protobuf import certainty, is_final
from service.providers.reading import Node, common_label, label_at, text_at
from service.providers.result import IGNORED, Result, all_or_none, mean, moment

EMPTY_ANSWER = ("totalBilledTime", "metadata", "requestId")
EVENT = ("speechEventType", "speechEventTime", "speechEventOffset")


def read(payload: Node) -> list[Result]:
    """The results of an answer, also within an operation, or of one message of a stream.

    Of the files of a v2 batch those that came inline. ``results`` of one answer are stretches of the same
    audio. Whether one is final is known from ``isFinal``, ``stability``, or what only final ones have (what
    was billed, a confidence, words); otherwise the caller has to say.
    """
    answer = payload.get("response") or payload
    if "results" not in answer:
        if any(key in answer for key in EVENT):
            return [IGNORED]
        if any(key in answer for key in EMPTY_ANSWER):
            return []
    if isinstance(answer["results"].value, dict):
        return list(_of_files(answer["results"].values()))
    return list(_of_answer(answer))


def _of_files(files: list[Node]) -> Iterator[Result]:
    for number, file in enumerate(files):
        transcript = file["transcript"] if "transcript" in file else file["inlineResult"]["transcript"]
        for result in transcript.entries("results"):
            yield _result(result, None, f"{number}-", is_whole=True)


def _of_answer(answer: Node) -> Iterator[Result]:
    metadata = answer.get("metadata")
    is_whole = "totalBilledTime" in answer or (metadata is not None and "totalBilledDuration" in metadata)
    recording = label_at(answer, "requestId") if metadata is None else text_at(metadata, "requestId")
    for result in answer["results"].items():
        yield _result(result, recording, "", is_whole=is_whole)


def _result(result: Node, recording: str | None, prefix: str, *, is_whole: bool) -> Result:
    alternatives = result.entries("alternatives")
    if not alternatives:
        return IGNORED
    best = alternatives[0]
    words = best.entries("words")
    is_v2 = "resultEndOffset" in result or any("startOffset" in word or "endOffset" in word for word in words)
    start, end, result_end = (
        ("startOffset", "endOffset", "resultEndOffset")
        if is_v2
        else ("startTime", "endTime", "resultEndTime")
    )
    finality = is_final(result, best, is_whole=is_whole)
    if finality is False or ("transcript" not in best and words):
        # With diarization, v1 says all words again at the end, without a transcript.
        return IGNORED
    channel = label_at(result, "channelTag")
    last = result.get(result_end)
    confidences = all_or_none(certainty(word) for word in words)
    first_s = _seconds_at(words[0], start) if words else None
    last_s = _seconds_at(words[-1], end) if words else None if last is None else last.seconds()
    if first_s is not None and last_s is not None and last_s < first_s:
        raise words[-1].wrong("an end that is not before its start")
    place = moment(channel, last_s if last is None else last.seconds())
    return Result(
        text=best["transcript"].text().strip(),
        is_final=finality,
        recording=recording,
        place=None if place is None else prefix + place,
        start_s=first_s,
        end_s=last_s,
        confidence=mean(confidences) if confidences else certainty(best),
        word_confidences=confidences,
        language=canonical(text_at(result, "languageCode")),
        channel=channel,
        speaker=common_label(words, "speakerLabel", "speakerTag"),
    )


def _seconds_at(word: Node, key: str) -> float:
    found = word.get(key)
    return 0.0 if found is None else found.seconds()
