"""Which engine a payload is of, where nobody says: by the names that only one of them uses."""

from __future__ import annotations

from collections.abc import Callable

from service.errors import Refused
from service.providers.reading import Node


def engine_of(payload: Node) -> str:
    """The name of the engine.

    Raises
    ------
    Refused
        422 if the payload looks like none that is known.

    Examples
    --------
    >>> engine_of(Node({"partial": "no fe"})), engine_of(Node({"monologues": []}))
    ('vosk', 'rev_ai')
    """
    for engine, looks_so in _SHAPES:
        if looks_so(payload):
            return engine
    pointer = payload.pointer
    place = pointer.removeprefix("#").removeprefix("/") or "the payload"
    raise Refused(422, f"{place}: of no known engine's shape; say which in the query, provider=NAME", pointer)


def _has(*keys: str) -> Callable[[Node], bool]:
    return lambda payload: all(key in payload for key in keys)


def _is_google(payload: Node) -> bool:
    answer = (
        Node(payload.value.get("response", payload.value)) if isinstance(payload.value, dict) else payload
    )
    return "results" in answer


def _is_riva(payload: Node) -> bool:
    if not isinstance(payload.value, dict):
        return False
    results = payload.value.get("results")
    return isinstance(results, list) and any("audioProcessed" in Node(result) for result in results)


def _is_deepgram(payload: Node) -> bool:
    if not isinstance(payload.value, dict):
        return False
    return payload.value.get("type") == "Results" or "channels" in Node(payload.value.get("results"))


def _is_turn(payload: Node) -> bool:
    return isinstance(payload.value, dict) and payload.value.get("type") == "Turn"


_SHAPES: tuple[tuple[str, Callable[[Node], bool]], ...] = (
    ("amazon_transcribe", _has("TranscriptEvent")),
    ("amazon_transcribe", _has("MedicalTranscriptEvent")),
    ("amazon_transcribe", _has("Transcript")),
    ("amazon_transcribe", _has("jobName")),
    ("azure_speech", _has("RecognitionStatus")),
    ("azure_speech", _has("recognizedPhrases")),
    ("azure_speech", _has("Text", "Offset", "Duration")),
    ("deepgram", _is_deepgram),
    ("assemblyai", _is_turn),
    ("assemblyai", _has("transcript_id", "status")),
    ("assemblyai", _has("id", "status", "text")),
    ("rev_ai", _has("monologues")),
    ("rev_ai", _has("type", "elements")),
    ("speechmatics", _has("results", "format")),
    ("riva", _is_riva),
    ("google_speech", _is_google),
    ("vosk", _has("partial")),
    ("vosk", _has("result", "text")),
    ("vosk", _has("alternatives")),
    ("whisper_cpp", _has("transcription", "params")),
    ("faster_whisper", _has("segments", "info")),
    *(("openai", _has("text", key)) for key in ("segments", "language", "words", "logprobs", "usage")),
)
