"""The baseline of the ingest benchmark: a FastAPI route that only validates the same body and returns."""

from __future__ import annotations

import sys
from typing import Annotated

import uvicorn
from fastapi import FastAPI
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from service.api.wire import MOST_CHARACTERS

Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
Probability = Annotated[float, Field(ge=0, le=1)]


class Utterance(BaseModel):
    """The fields of an utterance as somebody would write them down for FastAPI."""

    model_config = ConfigDict(extra="forbid")

    utterance_id: Name
    hypothesis: Annotated[str, Field(max_length=MOST_CHARACTERS)]
    recording_id: Name | None = None
    session_id: Name | None = None
    speaker_id: Name | None = None
    attributes: Annotated[dict[Name, Name], Field(max_length=32)] = {}
    confidence: Probability | None = None
    word_confidences: Annotated[list[Probability], Field(max_length=50_000)] | None = None
    duration_s: Annotated[float, Field(ge=0, le=864_000)] | None = None
    audio: Annotated[dict[Name, float], Field(max_length=16)] | None = None
    spoken_at: AwareDatetime | None = None


app = FastAPI(telemetry={"logs": False})


@app.post("/v1/utterances", status_code=202)
async def utterances(utterance: Utterance) -> dict[str, str]:
    return {"utterance_id": utterance.utterance_id}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False)
