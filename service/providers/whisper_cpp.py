"""whisper.cpp 1.x: what its command line writes with ``-oj`` or ``-ojf``.

Source: github.com/ggml-org/whisper.cpp, ``output_json`` in ``examples/cli/cli.cpp``. Offsets are in
milliseconds.
"""

from __future__ import annotations

import math

from service.providers.languages import canonical
from service.providers.reading import Node, common_label, span, text_at
from service.providers.result import Result, likelihood

MILLISECONDS = 1000.0
MARK = "[_"
"""Begins tokens that stand for no text."""


def read(payload: Node) -> list[Result]:
    """All of the file as one result, with the file name of the model.

    Tokens are parts of words, so no word has a confidence; that of the result is the geometric mean of the
    tokens' probabilities, which only ``-ojf`` writes.
    """
    segments = payload["transcription"].items()
    start_s, end_s = (
        span(segments[0]["offsets"]["from"], segments[-1]["offsets"]["to"], MILLISECONDS)
        if segments
        else (None, None)
    )
    model = text_at(payload["params"], "model")
    return [
        Result(
            text="".join(segment["text"].text() for segment in segments).strip(),
            start_s=start_s,
            end_s=end_s,
            confidence=likelihood([math.log(p) for p in _probabilities(segments) if p > 0]),
            language=canonical(text_at(payload["result"], "language")),
            speaker=common_label(segments, "speaker"),
            model=None if model is None else model.replace("\\", "/").rpartition("/")[2] or None,
        )
    ]


def _probabilities(segments: list[Node]) -> list[float]:
    return [
        token["p"].probability()
        for segment in segments
        for token in segment.entries("tokens")
        if not token["text"].text().startswith(MARK)
    ]
