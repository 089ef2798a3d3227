"""The others' level at their usual mix: what a cohort's gap and its comparison start from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from detectors.cohort import Cohort


@dataclass(frozen=True, slots=True)
class RestLevel:
    """B_rest, where the residuals R of the rest stand, and the variance of that, as ratios."""

    level: float
    mean: float
    variance: float


class Part(msgspec.Struct, frozen=True):
    """What a watched cohort brings to the mix: all its units so far, b, and mu and W of its own baseline."""

    cohort: Cohort
    units: float
    level: float
    mean: float
    precision: float


def parts_of(cohorts: Iterable[Cohort]) -> list[Part]:
    """The parts of those cohorts that are watched."""
    parts = []
    for cohort in cohorts:
        if cohort.detector is not None:
            baseline = cohort.detector.own_baseline
            parts.append(
                Part(
                    cohort,
                    cohort.all_units.units,
                    cohort.level.level,
                    baseline.mean,
                    baseline.precision,
                )
            )
    return parts


def rest_level(parts: Iterable[Part], cohort: Cohort) -> RestLevel | None:
    """The mean over the parts but this cohort's, each with its share of all units; None without any.

    With shares s_j: B_rest = sum s_j b_j, the residuals' mean sum s_j mu_j with variance sum s_j^2 / W_j,
    where mu_j and W_j are the learned baseline of j's own level.
    """
    others = [part for part in parts if part.cohort is not cohort]
    total = sum([part.units for part in others])
    if not total:
        return None
    mix = [(part.units / total, part) for part in others]
    return RestLevel(
        level=sum([share * part.level for share, part in mix]),
        mean=sum([share * part.mean for share, part in mix]),
        variance=sum([share**2 / part.precision for share, part in mix]),
    )
