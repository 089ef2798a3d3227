"""What can be configured of payloads: where an app wrote into them what no engine knows."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from service.settings.section import Name, Section

PayloadPath = Annotated[str, Field(pattern=r"^[^.\[\]]+(\.[^.\[\]]+|\[\d{1,6}\])*$", max_length=200)]
"""Like ``metadata.extra.accent`` or ``results.channels[0].tag``."""


class FromPayload(Section):
    """Paths in the payloads of one engine; what stands there counts unless it is said beside the payload."""

    attributes: dict[Name, PayloadPath] = Field(default={})
    utterance_id: PayloadPath | None = None
    recording_id: PayloadPath | None = None
    session_id: PayloadPath | None = None
    speaker_id: PayloadPath | None = None
