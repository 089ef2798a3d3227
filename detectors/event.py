"""What the monitor says: an alarm or its end, with everything that a person needs to judge it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from detectors.tally import Tally


class Signal(StrEnum):
    """One question asked of the stream for ever."""

    DIFFERENTIAL = "differential"
    GLOBAL = "global"


class Change(StrEnum):
    """Which way it went."""

    DEGRADED = "degraded"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True)
class Event:
    """An answer of a signal. Points are WER points (0.01 of WER), times seconds since the epoch.

    Parameters
    ----------
    signal, change, cohort
        What happened to whom; ``cohort`` is None for a global event.
    onset_s
        When the change began by the utterances' own clock: with signal and cohort the identity of the
        alarm, repeated in its recovery.
    detected_s
        The stream's time at which the evidence sufficed.
    effect_points, lower_points, upper_points
        The rise since the onset and its 95 % confidence sequence: of the differential against the rest, or
        of everybody's level. Selected at the alarm, so 1 to 3 points too high on average.
    before, after
        Raw counts of those named (the cohort, or everybody) until the onset and since.
    evidence
        The evidence, against a threshold of 1.
    during_global
        Whether everybody was in alarm when this was raised.
    false_alarms_per_month
        The whole budget under which it fired.
    guarantee_held
        Whether every unit had a speaker key, on which the budget's promise rests.
    """

    signal: Signal
    change: Change
    cohort: str | None
    onset_s: float
    detected_s: float
    effect_points: float
    lower_points: float
    upper_points: float
    before: Tally
    after: Tally
    evidence: float
    during_global: bool
    false_alarms_per_month: float
    guarantee_held: bool
