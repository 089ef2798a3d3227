"""What speech engines return, read as it is: one small file an engine, found by its name."""

from __future__ import annotations

from collections.abc import Callable

from service.providers import amazon_transcribe, deepgram, openai
from service.providers.reading import Node
from service.providers.result import Result

Reader = Callable[[Node], list[Result]]
"""Takes a payload; raises `service.errors.Refused` with the place of what is not as documented."""

READERS: dict[str, Reader] = {
    "amazon_transcribe": amazon_transcribe.read,
    "deepgram": deepgram.read,
    "openai": openai.read,
}

CLOUDEVENTS = "cloudevents"
SOURCES = (*READERS, CLOUDEVENTS)
"""Every name under ``/v1/ingest/``."""
