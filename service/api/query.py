"""The routes that show cohorts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter

from detectors.backtesting.noticeable import Noticeable
from detectors.cohort import CohortView, Estimate
from detectors.settings import (
    DIFFERENTIAL_SHARE,
    EVERYBODYS_RATES_SHARE,
    GLOBAL_SHARE,
    RATES_SHARE,
    STANDING_SHARE,
)
from service.alerts.facts import rfc3339
from service.api.problems import refusals
from service.errors import Refused
from service.pipeline import Pipeline
from service.store.reader import CohortTotals, Reader
from service.store.rows.critical_terms import WINDOW_S


def query_routes(pipeline: Pipeline, reader: Reader, normaliser_version: str) -> APIRouter:
    """The routes; they read the monitor's present state and the store, never text."""
    router = APIRouter(prefix="/v1", tags=["query"], responses=refusals(422))

    @router.get("/cohorts", summary="All cohorts")
    async def cohorts() -> dict[str, Any]:
        """Every cohort with its WER, its differential and how far it can be judged."""
        view = pipeline.watch.view()
        totals = await asyncio.to_thread(reader.totals)
        watched = {cohort.cohort for cohort in view.cohorts}
        others = sorted(totals.keys() - watched)
        return {
            "held_for_order": view.held,
            "used_for_detection": list(pipeline.config.detection.selections),
            "reference_kinds_used_for_detection": list(pipeline.config.detection.reference_kinds),
            "stream_time": _rfc3339(view.now_s),
            "budget": {
                "false_alarms_per_month": pipeline.config.detection.false_alarms_per_month,
                "smallest_change_points": pipeline.config.detection.smallest_change_points,
                "shares": {
                    "differential": DIFFERENTIAL_SHARE,
                    "global": GLOBAL_SHARE,
                    "standing": STANDING_SHARE,
                    "loops and empties of everybody": EVERYBODYS_RATES_SHARE * RATES_SHARE,
                    "loops and empties of a cohort": (1.0 - EVERYBODYS_RATES_SHARE) * RATES_SHARE,
                },
            },
            "global": {"evidence": view.global_evidence, "in_alarm": view.global_in_alarm},
            "normaliser": normaliser_version,
            "cohorts": [_cohort(cohort, totals) for cohort in view.cohorts],
            "cohorts_without_references_for_detection": [
                {"cohort": cohort, **_totals(totals[cohort])} for cohort in others
            ],
        }

    @router.get("/cohorts/{cohort:path}", summary="One cohort", responses=refusals(404))
    async def one_cohort(cohort: str) -> dict[str, Any]:
        """One cohort as in the list, with its critical terms of the last 30 days where some are declared."""
        totals = await asyncio.to_thread(reader.totals)
        for view in pipeline.watch.view().cohorts:
            if view.cohort == cohort:
                critical = await asyncio.to_thread(_critical_terms, pipeline, reader, view)
                return {**_cohort(view, totals), "critical_terms": critical}
        raise Refused(
            404, "no scored utterance used for detection names this cohort; GET /v1/cohorts lists them"
        )

    return router


def _cohort(view: CohortView, totals: Mapping[str, CohortTotals]) -> dict[str, Any]:
    return {
        "cohort": view.cohort,
        "readiness": view.readiness.value,
        "guarantee_held": view.guarantee_held,
        "scored_utterances": view.total.utterances,
        "reference_words": view.total.reference_words,
        "substitutions": view.total.substitutions,
        "deletions": view.total.deletions,
        "insertions": view.total.insertions,
        "speaker_shifts": view.units,
        "open_speaker_shifts": view.open_units,
        "speakers_in_baseline": view.speakers_in_baseline,
        "baseline_wer": view.baseline_wer,
        "wer": {name: _estimate(estimate) for name, estimate in view.wer.items()},
        "differential": _estimate(view.differential),
        "evidence": view.evidence,
        "in_alarm": view.in_alarm,
        "is_compared_before_after": view.is_compared,
        "standing_gap": {"evidence": view.standing_evidence, "in_alarm": view.standing_in_alarm},
        "loops": view.total.loops,
        "empty_hypotheses": view.total.empties,
        "ready_since": None if view.ready_s is None else _rfc3339(view.ready_s),
        "share_of_false_alarms_per_month": view.false_alarms_per_month,
        "noticeable_change_points": _noticeable(view.noticeable),
        "last_spoken_at": _rfc3339(view.last_scored_s),
        **_totals(totals.get(view.cohort, CohortTotals())),
    }


def _critical_terms(pipeline: Pipeline, reader: Reader, view: CohortView) -> dict[str, Any] | None:
    if pipeline.lexicon is None:
        return None
    since_s, lexicon = view.last_scored_s - WINDOW_S, pipeline.lexicon.version
    sums = reader.critical.sums([view.cohort], lexicon, since_s, float("inf"))
    return {"lexicon": lexicon, "since": _rfc3339(since_s), **sums.facts()}


def _noticeable(noticeable: Noticeable | None) -> dict[str, float | None] | None:
    if noticeable is None:
        return None
    return {
        f"within_{name}": None if rise is None else round(100.0 * rise, 1)
        for name, rise in (("day", noticeable.day), ("week", noticeable.week), ("month", noticeable.month))
    }


def _totals(totals: CohortTotals) -> dict[str, Any]:
    return {
        "by_selection": {selection: sums._asdict() for selection, sums in totals.by_selection.items()},
        "edited": totals.edited._asdict(),
    }


def _estimate(estimate: Estimate) -> dict[str, float | None]:
    interval = estimate.interval
    return {
        "value": estimate.value,
        "lower": interval.lower if interval else None,
        "upper": interval.upper if interval else None,
    }


def _rfc3339(at_s: float) -> str | None:
    return None if at_s == float("-inf") else rfc3339(at_s)
