"""Vosk 0.3: what ``Result`` and ``FinalResult`` of a recogniser return, and its server sends.

Source: alphacephei.com/vosk and ``recognizer.cc`` of github.com/alphacep/vosk-api. Times are in seconds since
the recogniser began. The vector ``spk`` describes a voice, and is not read.
"""

from __future__ import annotations

from service.providers.reading import Node, probability_at, span
from service.providers.result import IGNORED, Result, all_or_none, mean, moment


def read(payload: Node) -> list[Result]:
    """One result; a partial, and a final one without words, which is silence, are ignored.

    With ``SetMaxAlternatives`` words have no confidence and that of an alternative is a score in the
    hundreds: it is left out, since what it means depends on the model and on how long the utterance is.
    """
    if "partial" in payload:
        return [IGNORED]
    best = payload["alternatives"][0] if "alternatives" in payload else payload
    text = best["text"].text().strip()
    if not text:
        return [IGNORED]
    words = best.entries("result")
    start_s, end_s = span(words[0]["start"], words[-1]["end"]) if words else (None, None)
    confidences = all_or_none(probability_at(word, "conf") for word in words)
    return [
        Result(
            text=text,
            place=moment(None, start_s),
            start_s=start_s,
            end_s=end_s,
            confidence=mean(confidences),
            word_confidences=confidences,
        )
    ]
