"""OpenAI's transcriptions, API version 1: ``verbose_json``, ``diarized_json``, ``json`` as far as it goes.

Also what the ``whisper`` package, in its versions of 2023 and later, writes as JSON.

Source: platform.openai.com, *Create transcription*; github.com/openai/whisper, ``transcribe.py``.
"""

from __future__ import annotations

from service.providers.languages import canonical
from service.providers.reading import Node, common_label, probability_at, span, text_at
from service.providers.result import Result, all_or_none, likelihood, mean


def read(payload: Node) -> list[Result]:
    """The text of the whole file as one result: segments are cut for the model, not by what is said.

    The API gives no confidence of words; that of the result is the exponential of the mean ``avg_logprob``,
    or of the mean ``logprob`` of tokens where those were asked for. The package gives the probability of each
    word if it was asked for word timestamps. Servers that copy the API write some numbers as strings.
    """
    segments = payload.entries("segments")
    words = words_of(segments)
    start_s, end_s = span_of(segments or payload.entries("words"))
    return [
        Result(
            text=payload["text"].text().strip(),
            start_s=start_s,
            end_s=end_s,
            confidence=mean(words) if words else likelihood_of(segments or payload.entries("logprobs")),
            word_confidences=words,
            language=canonical(
                text_at(payload, "language") or common_label(payload.entries("languages"), "code")
            ),
            speaker=common_label(segments, "speaker"),
            model=text_at(payload, "model"),
        )
    ]


def words_of(segments: list[Node]) -> list[float] | None:
    """The probabilities of all words of Whisper's segments, where they have some."""
    return all_or_none(
        probability_at(word, "probability") for segment in segments for word in segment.entries("words")
    )


def likelihood_of(parts: list[Node]) -> float | None:
    """A confidence from logarithms of probability: Whisper gives means of segments, others each token's."""
    found = [part.get("avg_logprob") or part.get("logprob") for part in parts]
    return likelihood([node.decimal() for node in found if node is not None])


def span_of(parts: list[Node]) -> tuple[float | None, float | None]:
    """From the start of the first to the end of the last, in seconds."""
    return span(parts[0]["start"], parts[-1]["end"]) if parts else (None, None)
