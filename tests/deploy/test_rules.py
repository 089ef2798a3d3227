"""The rules for Prometheus, by promtool: they hold, and their tests would see it if they did not."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import RunningService
from promql import RULES, alerts, exposed_by, named_in, promtool, rules

RULE_FILES = sorted(path.name for path in RULES.glob("*.rules.yml"))
TEST_FILES = sorted(path.name for path in RULES.glob("tests/*_test.yml"))
SEVERITIES = {"critical", "warning", "none"}
OF_PROMETHEUS = {"up"}

POOLED = "two sidecars are pooled as one, and the next site stays by itself"
ANEW = "a sidecar that starts anew counts from zero, and nothing is added that was not spoken"
UNCERTAIN = "what is uncertain is a ticket"
UNCORRECTED = (
    "a cohort that speaks is corrected by nobody; one that was heard yesterday for the first time may wait"
)
FULL = "the disk is nearly full, or soon will be, or fills up slowly"
OUTBOX = "a notice waits for long, one that is just made does not count, by the clock of the sidecar"
LASTS = "a decision of the service is an alert at once, and lasts a quarter of an hour longer"
MUTATIONS = {
    "one sidecar alone": ("recording", "(instance, pod, selection, type)", "(selection, type)", ANEW),
    "a part of the errors": ("recording", '{selection!="volunteered"}', '{selection="random"}', POOLED),
    "volunteered references too": ("recording", '{selection!="volunteered"}', "", POOLED),
    "sites thrown together": ("recording", "sum without (cohort)", "sum", POOLED),
    "a longer window": ("recording", "[6h]", "[24h]", "each window forgets by itself"),
    "nothing divided by nothing": (
        "recording",
        " > 0",
        "",
        "a cohort of which nothing was heard has no ratio",
    ),
    "the cohort among the rest": ("recording", "- ignoring", "+ ignoring", POOLED),
    "counters that start anew": ("recording", "increase(", "delta(", ANEW),
    "a page as a ticket": (
        "alerting",
        'signal="differential",severity="page"',
        'signal="differential"',
        UNCERTAIN,
    ),
    "everybody as a cohort": ("alerting", 'signal="global",', "", UNCERTAIN),
    "an alert for each sidecar": ("alerting", "(instance, pod, severity)", "(severity)", UNCERTAIN),
    "an alert that ends at once": ("alerting", "keep_firing_for: 15m", "keep_firing_for: 1m", LASTS),
    "one scrape that fails": (
        "alerting",
        "for: 5m",
        "for: 0m",
        "a sidecar is down, but not for a scrape that fails",
    ),
    "a full disk for long": ("alerting", "for: 2m", "for: 20m", "nothing can be written"),
    "other jobs": ("alerting", 'up{job="werwatch"}', "up", "no sidecar is known"),
    "a few lines": ("alerting", " > 20", " > 0", "much is refused, and a little is not worth a word"),
    "one failure": ("alerting", " > 3", " > 0", "the monitor fails again and again, or once"),
    "a clock that is ahead": ("alerting", "abs(", "-(", "a clock is off in either direction, or a little"),
    "the clock of Prometheus": (
        "alerting",
        "werwatch_scrape_timestamp_seconds\n",
        "vector(time())\n",
        OUTBOX,
    ),
    "cohorts without a word": (
        "alerting_days",
        "werwatch_utterances_total[72h])) > 0",
        "up[72h])) or vector(1)",
        UNCORRECTED,
    ),
    "references of one sidecar": ("alerting_days", "(instance, pod, selection)", "(selection)", UNCORRECTED),
    "a new cohort": ("alerting_days", "[1h] offset 72h", "[1h]", UNCORRECTED),
    "a disk with room": ("alerting_days", "< 0.1\n", "< 0.99\n", FULL),
    "a disk that fills slowly": ("alerting_days", ", 86400)", ", 864000)", FULL),
}
"""In which rules each place where the first text stands gets the second, what that would confuse, and by
which test it is seen.
"""


@pytest.mark.parametrize("name", RULE_FILES)
def test_promtool_takes_the_rules(name: str) -> None:
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", RULES / name)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_takes_the_configuration() -> None:
    done = promtool("check", "config", RULES / "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", TEST_FILES)
def test_rules_do_what_their_tests_say(name: str) -> None:
    done = promtool("test", "rules", RULES / "tests" / name)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_rule_that_was_changed_for_the_worse_is_noticed(mutation: str, tmp_path: Path) -> None:
    tested, right, wrong, name = MUTATIONS[mutation]
    shutil.copytree(RULES, tmp_path, dirs_exist_ok=True)
    path = tmp_path / f"werwatch-{tested.partition('_')[0]}.rules.yml"
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong))
    assert promtool("check", "rules", path).returncode == 0
    # Of its tests that one alone: the others take long, and what they say of the right rules is seen above.
    tests = tmp_path / "tests" / f"{tested}_test.yml"
    every = yaml.safe_load(tests.read_text())
    [seen_by] = [test for test in every["tests"] if test["name"] == name]
    tests.write_text(yaml.safe_dump({**every, "tests": [seen_by]}))
    assert promtool("test", "rules", tests).returncode == 1


def test_each_alert_is_seen_to_fire_and_seen_not_to() -> None:
    fires: set[tuple[str, str]] = set()
    is_quiet = set()
    for name in TEST_FILES:
        for test in yaml.safe_load((RULES / "tests" / name).read_text())["tests"]:
            for check in test.get("alert_rule_test", []):
                alert = check["alertname"]
                fires |= {(alert, expected["exp_labels"]["severity"]) for expected in check["exp_alerts"]}
                if not check["exp_alerts"]:
                    is_quiet.add(alert)
    assert fires == {(rule["alert"], rule["labels"]["severity"]) for rule in alerts()}
    assert is_quiet == {rule["alert"] for rule in alerts()} - {"WerwatchWatchdog"}


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: f"{rule['alert']}-{rule['labels']['severity']}")
def test_an_alert_says_how_urgent_it_is_what_it_means_and_what_to_do(rule: dict[str, Any]) -> None:
    assert re.fullmatch(r"Werwatch([A-Z][a-z]+)+", rule["alert"])
    assert rule["labels"].keys() == {"severity"}
    assert rule["labels"]["severity"] in SEVERITIES
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    # A value that changes would make the same notice a new one at each evaluation.
    assert "$value" not in str(rule["annotations"])
    assert re.fullmatch(r"([^.]|\.(?! ))+\.", re.sub(r"{{.*?}}", "", rule["annotations"]["summary"]))
    assert rule["annotations"]["runbook_url"].endswith(f"/runbook.md#{rule['alert'].lower()}")


def test_records_are_named_for_their_labels_and_what_was_done() -> None:
    for rule in rules():
        if "record" in rule:
            assert re.fullmatch(r"(cohort:)?werwatch_[a-z_]+:(ratio_)?increase\d+h", rule["record"])


def test_the_service_exposes_every_metric_that_a_rule_names(
    make_service: Callable[..., RunningService],
) -> None:
    exposed = exposed_by(make_service(critical_terms=["fever"]))
    records = {rule["record"] for rule in rules() if "record" in rule}
    for rule in rules():
        assert named_in(rule["expr"]) - records <= exposed | OF_PROMETHEUS
