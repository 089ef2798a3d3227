"""What the monitor says: an alarm or its end, with everything that a person needs to judge it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from detectors.attribution import Attribution
from detectors.slices.worst import SliceNow
from detectors.tally import Tally


class Signal(StrEnum):
    """One question asked of the stream for ever.

    ``DIFFERENTIAL``: did this cohort get worse than the rest did? ``GLOBAL``: did everybody get worse?
    ``STANDING``: is this cohort's gap to the rest larger than the tolerated one, changed or not?
    ``PLANNED``: what did an announced change do to this cohort? ``LOOPS`` and ``EMPTIES``: does the engine
    run away, or say nothing, more often for this cohort than it did, and for the others; or, without a
    cohort, for everybody?
    """

    DIFFERENTIAL = "differential"
    GLOBAL = "global"
    STANDING = "standing"
    PLANNED = "planned"
    LOOPS = "loops"
    EMPTIES = "empties"


class Change(StrEnum):
    """What happened: the first begins an alarm, the next three end one, the others are findings.

    An alarm is ``ABSORBED`` by that of the same rate for everybody, which says it from then on.

    Of an announced change all are findings: its verdict.
    """

    DEGRADED = "degraded"
    RECOVERED = "recovered"
    REBASED = "rebased"
    ABSORBED = "absorbed"
    IMPROVED = "improved"
    GAP_WIDENED = "gap_widened"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Event:
    """An answer of a signal. Points are WER points (0.01 of WER), times seconds since the epoch.

    Parameters
    ----------
    signal, change, cohort
        What happened to whom; ``cohort`` is None for everybody.
    onset_s
        When the change began by the utterances' own clock: with signal and cohort the identity of the
        alarm, repeated in its recovery.
    onset_earliest_s, onset_latest_s
        Interval for the onset.
    detected_s
        The stream's time at which the evidence sufficed.
    effect_points, lower_points, upper_points
        The rise since the onset and its 95 % confidence sequence: of the differential against the rest, of
        everybody's level, of the gap above the tolerated one, or of a rate (then in points of that rate).
        Selected at the alarm, so 1 to 3 points too high on average.
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
    about
        What was announced, for the verdict on a planned change.
    attribution
        Where a rise comes from; None where that is no question or nothing is known to answer it by.
    worst
        Of a standing gap, which has no onset to compare with: the cohort's worst slices since it is seen.
    """

    signal: Signal
    change: Change
    cohort: str | None
    onset_s: float
    onset_earliest_s: float
    onset_latest_s: float
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
    about: str = ""
    attribution: Attribution | None = None
    worst: tuple[SliceNow, ...] = ()
