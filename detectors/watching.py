"""How a learned cohort comes under watch: its detectors, and its part of the budget."""

from __future__ import annotations

from detectors.block import BlockBuilder
from detectors.choices import decider
from detectors.cohort import Cohort
from detectors.differential import DifferentialDetector
from detectors.mix import parts_of, rest_level
from detectors.monitor_state import MonitorState
from detectors.settings import DIFFERENTIAL_SHARE, STANDING_SHARE, MonitorSettings
from detectors.standing import StandingDetector


def start_watching(state: MonitorState, settings: MonitorSettings, cohort: Cohort) -> None:
    """Watch a cohort from now on, or anew, from the level that it has learned."""
    own_variance = cohort.level.level_variance
    rest = rest_level(parts_of(state.cohorts.values()), cohort)
    rest_variance = rest.variance if rest else own_variance
    rest_mean = rest.mean if rest else 0.0
    level_ratio = cohort.level.level / rest.level if rest else 1.0
    cohort.blocks = BlockBuilder(state.now_s, rest_start=state.residuals.copy())
    state.everybody.watch(cohort.name, own_variance, rest_variance, rest_mean=rest_mean)
    cohort.detector = DifferentialDetector(
        settings.smallest_change,
        own_variance=own_variance,
        rest_variance=rest_variance,
        rest_mean=rest_mean,
        level_ratio=level_ratio,
        decider=decider(settings.detector),
    )
    cohort.standing = StandingDetector.start(settings.smallest_change, 0.0)
    cohort.ready_s = state.now_s if cohort.level.can_judge else None
    _share_budget(state, settings)


def _share_budget(state: MonitorState, settings: MonitorSettings) -> None:
    watched = [cohort for cohort in state.cohorts.values() if cohort.detector is not None]
    parts, a_day = parts_of(watched), settings.false_alarms_per_day
    for cohort in watched:
        assert cohort.detector is not None
        assert cohort.standing is not None
        rest = rest_level(parts, cohort)
        rest_at = rest.level if rest else cohort.level.level
        ratio = cohort.level.level / rest_at
        cohort.detector.share_budget(DIFFERENTIAL_SHARE * a_day / len(watched), ratio)
        variance = cohort.level.level_variance + (rest.variance if rest else 0.0)
        gap = cohort.level.level - rest_at - settings.tolerated_gap
        cohort.standing.know(STANDING_SHARE * a_day / len(watched), gap, 1.0 / variance)
