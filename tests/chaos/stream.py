"""Utterances with their references, in which cohorts take turns at getting worse: alerts come and go."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

COHORTS = ("en-AU", "en-GB-scotland", "en-NG", "en-US")
WORDS = "left right lung liver clear chest scan shows heart normal artery nodule spine".split()
WORDS_EACH = 12
TURN = 1_500
"""Utterances until another cohort gets worse, after as many in which none is."""
USUAL, WORSE = 0.08, 0.5
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
DETECTION = {"false_alarms_per_month": 1_000}
"""A budget under which a few hundred utterances raise the first alert."""


@dataclass(frozen=True, slots=True)
class Said:
    """One utterance and what was really said."""

    utterance_id: str
    cohort: str
    speaker: str
    spoken_at: datetime
    hypothesis: str
    reference: str

    def utterance(self) -> dict[str, Any]:
        """The body for /v1/utterances."""
        return {"utterance_id": self.utterance_id, **self._told()}

    def correction(self) -> dict[str, Any]:
        """The body for /v1/references; the utterance is sent apart."""
        sampled = {"selection": "random", "probability": 1.0}
        return {"utterance_id": self.utterance_id, "reference": self.reference, **sampled}

    def both(self) -> dict[str, Any]:
        """The body for /v1/references with the hypothesis in it."""
        return {**self.correction(), **self._told()}

    def _told(self) -> dict[str, Any]:
        return {
            "hypothesis": self.hypothesis,
            "speaker_id": self.speaker,
            "spoken_at": self.spoken_at.isoformat(),
            "attributes": {"accent": self.cohort},
        }


def said(index: int, seed: int) -> Said:
    """The utterance with this number; four in a row are of one speaker."""
    shift = random.Random(f"{seed} shift {index // 4}")
    cohort = shift.choice(COHORTS)
    speaker = f"{cohort} {shift.randrange(15)}"
    own = random.Random(f"{seed} utterance {index}")
    turn = index // TURN
    is_worse = turn % 2 == 1 and cohort == COHORTS[turn // 2 % len(COHORTS)]
    reference = [own.choice(WORDS) for _ in range(WORDS_EACH)]
    heard = [_mishear(word, own, WORSE if is_worse else USUAL) for word in reference]
    spoken_at = BEGIN + timedelta(seconds=200 * index)
    return Said(f"u-{index}", cohort, speaker, spoken_at, " ".join(filter(None, heard)), " ".join(reference))


def _mishear(word: str, chance: random.Random, rate: float) -> str:
    if chance.random() >= rate:
        return word
    return chance.choice(("", "ankle", f"{word} ankle"))
