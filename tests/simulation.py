"""A generator of scored utterances with a known truth, after the statistics page's description.

Units of 1 + Poisson(3) utterances, reference words log-normal in 5 to 40, speakers and utterances with Beta
effects around their cohort's WER (correlation of utterance error rates about 0.12), error types by chance.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from detectors.alignment import ErrorCounts
from detectors.unit import ScoredUtterance

WER_AND_SHARE = {
    "A": (0.08, 0.50),
    "B": (0.10, 0.25),
    "C": (0.12, 0.15),
    "D": (0.16, 0.07),
    "E": (0.20, 0.03),
}


@dataclass(frozen=True)
class Stream:
    """Settings of a simulated stream; ``shift(cohort, index, at_s)`` is added to the cohort's WER."""

    utterances: int
    seed: int
    shift: Callable[[str, int, float], float] = lambda cohort, index, at_s: 0.0
    references_per_day: float = 400.0
    speakers: int = 40
    cohorts: tuple[tuple[str, float, float], ...] = tuple((n, w, s) for n, (w, s) in WER_AND_SHARE.items())


def _beta(rng: np.random.Generator, mean: float, concentration: float) -> float:
    mean = min(max(mean, 0.002), 0.98)
    return float(rng.beta(mean * concentration, (1 - mean) * concentration))


def simulate(stream: Stream) -> Iterator[ScoredUtterance]:
    """The stream's utterances in order of time."""
    rng = np.random.default_rng(stream.seed)
    names = [name for name, _, _ in stream.cohorts]
    shares = np.array([share for _, _, share in stream.cohorts])
    level = {name: wer for name, wer, _ in stream.cohorts}
    speaker_level = {
        (name, k): _beta(rng, level[name], 18.0) - level[name]
        for name in names
        for k in range(stream.speakers)
    }
    at_s, index = 1_700_000_000.0, 0
    while index < stream.utterances:
        name = names[rng.choice(len(names), p=shares / shares.sum())]
        speaker = int(rng.integers(stream.speakers))
        # Each shift's key is its own, as speaker-shifts 30 min apart would be.
        for _ in range(1 + rng.poisson(3.0)):
            at_s += float(rng.exponential(86_400.0 / stream.references_per_day))
            words = int(np.clip(rng.lognormal(2.6, 0.5), 5, 40))
            rate = level[name] + speaker_level[name, speaker] + stream.shift(name, index, at_s)
            errors = int(rng.binomial(words, _beta(rng, rate, 12.0)))
            subs = int(rng.binomial(errors, 0.6))
            dels = int(rng.binomial(errors - subs, 0.6))
            inserted = errors - subs - dels
            counts = ErrorCounts(subs, dels, inserted, words - subs - dels)
            yield ScoredUtterance(name, at_s, counts, f"{name}-{speaker}")
            index += 1
            if index == stream.utterances:
                return


def references(stream: Stream, name: str = "u", word: str = "word") -> list[str]:
    """Bodies that score as the simulated utterances do, in order, with ids and words that begin so."""
    found = []
    for number, scored in enumerate(simulate(stream)):
        counts = scored.counts
        words = [f"{word}{index}" for index in range(counts.reference_words)]
        wrong = [f"other{index}" for index in range(counts.substitutions + counts.insertions)]
        right = words[counts.substitutions + counts.deletions :]
        body = {
            "utterance_id": f"{name}{number}",
            "hypothesis": " ".join(wrong + right),
            "reference": " ".join(words),
            "speaker_id": scored.speaker,
            "attributes": {"accent": scored.cohort},
            "spoken_at": datetime.fromtimestamp(scored.at_s, UTC).isoformat(),
            "selection": "random",
            "probability": 0.5,
        }
        found.append(json.dumps(body))
    return found
