"""NVIDIA Riva, ``riva_asr.proto`` of 2.x: answers of ``Recognize`` and messages of ``StreamingRecognize``.

Source: github.com/nvidia-riva/common, as Protobuf writes it in JSON: a partial may lack ``isFinal``. Times of
words are in milliseconds.
"""

from __future__ import annotations

from service.providers.languages import canonical
from service.providers.protobuf import certainty_or_score, is_final
from service.providers.reading import HAIR, Node, common_label, label_at, text_at
from service.providers.result import IGNORED, Result, all_or_none, mean, moment

MILLISECONDS = 1000.0


def read(payload: Node) -> list[Result]:
    """The results of an answer or of one message.

    A confidence of an alternative is documented as not normalised, and the words' can be logarithms,
    depending on the decoder. One outside 0 to 1 is left out: made to fit, it would look like certainty, and
    its rank among others is not known from one payload.
    """
    name = payload.get("id")
    recording = None if name is None else text_at(name, "value")
    if "results" not in payload and recording is not None:
        return []
    return [_result(result, recording) for result in payload["results"].items()]


def _result(result: Node, recording: str | None) -> Result:
    alternatives = result.entries("alternatives")
    if not alternatives:
        return IGNORED
    best = alternatives[0]
    words = best.entries("words")
    finality = is_final(result, best)
    if finality is False:
        return IGNORED
    start_s = _seconds_at(words[0], "startTime") if words else None
    end_s = _seconds_at(words[-1], "endTime") if words else None
    if start_s is not None and end_s is not None and end_s < start_s:
        raise words[-1].wrong("an end that is not before its start")
    channel = label_at(result, "channelTag")
    processed = result.get("audioProcessed")
    confidences = all_or_none(_probability(word) for word in words)
    languages = best.entries("languageCode")
    return Result(
        text=best["transcript"].text().strip(),
        is_final=finality,
        recording=recording,
        place=moment(channel, start_s if processed is None else processed.number()),
        start_s=start_s,
        end_s=end_s,
        confidence=mean(confidences) if confidences else _probability(best),
        word_confidences=confidences,
        language=canonical(languages[0].text() if languages else None),
        channel=channel,
        speaker=common_label(words, "speakerTag"),
    )


def _probability(part: Node) -> float | None:
    score = certainty_or_score(part)
    return min(score, 1.0) if score is not None and 0 <= score <= 1 + HAIR else None


def _seconds_at(word: Node, key: str) -> float:
    found = word.get(key)
    return 0.0 if found is None else found.number() / MILLISECONDS
