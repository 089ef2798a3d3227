"""The recordings that come with werwatch, and what is true of them."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from typing import Any

REFERENCE_EVERY = 8
EARLIEST_REFERENCE_S = 10 * 60
LATEST_REFERENCE_S = 40 * 60

RECORDINGS = "service.demo.recordings"


@dataclass(frozen=True, slots=True)
class Truth:
    """What was injected into a recording; ``onset`` is None for the control."""

    onset: datetime | None
    repaired: datetime | None
    site: str
    accent: str


@dataclass(frozen=True, slots=True)
class Message:
    """One object to post: when it reaches the service in recorded time, its route, its body."""

    at: datetime
    route: str
    body: dict[str, Any]


def read_lines(name: str) -> Iterator[dict[str, Any]]:
    """The lines of ``hospital`` or ``control``, in order of time."""
    with (
        (resources.files(RECORDINGS) / f"{name}.ndjson.gz").open("rb") as packed,
        gzip.open(packed, "rt", encoding="utf-8") as lines,
    ):
        for line in lines:
            yield json.loads(line)


def read_truth(name: str) -> Truth:
    """What is true of ``hospital`` or ``control``."""
    manifest = json.loads((resources.files(RECORDINGS) / "recording.json").read_text(encoding="utf-8"))
    equipment = manifest["equipment"]
    site, accent = equipment["site"], equipment["accent"]
    if name == "control":
        return Truth(None, None, site, accent)
    onset, repaired = (datetime.fromisoformat(equipment[key]) for key in ("onset", "repaired"))
    return Truth(onset, repaired, site, accent)


def messages(name: str) -> list[Message]:
    """Everything that reaches the service, in order.

    Each transcript comes at its time and for roughly every eighth, drawn before anybody could know how good
    it is, a reference 10 to 40 minutes later.
    """
    made = []
    for line in read_lines(name):
        reference = line.pop("reference")
        line.pop("equipment", None)
        spoken_at = datetime.fromisoformat(line["spoken_at"])
        made.append(Message(spoken_at, "/v1/utterances", line))
        draw = int.from_bytes(hashlib.sha256(line["utterance_id"].encode()).digest()[:8], "big")
        if draw % REFERENCE_EVERY == 0:
            delay_s = EARLIEST_REFERENCE_S + draw // REFERENCE_EVERY % (
                LATEST_REFERENCE_S - EARLIEST_REFERENCE_S
            )
            body = {
                "utterance_id": line["utterance_id"],
                "reference": reference,
                "selection": "random",
                "probability": 1 / REFERENCE_EVERY,
            }
            made.append(Message(spoken_at + timedelta(seconds=delay_s), "/v1/references", body))
    return sorted(made, key=lambda message: message.at)
