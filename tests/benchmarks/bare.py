"""The baseline of the ingest benchmark: a FastAPI route that only validates the same body and returns."""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI
from pydantic import ConfigDict

from service.api.wire import UtteranceIn


class Utterance(UtteranceIn):
    # FastAPI hands over parsed JSON, in which a time is still a string.
    model_config = ConfigDict(strict=False)


app = FastAPI(telemetry={"logs": False})


@app.post("/v1/utterances", status_code=202)
async def utterances(utterance: Utterance) -> dict[str, str]:
    return {"utterance_id": utterance.utterance_id}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False)
