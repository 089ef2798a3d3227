"""What is true of a replay, cohort by cohort, and what a change of that size asks for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.detection.feeds import Shifts, rows
from benchmarks.detection.recordings import GAP_S, Replay
from detectors.alignment import ErrorCounts
from detectors.block import ResidualSums
from detectors.everybody.likeness import Likeness
from detectors.everybody.since import Since
from detectors.everybody.small_cohort import SmallCohort
from detectors.evidence import EvidenceProcess
from detectors.settings import GLOBAL_SHARE
from detectors.unit import Unit, UnitTracker

DIFFERENTIAL_SHARE = 0.6
"""Share of the budget that all cohorts' differentials have together."""
DAYS_A_MONTH = 30.0
ENOUGH_RATES = 5
"""Fewer give no variance to speak of."""


@dataclass(frozen=True)
class CohortTruth:
    """A cohort's change in points of capped WER, over the utterances that come after it, and its numbers."""

    cohort: str
    own_points: float
    rest_points: float
    utterances_before: int
    utterances_after: int
    speakers_before: int
    speakers_after: int
    asked_utterances: float | None
    asked_speakers: float | None

    @property
    def differential_points(self) -> float:
        """The cohort's rise less the rest's."""
        return self.own_points - self.rest_points

    @property
    def holds_twice(self) -> bool:
        """Whether there are twice as many utterances and speakers after the change as the bound asks for."""
        if self.asked_utterances is None or self.asked_speakers is None:
            return False
        enough = self.utterances_after >= 2 * self.asked_utterances
        return enough and self.speakers_after >= 2 * self.asked_speakers


@dataclass(frozen=True)
class EverybodysTruth:
    """What everybody's change is, in points of capped WER, and how much of it the stream can tell.

    ``nats`` is delta^2 I / 2 with I the precision with which all shifts after the change tell its size, if it
    is known when it was, each against what was heard of its own cohort, session and speaker. ``asked`` is
    log(ARL).
    """

    points: float
    nats: float
    asked: float

    @property
    def holds_twice(self) -> bool:
        """Whether the stream holds twice what the bound asks for."""
        return self.points > 0.0 and self.nats >= 2 * self.asked


def everybodys(replay: Replay, false_alarms_per_month: float) -> EverybodysTruth:
    """The truth about everybody together.

    I = sum h^2 / S over the shifts that close after the change, with the forecasts of
    `detectors.everybody.small_cohort` and the variances between and within sessions and speakers that the
    shifts before it have. ARL is the number of shifts in one false alarm's time, 15 % of the budget.
    """
    units: list[tuple[int, Unit]] = []
    tracker = UnitTracker()
    for index, scored in enumerate(replay.utterances):
        units += [(index, unit) for unit in tracker.add(scored) if unit.tally.reference_words]
    likeness = Likeness()
    for _ in _forecasts(replay, units, likeness):
        pass
    points = _rise(replay, range(replay.middle, len(replay.utterances)))
    information = math.fsum(left * left / variance for left, variance in _forecasts(replay, units, likeness))
    days = GAP_S * len(replay.utterances) / 86_400.0
    an_alarm = DAYS_A_MONTH / (GLOBAL_SHARE * false_alarms_per_month) / days * len(units)
    return EverybodysTruth(points, (points / 100.0) ** 2 * information / 2.0, math.log(an_alarm))


def _forecasts(
    replay: Replay, units: Sequence[tuple[int, Unit]], likeness: Likeness
) -> Iterator[tuple[float, float]]:
    """h and S of each shift after the change; ``likeness`` learns from those before."""
    cohorts: dict[str, SmallCohort] = {}
    moment = Since(0.0, ResidualSums(), 0.0, EvidenceProcess(1.0, 1.0))
    for index, unit in units:
        cohort = cohorts.setdefault(unit.cohort, SmallCohort())
        level = cohort.level(unit.error_rate)
        forecast = cohort.forecast(unit, likeness.variances(), level)
        if index < replay.middle:
            cohort.compare(unit, unit.error_rate, likeness, level)
        else:
            if forecast is not None:
                totals = {key: speaker.words for key, speaker in cohort.speakers.items()}
                yield moment.left(unit.cohort, forecast, totals), forecast.variance
            moment.count(unit.cohort, unit.key, unit.effective_words)
        forgotten = cohort.learn(unit, unit.error_rate)
        if forgotten is not None:
            moment.forget(unit.cohort, forgotten)


def truths(replay: Replay, false_alarms_per_month: float) -> Mapping[str, CohortTruth]:
    """Every cohort's truth.

    The bound is log(ARL) / KL, KL = delta^2 / (2 v): once with the speaker-shift as the unit, v the variance
    of their error rates before the change, given in utterances; once with the speaker as the unit, v the
    variance of the speakers' rates. ARL is the number of the cohort's own units in one false alarm's time,
    its even share of 60 % of the budget.
    """
    cohorts = sorted({scored.cohort for scored in replay.utterances})
    months_an_alarm = len(cohorts) / (DIFFERENTIAL_SHARE * false_alarms_per_month)
    streams = months_an_alarm * DAYS_A_MONTH * 86_400.0 / (GAP_S * len(replay.utterances))
    shifts = rows(Shifts(), replay.utterances)
    middle = replay.middle
    found = {}
    for cohort in cohorts:
        own = [index for index, scored in enumerate(replay.utterances) if scored.cohort == cohort]
        own_after = [index for index in own if index >= middle]
        own_set = set(own)
        rest_after = [index for index in range(middle, len(replay.utterances)) if index not in own_set]
        own_rise, rest_rise = _rise(replay, own_after), _rise(replay, rest_after)
        delta = (own_rise - rest_rise) / 100.0
        closed = shifts.get(cohort, [])
        speakers = _speaker_rates(replay, own)
        found[cohort] = CohortTruth(
            cohort=cohort,
            own_points=own_rise,
            rest_points=rest_rise,
            utterances_before=len(own) - len(own_after),
            utterances_after=len(own_after),
            speakers_before=_speakers(replay, own[: len(own) - len(own_after)]),
            speakers_after=_speakers(replay, own_after),
            asked_utterances=_asked(
                delta,
                [row.value for row in closed if row.place < middle],
                streams * len(closed),
                len(own) / max(len(closed), 1),
            ),
            asked_speakers=_asked(delta, speakers, streams * len(speakers), 1.0),
        )
    return found


def _rise(replay: Replay, indices: Sequence[int]) -> float:
    before = sum(replay.before[index].capped_errors for index in indices)
    after = sum(replay.after[index].capped_errors for index in indices)
    words = sum(replay.before[index].reference_words for index in indices)
    return 100.0 * (after - before) / words if words else 0.0


def _speakers(replay: Replay, indices: Sequence[int]) -> int:
    return len({replay.utterances[index].speaker or str(index) for index in indices})


def _speaker_rates(replay: Replay, indices: Sequence[int]) -> list[float]:
    """Capped WER of each speaker under the engine before the change."""
    counts: dict[str, list[ErrorCounts]] = {}
    for index in indices:
        counts.setdefault(replay.utterances[index].speaker or str(index), []).append(replay.before[index])
    sums = [
        (sum(each.capped_errors for each in own), sum(each.reference_words for each in own))
        for own in counts.values()
    ]
    return [errors / words for errors, words in sums if words]


def _asked(delta: float, rates: Sequence[float], units_an_alarm: float, per_unit: float) -> float | None:
    """log(ARL) / KL units of ``per_unit`` each; None without a rise or with too few rates."""
    if delta <= 0.0 or len(rates) < ENOUGH_RATES:
        return None
    variance = float(np.var(np.asarray(rates), ddof=1))
    return math.log(max(units_an_alarm, math.e)) * 2.0 * variance / delta**2 * per_unit
