"""The recordings as files: one JSON object a line, in the form that the API accepts."""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from service.demo.recorder.recording import Recorded, Take, sentence
from service.demo.recorder.schedule import Dictation

# A clerk types some references the way a letter is written; the rest are plain words.
WRITTEN_SHARE = 0.10


def line(
    dictation: Dictation, recorded: Recorded, take: Take, seed: int, engine_version: str
) -> dict[str, Any]:
    """Give one utterance in the API's form.

    ``"equipment": true`` marks a take beside the running machine; otherwise the key is
    absent.
    """
    fields: dict[str, Any] = {
        "utterance_id": f"u{dictation.index + 1:05d}",
        "session_id": dictation.session_id,
        "speaker_id": dictation.speaker.speaker_id,
        "attributes": {
            "accent": dictation.speaker.accent,
            "site": dictation.site.name,
            "device": dictation.device,
            "engine": "pocketsphinx",
            "engine_version": engine_version,
        },
        "spoken_at": dictation.spoken_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "duration_s": round(recorded.duration_s, 1),
        "confidence": round(take.confidence, 2),
        "audio": {"snr_db": round(take.snr_db, 1)},
        "hypothesis": take.hypothesis,
        "reference": _reference(dictation, seed),
    }
    if take is recorded.noisy:
        fields["equipment"] = True
    return fields


def write(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    """Write compressed NDJSON whose bytes depend on nothing but the lines."""
    text = "".join(json.dumps(fields, separators=(",", ":")) + "\n" for fields in lines)
    # No file name and no time in the header, or the same lines would give other bytes.
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=raw, mtime=0) as packed,
    ):
        packed.write(text.encode())


def _reference(dictation: Dictation, seed: int) -> str:
    text = sentence(dictation, seed)
    by_clerk = np.random.default_rng([seed, dictation.index, 2]).random() < WRITTEN_SHARE
    return text.written if by_clerk else text.spoken
