"""faster-whisper 1.x: its segments and its information, as the dataclasses are dumped to JSON.

Source: github.com/SYSTRAN/faster-whisper, ``Segment``, ``Word`` and ``TranscriptionInfo`` in
``transcribe.py``. The library has no JSON of its own: expected is ``{"segments": [...], "info": {...}}`` with
``dataclasses.asdict`` of each, or the two as an array, which is how ``transcribe`` returns them.
"""

from __future__ import annotations

from service.providers.languages import canonical
from service.providers.openai import likelihood_of, span_of, words_of
from service.providers.reading import Node, text_at
from service.providers.result import Result, mean


def read(payload: Node) -> list[Result]:
    """All segments as one result: they are cut for the model, not by what is said."""
    is_pair = isinstance(payload.value, list)
    segments = payload[0 if is_pair else "segments"].items()
    info = payload[1 if is_pair else "info"]
    words = words_of(segments)
    start_s, end_s = span_of(segments)
    return [
        Result(
            text="".join(segment["text"].text() for segment in segments).strip(),
            start_s=start_s,
            end_s=end_s,
            confidence=mean(words) if words else likelihood_of(segments),
            word_confidences=words,
            language=canonical(text_at(info, "language")),
        )
    ]
