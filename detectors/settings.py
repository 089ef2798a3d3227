"""What the operator decides about detection."""

from __future__ import annotations

from dataclasses import dataclass

from detectors.choices import OWN, decider

DAYS_A_MONTH = 30.0
DIFFERENTIAL_SHARE = 0.6
GLOBAL_SHARE = 0.15
STANDING_SHARE = 0.15
RATES_SHARE = 0.1
EVERYBODYS_RATES_SHARE = 0.5
"""Of the rates' part, for the rates of everybody together; the rest is for the cohorts' own."""


@dataclass(frozen=True, slots=True)
class MonitorSettings:
    """What the operator decides.

    Parameters
    ----------
    false_alarms_per_month
        Tolerated false alarms over all cohorts and signals together, in 30 days of the stream's time. 60 %
        of it is shared evenly by the cohorts' differentials, 15 % by their standing gaps, 5 % by their
        rates of loops and of empty hypotheses, half for each; 15 % is for global alarms, 5 % for everybody's
        two rates, half for each.
    smallest_change_points
        The smallest rise worth waking someone for, in WER points.
    tolerated_gap_points
        How far a cohort's WER may stand above the rest's, in WER points, before that is recorded as such.
    window_s
        Length of the windowed WER in seconds.
    reference_lag_s
        How long after its speech a reference may come, in seconds, so that what was spoken before it comes
        first; 0 takes all in the order of arrival.
    detector
        ``evidence``, one of river's detectors by name or ``module:Class`` (see `detectors.choices`), which
        then decides on the same differential blocks without the budget's promise.
    cohort_attributes
        The attributes whose values make the cohorts: what a cohort's name says is no slice of it.

    Raises
    ------
    ValueError
        If a number is not above 0, or the lag below it, or the detector is unknown.
    """

    false_alarms_per_month: float = 1.0
    smallest_change_points: float = 5.0
    tolerated_gap_points: float = 15.0
    window_s: float = 86_400.0
    reference_lag_s: float = 0.0
    detector: str = OWN
    cohort_attributes: tuple[str, ...] = ("accent",)

    def __post_init__(self) -> None:
        for name in ("false_alarms_per_month", "smallest_change_points", "tolerated_gap_points", "window_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: expected more than 0, got {getattr(self, name)}")
        if not self.reference_lag_s >= 0:
            raise ValueError(f"reference_lag_s: expected 0 or more, got {self.reference_lag_s}")
        decider(self.detector)

    @property
    def smallest_change(self) -> float:
        """Delta as a ratio."""
        return self.smallest_change_points / 100.0

    @property
    def false_alarms_per_day(self) -> float:
        """A, in the unit that the detectors use."""
        return self.false_alarms_per_month / DAYS_A_MONTH

    @property
    def tolerated_gap(self) -> float:
        """T as a ratio."""
        return self.tolerated_gap_points / 100.0
