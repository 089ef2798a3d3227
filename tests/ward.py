"""Speech of which a part is claimed to be understood worse, and what is said of the claim."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from conftest import RunningService, eventually

DAY_S = 86_400.0
GAP_S = 1_900.0
"""Longer than a speaker may be idle."""
WORDS = [f"word{number}" for number in range(10)]
CLAIM = {"slice": {"site": "ward-7"}, "excess_points": 8, "author": "eve", "note": "as we heard"}


class Ward:
    """Ten days of which a claim was filed at the beginning; every fifth shift is of its slice."""

    def __init__(self, service: RunningService, began_s: float) -> None:
        self.service, self.began_s, self.said = service, began_s, 0
        self.name = "u"

    def speak(self, shifts: int, wrong: int) -> None:
        """So many shifts; those of the slice have so many wrong of ten words, the others one."""
        lines = [json.dumps(self._said(wrong)) for _ in range(shifts)]
        kind = {"content-type": "application/x-ndjson"}
        answer = self.service.post("/v1/references", "\n".join(lines).encode(), **kind)
        assert answer.json()["scored"] == shifts, answer.json()

    def _said(self, wrong: int) -> dict[str, Any]:
        number, self.said = self.said, self.said + 1
        is_slice = number % 5 == 4
        missing = wrong if is_slice else 1
        return {
            "utterance_id": f"{self.name}{number}",
            "reference": " ".join(WORDS),
            "hypothesis": " ".join(WORDS[missing:]),
            "speaker_id": f"s{number}",
            "attributes": {"accent": "en-IN", "site": "ward-7" if is_slice else "ward-1"},
            "selection": "random",
            "probability": 0.5,
            "spoken_at": datetime.fromtimestamp(self.began_s + number * GAP_S, UTC).isoformat(),
        }


def page(service: RunningService) -> dict[str, Any]:
    claim = service.get("/v1/claims")["claims"][-1]
    found: dict[str, Any] = service.get(f"/v1/claims/{claim['claim_id']}")
    return found


def compared(service: RunningService, shifts: int) -> bool:
    return eventually(lambda: page(service)["rests_on"]["slice"]["speaker_shifts"] == shifts)
