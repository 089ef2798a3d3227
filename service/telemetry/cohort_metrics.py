"""What the monitor knows of each cohort, as gauges."""

from __future__ import annotations

import math
from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from detectors.cohort import CohortView, Estimate
from service.watching.watch import MonitorView


def estimates(view: MonitorView) -> Iterator[Metric]:
    """Where WER, differential and baseline of each cohort stand."""
    wer = _family("werwatch_wer_ratio", "WER over a window.", ["cohort", "window"])
    differential = _family(
        "werwatch_differential_wer", "WER of a cohort less the rest's, against its baseline.", ["cohort"]
    )
    baseline = GaugeMetricFamily(
        "werwatch_baseline_wer_ratio", "Learned level of a cohort.", labels=["cohort"]
    )
    units = GaugeMetricFamily("werwatch_speaker_shifts", "Units of evidence so far.", labels=["cohort"])
    for cohort in view.cohorts:
        for window, estimate in cohort.wer.items():
            _fill(wer, [cohort.cohort, window], estimate)
        _fill(differential, [cohort.cohort], cohort.differential)
        units.add_metric([cohort.cohort], cohort.units)
        _fill_baseline(baseline, cohort)
    yield from wer
    yield from differential
    yield baseline
    yield units


def outlook(view: MonitorView) -> Iterator[Metric]:
    """Since when each cohort is judged, and what would be noticed of it."""
    ready = GaugeMetricFamily(
        "werwatch_cohort_ready_timestamp_seconds",
        "Stream time since which a cohort can be judged.",
        labels=["cohort"],
    )
    noticeable = GaugeMetricFamily(
        "werwatch_noticeable_change_ratio",
        "Smallest rise of WER that would usually be noticed within this time at the present volume.",
        labels=["cohort", "within"],
    )
    for cohort in view.cohorts:
        if cohort.ready_s is not None:
            ready.add_metric([cohort.cohort], cohort.ready_s)
        if cohort.noticeable is not None:
            for within in ("day", "week", "month"):
                rise = getattr(cohort.noticeable, within)
                noticeable.add_metric([cohort.cohort, within], math.inf if rise is None else rise)
    yield ready
    yield noticeable


def _fill_baseline(family: GaugeMetricFamily, cohort: CohortView) -> None:
    if cohort.baseline_wer is not None:
        family.add_metric([cohort.cohort], cohort.baseline_wer)


def _family(name: str, documentation: str, labels: list[str]) -> tuple[GaugeMetricFamily, ...]:
    return (
        GaugeMetricFamily(name, documentation, labels=labels),
        GaugeMetricFamily(f"{name}_lower", f"{documentation} Lower end, 95 %.", labels=labels),
        GaugeMetricFamily(f"{name}_upper", f"{documentation} Upper end, 95 %.", labels=labels),
    )


def _fill(family: tuple[GaugeMetricFamily, ...], labels: list[str], estimate: Estimate) -> None:
    value, lower, upper = family
    if estimate.value is not None:
        value.add_metric(labels, estimate.value)
    if estimate.interval is not None:
        lower.add_metric(labels, estimate.interval.lower)
        upper.add_metric(labels, estimate.interval.upper)
