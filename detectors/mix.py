"""The others' level at their usual mix: what a cohort's gap and its comparison start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from detectors.cohort import Cohort


@dataclass(frozen=True, slots=True)
class RestLevel:
    """B_rest, where the residuals R of the rest stand, and the variance of that, as ratios."""

    level: float
    mean: float
    variance: float


def rest_level(others: Sequence[Cohort]) -> RestLevel | None:
    """The mean over cohorts that are watched, each with its share of all units so far; None without any.

    With shares s_j: B_rest = sum s_j b_j, the residuals' mean sum s_j mu_j with variance sum s_j^2 / W_j,
    where mu_j and W_j are the learned baseline of j's own level.
    """
    watched = [(c.all_units.units, c.level.level, c.detector.own_baseline) for c in others if c.detector]
    total = sum(units for units, _, _ in watched)
    if not total:
        return None
    shares = [(units / total, level, baseline) for units, level, baseline in watched]
    return RestLevel(
        level=sum(share * level for share, level, _ in shares),
        mean=sum(share * baseline.mean for share, _, baseline in shares),
        variance=sum(share**2 / baseline.precision for share, _, baseline in shares),
    )
