"""What a detector is fed with: four ways to turn scored utterances into numbers, cohort by cohort.

The tracker of shifts and the builder of blocks are plain ones of the benchmark's own, after STATISTICS.md,
sections 1 to 3, so that what the peers get does not move with the detectors under test.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from detectors.unit import ScoredUtterance

IDLE_S = 30 * 60.0
MOST_WORDS = 400
CORRELATION = 0.05
REST_UTTERANCES = 200
ENOUGH_REST_UTTERANCES = 30
UNITS_TO_LEARN = 40
ENOUGH_REST_WORDS = 10.0


class Fed(NamedTuple):
    """A number for the detector of a cohort; ``weight`` is in words or effective words."""

    cohort: str
    value: float
    weight: float


class Feed(Protocol):
    """A way to feed detectors."""

    def update(self, scored: ScoredUtterance) -> list[Fed]:
        """Take the next utterance; return what became ready."""
        ...


class Rates:
    """The utterance's own WER, capped at 1."""

    def update(self, scored: ScoredUtterance) -> list[Fed]:
        counts = scored.counts
        words = counts.reference_words
        return [Fed(scored.cohort, counts.capped_errors / words, words)] if words else []


@dataclass
class _Running:
    values: deque[float] = field(default_factory=lambda: deque(maxlen=REST_UTTERANCES))
    total: float = 0.0

    def push(self, value: float) -> None:
        if len(self.values) == REST_UTTERANCES:
            self.total -= self.values[0]
        self.values.append(value)
        self.total += value


class LessRest:
    """The utterance's WER less the mean of the last 200 utterances of all others."""

    def __init__(self) -> None:
        self._rates = Rates()
        self._rests: dict[str, _Running] = {}

    def update(self, scored: ScoredUtterance) -> list[Fed]:
        fed = self._rates.update(scored)
        if not fed:
            return []
        self._rests.setdefault(scored.cohort, _Running())
        [(cohort, value, weight)] = fed
        for name, rest in self._rests.items():
            if name != cohort:
                rest.push(value)
        rest = self._rests[cohort]
        if len(rest.values) < ENOUGH_REST_UTTERANCES:
            return []
        return [Fed(cohort, value - rest.total / len(rest.values), weight)]


@dataclass
class _Shift:
    cohort: str
    touched_s: float
    errors: int = 0
    words: int = 0

    @property
    def fed(self) -> Fed:
        weight = self.words / (1.0 + (self.words - 1) * CORRELATION)
        return Fed(self.cohort, self.errors / self.words, weight)


class Shifts:
    """The WER of a speaker-shift when it closes, with its effective words."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], _Shift] = {}

    def update(self, scored: ScoredUtterance) -> list[Fed]:
        closed = []
        while self._open:
            key, shift = next(iter(self._open.items()))
            if scored.at_s - shift.touched_s < IDLE_S:
                break
            del self._open[key]
            closed.append(shift.fed)
        if not scored.counts.reference_words:
            return closed
        key = (scored.cohort, scored.speaker or scored.unit_key)
        shift = self._open.pop(key) if key in self._open else _Shift(scored.cohort, scored.at_s)
        shift.touched_s = scored.at_s
        shift.errors += scored.counts.capped_errors
        shift.words += scored.counts.reference_words
        if shift.words >= MOST_WORDS:
            closed.append(shift.fed)
        else:
            self._open[key] = shift
        return closed


@dataclass
class _Side:
    """One cohort: its level while it learns, its open block, and the rest's sums when that was opened."""

    units: int = 0
    learned_weight: float = 0.0
    learned_errors: float = 0.0
    weight: float = 0.0
    residuals: float = 0.0
    opened_weight: float = 0.0
    opened_residuals: float = 0.0


class Blocks:
    """D = O - R: the cohort's closed shifts against all others' since its last block, each less its level."""

    def __init__(self) -> None:
        self._shifts = Shifts()
        self._sides: dict[str, _Side] = {}
        self._weight = 0.0
        self._residuals = 0.0

    def update(self, scored: ScoredUtterance) -> list[Fed]:
        return [block for shift in self._shifts.update(scored) for block in self._take(shift)]

    def _take(self, shift: Fed) -> list[Fed]:
        side = self._sides.setdefault(shift.cohort, _Side())
        side.units += 1
        if side.units <= UNITS_TO_LEARN:
            side.learned_weight += shift.weight
            side.learned_errors += shift.weight * shift.value
            side.opened_weight, side.opened_residuals = self._weight, self._residuals
            return []
        residual = shift.weight * (shift.value - side.learned_errors / side.learned_weight)
        side.weight += shift.weight
        side.residuals += residual
        self._weight += shift.weight
        self._residuals += residual
        rest_weight = self._weight - side.opened_weight - side.weight
        if rest_weight < min(side.weight, ENOUGH_REST_WORDS):
            return []
        rest = (self._residuals - side.opened_residuals - side.residuals) / rest_weight
        block = Fed(
            shift.cohort, side.residuals / side.weight - rest, 1.0 / (1.0 / side.weight + 1.0 / rest_weight)
        )
        side.weight = side.residuals = 0.0
        side.opened_weight, side.opened_residuals = self._weight, self._residuals
        return [block]


FEEDS: Mapping[str, Callable[[], Feed]] = {
    "WER": Rates,
    "WER less the rest": LessRest,
    "units": Shifts,
    "blocks": Blocks,
}


class Row(NamedTuple):
    """A fed number, its utterance's place in the stream, and how many of the cohort's came so far."""

    place: int
    own: int
    value: float
    weight: float


def rows(feed: Feed, utterances: list[ScoredUtterance]) -> dict[str, list[Row]]:
    """What a feed makes of a whole stream, by cohort."""
    seen: dict[str, int] = {}
    found: dict[str, list[Row]] = {}
    for index, scored in enumerate(utterances):
        seen[scored.cohort] = seen.get(scored.cohort, 0) + 1
        for cohort, value, weight in feed.update(scored):
            found.setdefault(cohort, []).append(Row(index, seen[cohort], value, weight))
    return found
