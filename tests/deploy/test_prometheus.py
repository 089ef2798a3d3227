"""A real Prometheus with the shipped rules over running sidecars."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from conftest import RunningService, eventually
from prometheus_server import RunningPrometheus
from promql import queries

WER = "cohort:werwatch_word_errors_per_reference_words:ratio_increase"
REST = "cohort:werwatch_rest_word_errors_per_reference_words:ratio_increase"
WORDS = "cohort:werwatch_reference_words:increase"
NEARLY, ROUGHLY = 0.05, 0.25
"""Prometheus extends what it saw of a sidecar by a second or so, to where it saw nothing. Ratios hardly move
by that, sums after half a minute do. A counter that began again just below where it was would count twice.
"""

NOT_YET = (
    "werwatch_wer_ratio_",
    "werwatch_baseline_wer_ratio",
    "werwatch_differential_wer",
    "werwatch_alert_active{",
    "werwatch_delivery_attempts_total",
    "werwatch_outbox_oldest_pending_timestamp_seconds",
    "werwatch_critical_terms_missed_per_critical_terms",
)
"""What the dashboard asks for that waits for speakers, a baseline, an alert, a receiver or critical terms."""


class Site:
    """A sidecar, and what was sent to it: words and errors by cohort, as a person would add them up."""

    def __init__(self, service: RunningService) -> None:
        self.service = service
        self.sent: dict[str, tuple[int, int]] = {}
        for cohort in ("scottish", "welsh"):
            body = {"utterance_id": cohort, "hypothesis": "good morning", "attributes": {"accent": cohort}}
            assert service.post("/v1/utterances", body).is_success

    def hears(self, cohort: str, texts: int, words: int, errors: int, selection: str = "random") -> None:
        """Take so many references of so many words with so many errors each."""
        before, wrong_before = self.sent.get(cohort, (0, 0))
        for number in range(texts):
            body = {
                "utterance_id": f"{cohort}-{selection}-{before}-{number}",
                "hypothesis": " ".join(["tea"] * errors + ["coffee"] * (words - errors)),
                "reference": " ".join(["coffee"] * words),
                "selection": selection,
                **({} if selection == "volunteered" else {"probability": 0.5}),
                "attributes": {"accent": cohort},
            }
            assert self.service.post("/v1/references", body).is_success
        if selection != "volunteered":
            self.sent[cohort] = (before + texts * words, wrong_before + texts * errors)


def pooled(cohort: str, *sites: Site) -> float:
    words, errors = map(sum, zip(*(site.sent.get(cohort, (0, 0)) for site in sites), strict=True))
    return errors / words


def test_rules_pool_two_sidecars_as_a_person_would_and_one_that_starts_anew_adds_nothing(
    make_service: Callable[..., RunningService],
    make_prometheus: Callable[..., RunningPrometheus],
    hold_port: Callable[[], int],
) -> None:
    address = f"127.0.0.1:{hold_port()}"
    north, south = Site(make_service(metrics_listen=address)), Site(make_service())
    prometheus = make_prometheus(north.service.metrics, south.service.metrics)

    def shows(words: int) -> bool:
        return prometheus.value('sum(werwatch_reference_words_total{selection="random"})') == words

    def of(cohort: str, record: str) -> float | None:
        return prometheus.value(f'{record}{{cohort="{cohort}"}}')

    def agrees(record: str, **expected: float) -> bool:
        found = {cohort: of(cohort, record) for cohort in expected}
        return found == {cohort: pytest.approx(value, rel=NEARLY) for cohort, value in expected.items()}

    both = "count(count by (instance) (werwatch_reference_words_total == 0)) == 2"
    assert eventually(lambda: prometheus.query(both))

    north.hears("scottish", texts=30, words=20, errors=1)
    south.hears("scottish", texts=5, words=6, errors=3)
    south.hears("scottish", texts=20, words=10, errors=9, selection="volunteered")
    north.hears("welsh", texts=10, words=10, errors=2)
    assert eventually(lambda: shows(730))
    scottish, welsh = pooled("scottish", north, south), pooled("welsh", north, south)
    assert (scottish, welsh) == (45 / 630, 0.2)
    for window in ("1h", "6h", "24h"):
        assert eventually(partial(agrees, WER + window, scottish=scottish, welsh=welsh))
        assert eventually(partial(agrees, REST + window, scottish=welsh, welsh=scottish))

    north.service.kill()
    assert eventually(lambda: prometheus.value("sum(up)") == 1)
    north.service.start()
    assert eventually(lambda: prometheus.query("resets(werwatch_reference_words_total[1h]) > 0"))
    assert eventually(lambda: shows(30))
    assert eventually(lambda: of("scottish", WORDS + "1h") == pytest.approx(630, rel=ROUGHLY))

    north.hears("scottish", texts=20, words=20, errors=8)
    assert eventually(lambda: shows(430))
    assert eventually(lambda: agrees(WER + "1h", scottish=pooled("scottish", north, south), welsh=welsh))
    assert eventually(lambda: of("scottish", WORDS + "1h") == pytest.approx(1030, rel=ROUGHLY))

    firing = prometheus.query('ALERTS{alertstate="firing"}')
    assert [dict(alert)["alertname"] for alert in firing] == ["WerwatchWatchdog"]

    silent = {query for query in queries() if not prometheus.query(query)}
    assert silent == {query for query in queries() if any(metric in query for metric in NOT_YET)}
