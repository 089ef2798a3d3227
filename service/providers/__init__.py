"""What speech engines return, read as it is: one small file an engine, found by its name."""

from __future__ import annotations

from collections.abc import Callable

from service.providers import (
    amazon_transcribe,
    assemblyai,
    azure_speech,
    deepgram,
    faster_whisper,
    google_speech,
    openai,
    rev_ai,
    riva,
    speechmatics,
    vosk,
    whisper_cpp,
)
from service.providers.reading import Node
from service.providers.result import Result

Reader = Callable[[Node], list[Result]]
"""Takes a payload; raises `service.errors.Refused` with the place of what is not as documented."""

READERS: dict[str, Reader] = {
    "amazon_transcribe": amazon_transcribe.read,
    "assemblyai": assemblyai.read,
    "azure_speech": azure_speech.read,
    "deepgram": deepgram.read,
    "faster_whisper": faster_whisper.read,
    "google_speech": google_speech.read,
    "openai": openai.read,
    "rev_ai": rev_ai.read,
    "riva": riva.read,
    "speechmatics": speechmatics.read,
    "vosk": vosk.read,
    "whisper_cpp": whisper_cpp.read,
}

CLOUDEVENTS = "cloudevents"
SOURCES = (*READERS, CLOUDEVENTS)
"""Every name under ``/v1/ingest/``."""
