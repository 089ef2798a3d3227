import json
import re
import subprocess
from collections.abc import Callable

import httpx
from conftest import RunningService, eventually, program
from prometheus_server import RunningPrometheus


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
    service.stop()
    service.start()
    scrape = service.scrape()
    assert value(scrape, 'werwatch_utterances_total{cohort="en-GB"}') == 0
    assert value(scrape, 'werwatch_word_errors_total{cohort="en-GB",selection="random",type="deletion"}') == 0
    # The estimates are state and survive.
    assert value(scrape, 'werwatch_wer_ratio{cohort="en-GB",window="all"}') == 0.2


def test_both_formats_are_served_and_nothing_is_doubled(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    text = httpx.get(service.metrics + "/metrics")
    open_metrics = httpx.get(
        service.metrics + "/metrics", headers={"accept": "application/openmetrics-text;version=1.0.0"}
    )
    assert text.headers["content-type"].startswith("text/plain")
    assert open_metrics.headers["content-type"].startswith("application/openmetrics-text")
    assert open_metrics.text.endswith("# EOF\n")
    assert "_created" not in text.text + open_metrics.text


def test_no_label_holds_an_id(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    feed(service)
    assert not re.search(r'"u\d+"|"s\d+"', service.scrape())
    assert json.dumps(service.get("/v1/cohorts")).count('"u1"') == 0
