from pathlib import Path

import pytest

from service.config import Config
from service.errors import ConfigError
from service.settings.config_file import load_config
from service.settings.section import is_loopback

SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="


def write(folder: Path, text: str) -> Path:
    path = folder / "werwatch.yaml"
    path.write_text(text)
    return path


AGAIN = [f"p{number + 1}: &p{number + 1} [{', '.join([f'*p{number}'] * 8)}]" for number in range(10)]
"""Parts, each with the one before it eight times."""


def test_every_key_has_a_default() -> None:
    config = load_config(None, {})
    assert config == Config()
    assert config.listen == "127.0.0.1:8600"
    assert config.privacy.keep_text is False


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        f"""
listen: 127.0.0.1:8700
data_dir: {tmp_path}/data
cohorts: {{by: [accent, language], max: 20}}
attributes: [site]
normaliser: {{language: en-GB, disable: [spelling]}}
detection: {{false_alarms_per_month: 2, smallest_change_points: 3, selections: [volunteered]}}
privacy: {{keep_text: true, text_retention: 2d, unreferenced_retention: 7d}}
receivers:
  - {{name: oncall, kind: webhook, url: "https://example.org/hook", secret: "{SECRET}"}}
""",
    )
    config = load_config(path, {})
    assert config.cohorts.by == ["accent", "language"]
    assert config.privacy.unreferenced_retention.days == 7
    assert (config.privacy.keep_text, config.privacy.text_retention.days) == (True, 2)
    assert config.monitor_settings().smallest_change == 0.03
    assert config.receivers[0].name == "oncall"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("listn: 127.0.0.1:1", "listn: unknown key; did you mean listen? ({path}, line 1)"),
        ("\ncohorts:\n  maximum: 3", "cohorts.maximum: unknown key; did you mean max? ({path}, line 3)"),
        ("cohorts: {max: 0}", "cohorts.max: Input should be greater than or equal to 1 ({path}, line 1)"),
        ("detection: {detector: adwn}", "detection.detector: expected one of evidence, adwin"),
        ("listen: 8600", "listen: "),
        ("listen: localhost", "listen: expected host:port"),
        ("listen: 0.0.0.0:8600", "can be reached from outside, so api_token_file or api_tokens is needed"),
        ("privacy: {keep_text: sometimes}", "privacy.keep_text: "),
        ("privacy: {text_retention: 5m}", "privacy.text_retention: "),
        ("privacy: {unreferenced_retention: 30}", 'expected a number with s, m, h or d, like "30d"'),
        ("privacy: {alert_retention: 30d}", "alert_retention: expected at least scored_retention"),
        ("normaliser: {disable: [speling]}", "spelling"),
        ("ingest: {depgram: {}}", "ingest: expected names of amazon_transcribe, "),
        (
            "ingest: {deepgram: {atributes: {}}}",
            "ingest.deepgram.atributes: unknown key; did you mean attributes? ({path}, line 1)",
        ),
        ("ingest: {deepgram: {attributes: {accent: a..b}}}", "ingest.deepgram.attributes.accent: "),
        (
            "ingest: {vosk: {attributes: {acent: a}}}",
            "ingest.vosk.attributes: acent is neither in attributes nor in cohorts.by",
        ),
        ("receivers: [{name: a, kind: pager}]", "receivers.0: Input tag"),
        (
            "receivers: [{name: a, kind: webhook, url: 'https://x.org'}]",
            "exactly one of secret, secret_file and secret_files",
        ),
        ("receivers: [{name: a, kind: webhook, url: 'http://x.org', secret: whsec_x}]", "expected https"),
        ("receivers: [{name: a, kind: webhook, url: 'https://x.org', sekret: x}]", "did you mean secret?"),
        (
            "receivers: [{name: a, kind: webhook, url: 'https://x.org', unsigned: true}]",
            "receivers.0: unsigned: expected format alertmanager with it, and no secret ({path}, line 1)",
        ),
        ("receivers: [{name: a, kind: teams}]", "receivers.0: expected url or url_file"),
        (
            "receivers: [{name: a, kind: teams, url: 'https://x.org', url_file: u}]",
            "only one of url and url_file",
        ),
        (
            "receivers: [{name: a, kind: slack}]",
            "url_file of an incoming webhook, or bot_token_file and channel",
        ),
        ("receivers: [{name: a, kind: slack, bot_token_file: t}]", "bot_token_file and channel together"),
        (
            "receivers: [{name: a, kind: alertmanager, url: 'https://x.org', username: ann}]",
            "username and password_file together",
        ),
        ("receivers: [{name: a, kind: pagerduty}]", "receivers.0.routing_key_file: Field required"),
        ("receivers: [{name: a, kind: pagerduty, rooting_key_file: k}]", "did you mean routing_key_file?"),
        ("\nlinks: {runbook: somewhere}", "links.runbook: expected a URL"),
        ("a: [", "line 1: not YAML"),
        ("\nlisten: 2026-13-45", "{path}, line 2: not YAML: expected a valid timestamp, or quotes around it"),
        ("attributes: !!int many", "line 1: not YAML: expected a valid int"),
        ("attributes: &a [*a]", "not YAML that can be used: nested too deeply, or a part that holds itself"),
        ("a: " + "[" * 3_000, "nested too deeply"),
        ("cohorts: {max: 3, by: [accent], max: 5}", "the key max stands here again, first in line 1"),
        ("listen: 127.0.0.1:1\n\nlisten: 127.0.0.1:2", "{path}, line 3: not YAML: the key listen stands"),
        ("- 1", "expected keys with values"),
        (
            'links: {runbook: "https://x.org/{zq}"}',
            "links.runbook: {{zq}}: expected braces only in {{alert_id}}, {{cohort}} and {{trace_id}}",
        ),
        ('links: {alert: "https://x.org/{alert_id"}', "links.alert: {{alert_id: expected braces only in"),
        ('links: {trace: "https://x.org/trace_id}"}', "links.trace: }}: expected braces only in"),
        ("attributes: [site, cohort]", "attributes: cohort stands for the cohort itself"),
        ("attributes: [site, site]", "attributes: site is there twice"),
        ("cohorts: {by: [accent, accent]}", "cohorts.by: accent is there twice"),
        ("normaliser: {language: zq}", "language: 'zq' is no language of BCP 47; English is 'en'"),
        ("normaliser: {language: eng}", "language: 'eng' is no language of BCP 47; English is 'en'"),
        ("normaliser: {language: english}", "language: expected a BCP 47 tag such as 'en-GB', got 'english'"),
        ("{listen: 127.0.0.1:1, metrics_listen: 127.0.0.1:1}", "metrics_listen: expected another address"),
        ("\n".join(["p0: &p0 [0]", *AGAIN]), "{path}: expected at most 100,000 values"),
        ("privacy: {scored_retention: 99999999999999999d}", "scored_retention: expected a shorter time"),
        (f"alerts: {{update_interval: {'9' * 400}h}}", "update_interval: expected a shorter time"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as error:
        load_config(path, {})
    assert message.format(path=path) in str(error.value)


def test_a_file_that_sets_nothing_may_be_one_that_is_being_written(tmp_path: Path) -> None:
    for text in ("", "# only this\n", "{}"):
        path = write(tmp_path, text)
        assert load_config(path, {}) == Config()
        with pytest.raises(ConfigError, match="it sets nothing"):
            load_config(path, {}, may_be_empty=False)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "listn: a\ncohorts: {max: 0}\n")
    with pytest.raises(ConfigError) as error:
        load_config(path, {})
    assert len(str(error.value).splitlines()) == 2


def test_a_secret_is_not_repeated_in_an_error(tmp_path: Path) -> None:
    path = write(
        tmp_path, "api_token: hunter2\nreceivers: [{name: a, kind: webhook, url: x, secret: hunter2}]"
    )
    with pytest.raises(ConfigError) as error:
        load_config(path, {})
    assert "hunter2" not in str(error.value)


def test_the_environment_lies_over_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "cohorts: {max: 5, by: [accent]}")
    config = load_config(path, {"WERWATCH_COHORTS__MAX": "7", "WERWATCH_ATTRIBUTES": "[ward]", "OTHER": "x"})
    assert (config.cohorts.max, config.cohorts.by, config.attributes) == (7, ["accent"], ["ward"])


def test_a_fault_in_the_environment_names_the_variable() -> None:
    with pytest.raises(ConfigError, match="environment WERWATCH_COHORTS__MAX"):
        load_config(None, {"WERWATCH_COHORTS__MAX": "many"})
    with pytest.raises(ConfigError, match="WERWATCH_LISTN"):
        load_config(None, {"WERWATCH_LISTN": "x"})


@pytest.mark.parametrize("text", ["{max: 1, max: 2}", "2026-13-45", "&a [*a]", "[" * 3_000])
def test_a_value_of_the_environment_that_cannot_be_read_names_the_variable(text: str) -> None:
    with pytest.raises(ConfigError, match="WERWATCH_COHORTS"):
        load_config(None, {"WERWATCH_COHORTS": text})


def test_a_part_of_a_file_may_be_written_once_and_used_again(tmp_path: Path) -> None:
    path = write(tmp_path, "attributes: &names [site]\ncohorts: {<<: {max: 3}, max: 5, by: *names}")
    config = load_config(path, {})
    assert (config.attributes, config.cohorts.by, config.cohorts.max) == (["site"], ["site"], 5)


@pytest.mark.parametrize("service", ["WERWATCH", "WERWATCH_METRICS"])
def test_what_kubernetes_injects_for_a_service_is_no_setting(service: str) -> None:
    injected = {
        f"{service}_SERVICE_HOST": "10.0.0.1",
        f"{service}_SERVICE_PORT": "8600",
        f"{service}_SERVICE_PORT_HTTP": "8600",
        f"{service}_PORT": "tcp://10.0.0.1:8600",
        f"{service}_PORT_8600_TCP": "tcp://10.0.0.1:8600",
        f"{service}_PORT_8600_TCP_PROTO": "tcp",
        f"{service}_PORT_8600_TCP_PORT": "8600",
        f"{service}_PORT_8600_TCP_ADDR": "10.0.0.1",
    }
    assert load_config(None, injected) == Config()


@pytest.mark.parametrize("variable", ["WERWATCH_PORT", "WERWATCH_PORTS", "WERWATCH_HOST"])
def test_what_only_looks_like_it_is_still_an_error(variable: str) -> None:
    with pytest.raises(ConfigError, match=variable):
        load_config(None, {variable: "8700"})


def test_a_missing_or_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_config(tmp_path / "none.yaml", {})
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"a: \xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config(path, {})
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path, {})


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("10.0.0.1", False), ("x.org", False)],
)
def test_only_loopback_is_loopback(host: str, *, expected: bool) -> None:
    assert is_loopback(host) is expected
