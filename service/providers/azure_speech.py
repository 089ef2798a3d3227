"""Azure Speech: detailed results of the Speech SDK 1.x and of REST for short audio (v1), and batch files.

Source: learn.microsoft.com, *Get speech recognition results*, *Speech to text REST API for short audio* and
*Get batch transcription results* (API versions 3.1 to 2024-11-15). Offsets and durations are in ticks of 100
ns.
"""

from __future__ import annotations

from service.providers.languages import canonical
from service.providers.reading import Node, label_at, probability_at, text_at
from service.providers.result import IGNORED, Result, all_or_none, mean, moment

TICKS = 10_000_000.0
HEARD_NOTHING = ("NoMatch", "BabbleTimeout")
"""There was speech, or noise like it, of which no word was recognised: an empty hypothesis."""


def read(payload: Node) -> list[Result]:
    """One result, or those of a file's phrases.

    The first of ``NBest`` counts, as in the SDK, in its lexical form: spoken words, without punctuation. The
    simple format has only written ones, so it is not taken. A hypothesis is a partial result, and silence or
    an error is none. A batch file names its recording by an address that may be secret, which is not read.
    """
    if "recognizedPhrases" in payload:
        return [_phrase(phrase) for phrase in payload["recognizedPhrases"].items()]
    if "RecognitionStatus" not in payload and "Text" in payload:
        return [IGNORED]
    status = payload["RecognitionStatus"].text()
    if status not in ("Success", *HEARD_NOTHING):
        return [IGNORED]
    start_s = payload["Offset"].number() / TICKS
    channel = label_at(payload, "Channel")
    best = payload["NBest"][0] if status == "Success" else None
    words = (
        None if best is None else all_or_none(probability_at(w, "Confidence") for w in best.entries("Words"))
    )
    language = payload.get("PrimaryLanguage")
    return [
        Result(
            text="" if best is None else best["Lexical"].text(),
            own_id=text_at(payload, "Id"),
            place=moment(channel, start_s),
            start_s=start_s,
            end_s=start_s + _duration(payload["Duration"]),
            confidence=mean(words) if words or best is None else probability_at(best, "Confidence"),
            word_confidences=words,
            language=None if language is None else canonical(text_at(language, "Language")),
            channel=channel,
            speaker=label_at(payload, "SpeakerId"),
        )
    ]


def _phrase(phrase: Node) -> Result:
    status = phrase["recognitionStatus"].text()
    if status not in ("Success", *HEARD_NOTHING):
        return IGNORED
    best = phrase["nBest"][0] if status == "Success" else Node({"lexical": ""})
    words = all_or_none(probability_at(word, "confidence") for word in best.entries("words"))
    start_s = phrase["offsetInTicks"].number() / TICKS
    channel = label_at(phrase, "channel")
    return Result(
        text=best["lexical"].text(),
        place=moment(channel, start_s),
        start_s=start_s,
        end_s=start_s + _duration(phrase["durationInTicks"]),
        confidence=mean(words) if words else probability_at(best, "confidence"),
        word_confidences=words,
        language=canonical(text_at(phrase, "locale")),
        channel=channel,
        speaker=label_at(phrase, "speaker"),
    )


def _duration(ticks: Node) -> float:
    if ticks.number() < 0:
        raise ticks.wrong("a number that is not negative")
    return ticks.number() / TICKS
