"""The Prometheus contract: counters that carry the truth, gauges that carry the decisions."""

from __future__ import annotations

import platform
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from detectors.claims.claim import Verdict
from detectors.cohort import Readiness
from service import __version__
from service.alerts.changes import AlertChanges
from service.pipeline import Pipeline
from service.store.reader import Reader
from service.telemetry.cohort_metrics import estimates, outlook
from service.watching.watch import MonitorView

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
ROUTES = ("/v1/utterances", "/v1/references", "/v1/ingest/{provider}", "/v1/references/{format}")


class Metrics:
    """The registry of one service."""

    def __init__(self, pipeline: Pipeline, reader: Reader) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        requests = Histogram(
            "werwatch_ingest_duration_seconds",
            "Time from request to durable answer.",
            ["route"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._by_route = {route: requests.labels(route) for route in ROUTES}
        self.registry.register(StateCollector(pipeline, reader))
        ProcessCollector(namespace="werwatch", registry=self.registry)

    def observe(self, route: str, seconds: float, trace: str | None) -> None:
        """Note how long a request took, and the id of its trace as an example of such a one."""
        self._by_route[route].observe(seconds, None if trace is None else {"trace_id": trace})


class StateCollector(Collector):
    """Reads the pipeline's counts, the monitor and the store once a scrape."""

    def __init__(self, pipeline: Pipeline, reader: Reader) -> None:
        self._pipeline = pipeline
        self._reader = reader
        self._changes = AlertChanges(reader, pipeline.changes_before)

    def describe(self) -> list[Metric]:
        """Nothing: what there is depends on the data."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All families, from one view of the monitor."""
        view = self._pipeline.watch.view()
        yield InfoMetricFamily(
            "werwatch_build",
            "Version of this process.",
            {"version": __version__, "python_version": platform.python_version()},
        )
        yield from self._counters()
        yield from estimates(view)
        yield from self._decisions(view)
        yield from self._own_health()

    def _counters(self) -> Iterator[Metric]:
        counts = self._pipeline.counts.taken()
        yield _counter("utterances", "Utterances kept.", ["cohort"], _keyed(counts.utterances))
        empty = _keyed(counts.empty_hypotheses)
        yield _counter("empty_hypotheses", "Utterances kept without a word.", ["cohort"], empty)
        loops = "Scored utterances with more errors than words, and at least 20."
        yield _counter("loops", loops, ["cohort"], _keyed(counts.loops))
        labels = ["cohort", "selection"]
        yield _counter("scored_utterances", "Utterances scored against a reference.", labels, counts.scored)
        yield _counter("reference_words", "Words of scored references.", labels, counts.reference_words)
        yield _counter("word_errors", "Word errors by type.", [*labels, "type"], counts.word_errors)
        against = "Utterances scored against an edited reference, and in no other series of scores."
        yield _counter("edited_references", against, ["cohort"], _keyed(counts.edited_references))
        edited = "Words of edited references."
        yield _counter("edited_reference_words", edited, ["cohort"], _keyed(counts.edited_reference_words))
        errors = "Word differences to edited references, by type."
        yield _counter("edited_word_errors", errors, ["cohort", "type"], counts.edited_word_errors)
        if self._pipeline.lexicon is not None:
            spoken = "Critical terms in scored references."
            yield _counter("critical_terms", spoken, labels, counts.critical_terms)
            missed = "Those of them that the hypothesis lacks."
            yield _counter("critical_terms_missed", missed, labels, counts.critical_terms_missed)
            inserted = "Critical terms in scored hypotheses that nobody spoke."
            yield _counter("critical_terms_inserted", inserted, labels, counts.critical_terms_inserted)
        yield _counter(
            "receipts", "Objects taken, by what became of them.", ["outcome"], _keyed(counts.outcomes)
        )
        yield _counter("rejected_lines", "Objects not taken, by reason.", ["reason"], _keyed(counts.rejected))
        ignored = "Partial results of engines, and others that are no final transcript."
        yield _counter("ignored_results", ignored, ["provider"], _keyed(counts.ignored_results))
        yield _counter(
            "cohort_folds",
            'Utterances of cohorts beyond cohorts.max, folded into "other".',
            [],
            {(): self._pipeline.cohorts.folded["utterances"]},
        )
        yield _counter(
            "undeclared_attributes",
            "Attributes dropped because the configuration does not declare them.",
            [],
            {(): counts.undeclared_attributes},
        )
        yield _counter(
            "delivery_attempts",
            "Attempts to deliver a notice.",
            ["receiver", "outcome"],
            counts.deliveries,
        )
        yield _counter(
            "refreshes",
            "Times that a receiver was told again what is active; it takes what is not told again for over.",
            ["receiver", "outcome"],
            counts.refreshes,
        )
        yield _counter(
            "connections_crowded_out",
            "Connections closed to make room for others.",
            ["listener"],
            _keyed(counts.crowded_out),
        )
        ends = "References by recording that wait no more, by what became of them."
        yield _counter("recording_references", ends, ["outcome"], _keyed(counts.recordings))
        late = "Utterances of recordings that had been scored when they came."
        yield _counter("late_utterances", late, [], {(): counts.late_utterances})
        forgotten = "Rows deleted because of their age, or for want of room."
        yield _counter("forgotten_rows", forgotten, ["kind", "reason"], counts.forgotten)
        yield _counter("texts", "Texts at rest, by what became of them.", ["event"], _keyed(counts.texts))
        yield _counter(
            "monitor_failures", "Times the monitor could not go on.", [], {(): counts.monitor_failures}
        )

    def _decisions(self, view: MonitorView) -> Iterator[Metric]:
        evidence = GaugeMetricFamily(
            "werwatch_evidence_ratio", "Evidence of a signal; 1 raises an alarm.", labels=["cohort", "signal"]
        )
        changes = "What became of alerts, by signal."
        yield _counter("alert_changes", changes, ["signal", "action"], self._changes.counts())
        active = GaugeMetricFamily(
            "werwatch_alert_active",
            "1 from an alert's firing to its end.",
            labels=["cohort", "signal", "severity"],
        )
        alerts = self._reader.active_alerts()
        firing = {(alert.cohort or "", alert.signal, alert.severity) for alert in alerts}
        signals = [
            each
            for cohort in view.cohorts
            for each in (
                (cohort.cohort, "differential", cohort.evidence),
                (cohort.cohort, "standing", cohort.standing_evidence),
                (cohort.cohort, "loops", cohort.rates_evidence.get("loops", 0.0)),
                (cohort.cohort, "empties", cohort.rates_evidence.get("empties", 0.0)),
            )
        ]
        signals += [("", signal, value) for signal, value in view.rates_evidence.items()]
        signals.append(("", "global", view.global_evidence))
        for cohort, signal, value in signals:
            evidence.add_metric([cohort, signal], value)
        # While the history is read again, an alert can be there before its cohort.
        watched = {(cohort, signal) for cohort, signal, _ in firing}
        for cohort, signal in dict.fromkeys([*(each[:2] for each in signals), *sorted(watched)]):
            for severity in ("page", "ticket"):
                active.add_metric([cohort, signal, severity], float((cohort, signal, severity) in firing))
        yield evidence
        yield active
        states = Counter(view.verdict.value for view in self._pipeline.claims.views().values())
        claims = GaugeMetricFamily(
            "werwatch_claims", "Claims about slices that are judged, by what they came to.", labels=["state"]
        )
        for verdict in Verdict:
            claims.add_metric([verdict.value], states[verdict.value])
        yield claims
        muting = self._reader.active_silences(time.time())
        yield _gauge("werwatch_silences_active", "Silences that hold now.", muting)
        ready = GaugeMetricFamily(
            "werwatch_cohort_readiness", "1 for the state a cohort is in.", labels=["cohort", "state"]
        )
        for cohort_view in view.cohorts:
            for state in Readiness:
                ready.add_metric([cohort_view.cohort, state.value], float(cohort_view.readiness is state))
        yield ready
        yield from outlook(view)

    def _own_health(self) -> Iterator[Metric]:
        pipeline = self._pipeline
        last = GaugeMetricFamily(
            "werwatch_last_reference_timestamp_seconds",
            "When a reference was last scored.",
            labels=["cohort"],
        )
        for cohort, at_s in list(pipeline.counts.last_reference_at.items()):
            last.add_metric([cohort], at_s)
        yield last
        pending = GaugeMetricFamily(
            "werwatch_outbox_notices", "Notices in the outbox.", labels=["receiver", "state"]
        )
        age = GaugeMetricFamily(
            "werwatch_outbox_oldest_pending_timestamp_seconds",
            "Creation time of the oldest pending notice.",
            labels=["receiver"],
        )
        held = self._reader.outbox()
        # One that is configured no more may have left notices behind.
        configured = [receiver.name for receiver in pipeline.config.receivers]
        for receiver in sorted({*configured, *(receiver for receiver, _ in held)}):
            for state in ("pending", "delivered", "dead", "dismissed"):
                pending.add_metric([receiver, state], held.get((receiver, state), (0, 0.0))[0])
            if (receiver, "pending") in held:
                age.add_metric([receiver], held[receiver, "pending"][1])
        yield pending
        yield age
        letters = "Notices that were refused for good and that no later one of their alert made up for."
        dead = self._reader.dead_letters()
        yield _by_receiver("dead_letters", letters, {name: dead.get(name, 0) for name in configured})
        off = "1 for a receiver that said that it takes nothing any more."
        disabled = pipeline.counts.disabled
        yield _by_receiver("receiver_disabled", off, {name: name in disabled for name in configured})
        unmatched = GaugeMetricFamily(
            "werwatch_unmatched",
            "Utterances without a reference, references without an utterance, and waiting ones by recording.",
            labels=["kind"],
        )
        for kind, rows in self._reader.unmatched().items():
            unmatched.add_metric([kind], rows)
        yield unmatched
        version, has_any = pipeline.config.normaliser.version, pipeline.has_incomparable
        waiting = "References that wait under another normaliser, and are not scored with what comes now."
        yield _gauge(
            "werwatch_incomparable_references",
            waiting,
            self._reader.incomparable(version) if has_any else 0,
        )
        yield from self._room()
        keeps = "1 where privacy.keep_text lets transcripts lie as text in the store."
        yield _gauge("werwatch_keeps_text", keeps, float(pipeline.config.privacy.keep_text))
        writer = pipeline.writer
        yield _gauge(
            "werwatch_store_writable",
            "0 while nothing can be written, for example on a full disk.",
            float(writer.failure is None and writer.is_alive),
        )
        yield _counter(
            "store_write_failures", "Transactions that could not be written.", [], {(): writer.failures}
        )
        loss = pipeline.store.loss
        yield _gauge(
            "werwatch_store_lost_transactions",
            "Committed transactions, at least so many, that were found lost to damage at the start.",
            0 if loss is None else loss.transactions,
        )
        yield _gauge(
            "werwatch_monitor_rows_behind",
            "Scored rows that the monitor has yet to see.",
            pipeline.watch.rows_behind,
        )
        yield _gauge(
            "werwatch_stream_timestamp_seconds",
            "The stream's time: the latest at which something was spoken that the monitor has seen; else 0.",
            pipeline.watch.now_s,
        )
        yield _gauge("werwatch_write_queue_jobs", "Requests that wait for the disk.", pipeline.writer.waiting)
        yield _gauge(
            "werwatch_snapshot_timestamp_seconds",
            "When the monitor's state was last saved or read.",
            pipeline.watch.saved_at,
        )
        yield _gauge("werwatch_scrape_timestamp_seconds", "The clock of this process.", time.time())

    def _room(self) -> Iterator[Metric]:
        room = self._pipeline.store.room
        disk_bytes, free_bytes = room.disk
        yield _gauge("werwatch_store_bytes", "Size of the store's file with its log.", room.taken_bytes)
        yield _gauge("werwatch_store_disk_bytes", "Size of the file system of data_dir.", disk_bytes)
        yield _gauge("werwatch_store_disk_free_bytes", "What is free of it.", free_bytes)
        yield _gauge(
            "werwatch_store_over_budget",
            "1 while more is needed than storage.max_bytes and nothing is left that may go.",
            float(self._pipeline.is_over_budget),
        )


def _counter(
    name: str, documentation: str, labels: list[str], values: Mapping[Any, int]
) -> CounterMetricFamily:
    family = CounterMetricFamily(f"werwatch_{name}", documentation, labels=labels)
    for key, value in list(values.items()):
        family.add_metric(key, value)
    return family


def _gauge(name: str, documentation: str, value: float) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, documentation)
    family.add_metric([], value)
    return family


def _by_receiver(name: str, documentation: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"werwatch_{name}", documentation, labels=["receiver"])
    for receiver, value in values.items():
        family.add_metric([receiver], float(value))
    return family


def _keyed(values: Mapping[str, int]) -> dict[tuple[str, ...], int]:
    return {(key,): value for key, value in values.items()}
