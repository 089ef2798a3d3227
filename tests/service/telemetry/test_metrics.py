import io
import json
import re
import subprocess
from collections.abc import Callable, Iterable

import httpx
from conftest import RunningService, eventually, program
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_fd_to_metric_families as text_fd_to_open_metrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_server import RunningPrometheus

OPEN_METRICS = "application/openmetrics-text;version=1.0.0"


def value(scrape: str, series: str) -> float:
    [line] = [line for line in scrape.splitlines() if line.startswith(series + " ")]
    return float(line.split()[-1])


def feed(service: RunningService) -> None:
    for number in range(12):
        body = {
            "utterance_id": f"u{number}",
            "hypothesis": "no fever since monday",
            "reference": "no fever since on monday",
            "speaker_id": f"s{number}",
            "attributes": {"accent": "en-GB" if number % 2 else 'quoted "accent"\\'},
            "spoken_at": f"2026-03-02T{number:02}:00:00Z",
            "selection": "random",
            "probability": 0.5,
        }
        assert service.post("/v1/references", body).status_code == 200


def test_promtool_has_nothing_to_say(make_service: Callable[..., RunningService]) -> None:
    promtool = program("promtool", "prometheus")
    service = make_service()
    for is_fed in (False, True):
        if is_fed:
            feed(service)
        done = subprocess.run(
            [promtool, "check", "metrics"],
            input=service.scrape(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_real_prometheus_scrapes_it(
    make_service: Callable[..., RunningService], make_prometheus: Callable[..., RunningPrometheus]
) -> None:
    service = make_service()
    feed(service)
    prometheus = make_prometheus(service.metrics, has_rules=False)
    words = 'werwatch_reference_words_total{cohort="en-GB",selection="random"}'
    assert eventually(lambda: prometheus.value(words) == 30.0)


def test_counters_carry_what_was_accepted(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    feed(service)
    service.post("/v1/utterances", b"{")
    scrape = service.scrape()
    labels = 'cohort="en-GB",selection="random"'
    assert value(scrape, 'werwatch_utterances_total{cohort="en-GB"}') == 6
    assert value(scrape, f"werwatch_scored_utterances_total{{{labels}}}") == 6
    assert value(scrape, f"werwatch_reference_words_total{{{labels}}}") == 30
    assert value(scrape, f'werwatch_word_errors_total{{{labels},type="deletion"}}') == 6
    assert value(scrape, f'werwatch_word_errors_total{{{labels},type="insertion"}}') == 0
    assert value(scrape, 'werwatch_rejected_lines_total{reason="not_json"}') == 1
    assert value(scrape, 'werwatch_wer_ratio{cohort="en-GB",window="all"}') == 0.2
    assert value(scrape, 'werwatch_evidence_ratio{cohort="",signal="global"}') == 0
    assert value(scrape, 'werwatch_cohort_readiness{cohort="en-GB",state="learning"}') == 1
    assert value(scrape, 'werwatch_ingest_duration_seconds_count{route="/v1/references"}') == 12


def test_what_may_come_is_at_zero_before_it_comes(make_service: Callable[..., RunningService]) -> None:
    scrape = make_service().scrape()
    for series in ('rejected_lines_total{reason="invalid"}', 'receipts_total{outcome="scored"}'):
        assert value(scrape, f"werwatch_{series}") == 0


def test_the_disk_is_shown_with_what_is_free_of_it(make_service: Callable[..., RunningService]) -> None:
    scrape = make_service().scrape()
    assert 0 <= value(scrape, "werwatch_store_disk_free_bytes") < value(scrape, "werwatch_store_disk_bytes")


def test_every_known_cohort_is_at_zero_after_a_restart(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    feed(service)
    scored_at = value(service.scrape(), 'werwatch_last_reference_timestamp_seconds{cohort="en-GB"}')
    service.stop()
    service.start()
    scrape = service.scrape()
    assert value(scrape, 'werwatch_utterances_total{cohort="en-GB"}') == 0
    assert value(scrape, 'werwatch_word_errors_total{cohort="en-GB",selection="random",type="deletion"}') == 0
    again = value(scrape, 'werwatch_last_reference_timestamp_seconds{cohort="en-GB"}')
    assert abs(again - scored_at) < 1.0
    # The estimates are state and survive.
    assert value(scrape, 'werwatch_wer_ratio{cohort="en-GB",window="all"}') == 0.2


def test_both_formats_are_served_and_nothing_is_doubled(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    text = httpx.get(service.metrics + "/metrics")
    open_metrics = httpx.get(service.metrics + "/metrics", headers={"accept": OPEN_METRICS})
    assert text.headers["content-type"].startswith("text/plain")
    assert open_metrics.headers["content-type"].startswith("application/openmetrics-text")
    assert open_metrics.text.endswith("# EOF\n")
    assert "_created" not in text.text + open_metrics.text


def test_no_label_holds_an_id(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    feed(service)
    assert not re.search(r'"u\d+"|"s\d+"', service.scrape())
    assert json.dumps(service.get("/v1/cohorts")).count('"u1"') == 0


def test_open_metrics_are_what_the_standard_says_and_say_the_same(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service()
    feed(service)
    exposed = io.StringIO(service.scrape(OPEN_METRICS))
    strict = by_series(text_fd_to_open_metrics(exposed))  # type: ignore[no-untyped-call]
    plain = by_series(text_string_to_metric_families(service.scrape()))
    assert strict.keys() == plain.keys()
    steady = [series for series in strict if series[0].startswith(STEADY)]
    assert len(steady) > 50
    assert [strict[series] for series in steady] == [plain[series] for series in steady]


STEADY = ("werwatch_word", "werwatch_reference", "werwatch_wer", "werwatch_evidence", "werwatch_alert")


def by_series(families: Iterable[Metric]) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def test_labels_are_few_and_none_is_one_that_prometheus_adds_itself(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service(cohorts={"max": 2}, receivers=[RECEIVER])
    for accent in "abcde":
        body = {"utterance_id": accent, "hypothesis": "x", "reference": "x", "attributes": {"accent": accent}}
        assert service.post("/v1/references", {**body, "selection": "volunteered"}).is_success
    families = list(text_string_to_metric_families(service.scrape()))
    labels = [sample.labels for family in families for sample in family.samples]
    assert set().union(*labels) <= LABELS
    assert {each["cohort"] for each in labels if "cohort" in each} == {"a", "b", "other", ""}
    assert {each["receiver"] for each in labels if "receiver" in each} == {"oncall"}
    assert len(labels) < 400


RECEIVER = {"name": "oncall", "kind": "webhook", "url": "http://127.0.0.1:1/", "secret": "whsec_" + 32 * "A"}
LABELS = {
    *("cohort", "selection", "type", "window", "signal", "severity", "action", "state", "within"),
    *("receiver", "outcome", "reason", "kind", "event", "listener", "provider", "route", "le"),
    *("version", "python_version"),
}


def test_a_slow_request_leads_to_its_trace_and_to_nothing_else(
    make_service: Callable[..., RunningService],
) -> None:
    service = make_service()
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    for header in (f"00-{trace}-00f067aa0ba902b7-01", "Ann Miller, room 7"):
        body = {"utterance_id": header, "hypothesis": "no fever"}
        assert service.post("/v1/utterances", body, traceparent=header).is_success
    exemplars = re.findall(r" # (\S+) ", service.scrape(OPEN_METRICS))
    assert exemplars == [f'{{trace_id="{trace}"}}']
    assert trace not in service.scrape()
