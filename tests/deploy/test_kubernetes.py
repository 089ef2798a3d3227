"""The manifests and the charts, as kustomize and helm render them."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from deploy_tools import DEPLOY, run_tool
from promql import RULES

from service import __version__
from service.settings.config_file import load_config

CHART = DEPLOY / "helm" / "werwatch"
KUBERNETES = ("1.29", "1.37")
"""The first in which a sidecar needs no switch, and the last whose schemas there are."""
OF_OPERATOR = {"PodMonitor", "ServiceMonitor", "PrometheusRule"}
READ_BY_OPERATOR = """
import json, sys
from cloudcoil.models.prometheus_operator import v1
for number, document in enumerate(json.load(sys.stdin)):
    read = getattr(v1, document["kind"]).model_validate(document)
    if read.model_dump(mode="json", by_alias=True, exclude_unset=True) != document:
        print(number)
"""
"""Prints the numbers of documents with a field that the operator does not know."""
EVERYTHING = "monitor.enabled=true,prometheusRule.enabled=true,grafanaDashboard.enabled=true"
RENDERED = {
    "standalone": ["existingSecret=tokens"],
    "standalone, all of it": ["existingSecret=tokens", EVERYTHING, "persistence.storageClass=fast"],
    "standalone, without a volume": ["existingSecret=tokens,persistence.enabled=false"],
    "what a sidecar's app shares": ["mode=sidecar", EVERYTHING],
}

Documents = list[dict[str, Any]]


def parsed(done: subprocess.CompletedProcess[str]) -> Documents:
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def template(chart: Path, *values: str) -> subprocess.CompletedProcess[str]:
    return run_tool("helm", "template", "demo", chart, *(f"--set={value}" for value in values))


@pytest.fixture(scope="module")
def app_chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example of an app's chart, with this chart in it as its dependency."""
    tmp_path = tmp_path_factory.mktemp("charts")
    for name in ("werwatch", "example-app"):
        shutil.copytree(DEPLOY / "helm" / name, tmp_path / name)
    done = run_tool("helm", "dependency", "build", tmp_path / "example-app")
    assert done.returncode == 0, done.stderr
    return tmp_path / "example-app"


@pytest.fixture(scope="module")
def rendered(app_chart: Path) -> dict[str, Documents]:
    """What each way of deploying gives to Kubernetes."""
    return {
        **{name: parsed(template(CHART, *values)) for name, values in RENDERED.items()},
        "an app's chart": parsed(template(app_chart)),
        "an app's chart, asking more of its sidecar": parsed(
            template(app_chart, "werwatch.sidecar.appWaits=true", "werwatch.sidecar.decidesReadiness=true")
        ),
        "kustomize": parsed(run_tool("kubectl", "kustomize", DEPLOY / "kubernetes" / "example")),
    }


def pods(documents: Documents) -> Iterator[dict[str, Any]]:
    for document in documents:
        if document["kind"] in {"StatefulSet", "Deployment"}:
            yield document["spec"]["template"]["spec"]
        elif document["kind"] == "Pod":
            yield document["spec"]


def werwatch_of(pod: dict[str, Any]) -> dict[str, Any]:
    [found] = [
        each for each in pod.get("initContainers", []) + pod["containers"] if each["name"] == "werwatch"
    ]
    return dict(found)


def of_kind(documents: Documents, kind: str) -> dict[str, Any]:
    [found] = [document for document in documents if document["kind"] == kind]
    return found


def test_kubernetes_and_the_operator_know_every_field(rendered: dict[str, Documents], tmp_path: Path) -> None:
    texts = {json.dumps(document) for documents in rendered.values() for document in documents}
    every: Documents = [json.loads(text) for text in sorted(texts)]
    of_kubernetes = tmp_path / "documents.yaml"
    plain = [document for document in every if document["kind"] not in OF_OPERATOR]
    of_kubernetes.write_text(yaml.safe_dump_all(plain))
    for version in KUBERNETES:
        done = run_tool("kubernetes-validate", "--strict", "--kubernetes-version", version, of_kubernetes)
        assert done.returncode == 0, done.stdout
    operated = [document for document in every if document["kind"] in OF_OPERATOR]
    assert {document["kind"] for document in operated} == OF_OPERATOR
    wrong = {**operated[0], "spec": {**operated[0]["spec"], "selectr": {}}}
    done = run_tool("python", "-c", READ_BY_OPERATOR, given=json.dumps([*operated, wrong]))
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{len(operated)}\n", "")


def test_every_container_is_closed_off_and_bounded(rendered: dict[str, Documents]) -> None:
    for documents in rendered.values():
        for pod in pods(documents):
            for container in pod.get("initContainers", []) + pod["containers"]:
                if "werwatch" not in container["image"]:
                    continue
                context = container["securityContext"]
                assert context["runAsNonRoot"] is context["readOnlyRootFilesystem"] is True
                assert context["allowPrivilegeEscalation"] is False
                assert context["capabilities"] == {"drop": ["ALL"]}
                assert context["seccompProfile"] == {"type": "RuntimeDefault"}
                assert context["runAsUser"] == 10001
                assert container["image"].endswith(f"/werwatch:{__version__}")
                if container["name"] == "werwatch":
                    assert container["resources"].keys() == {"requests", "limits"}
                    mounts = {
                        mount["mountPath"]: mount.get("readOnly") for mount in container["volumeMounts"]
                    }
                    assert [path for path, is_read in mounts.items() if not is_read] == ["/data"]


def test_its_data_outlives_the_pod_or_has_a_bound(rendered: dict[str, Documents]) -> None:
    for documents in rendered.values():
        for document in documents:
            if document["kind"] == "StatefulSet":
                claims = document["spec"].get("volumeClaimTemplates", [])
                pod = document["spec"]["template"]["spec"]
                [volume] = [each for each in pod["volumes"] if each["name"] == "werwatch-data"] or [None]
                assert (volume is None) == bool(claims)
                if volume is None:
                    assert claims[0]["spec"]["accessModes"] == ["ReadWriteOncePod"]
                    assert pod["securityContext"]["fsGroup"] == 10001
                else:
                    assert volume["emptyDir"]["sizeLimit"] == "1Gi"


def test_on_its_own_it_is_asked_by_three_probes_and_asks_for_a_token(rendered: dict[str, Documents]) -> None:
    documents = rendered["standalone"]
    [pod] = [pod for pod in pods(documents) if "volumes" in pod]
    container = werwatch_of(pod)
    asked = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert asked == {
        "startup": {"path": "/readyz", "port": 9600},
        "liveness": {"path": "/healthz", "port": 9600},
        "readiness": {"path": "/readyz", "port": 9600},
    }
    environment = {each["name"]: each["value"] for each in container["env"]}
    assert environment["WERWATCH_API_TOKEN_FILE"] == "/run/secrets/werwatch/api-token"
    assert of_kind(documents, "StatefulSet")["spec"]["replicas"] == 1
    policy = of_kind(documents, "NetworkPolicy")["spec"]
    assert [rule["ports"][0]["port"] for rule in policy["ingress"]] == [8600, 9600]
    labels = of_kind(documents, "StatefulSet")["spec"]["template"]["metadata"]["labels"]
    for selector in (policy["podSelector"]["matchLabels"], of_kind(documents, "Service")["spec"]["selector"]):
        assert selector.items() <= labels.items()
    done = template(CHART)
    assert done.returncode != 0
    assert "existingSecret: standalone, the API is reached over the network" in done.stderr


def test_beside_an_app_it_holds_up_nothing_unless_told_to(rendered: dict[str, Documents]) -> None:
    for name in ("an app's chart", "kustomize"):
        [pod] = pods(rendered[name])
        container = werwatch_of(pod)
        assert pod["initContainers"][0] == container
        assert container["restartPolicy"] == "Always"
        assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
        assert {"startupProbe", "readinessProbe", "env"}.isdisjoint(container)
    [pod] = pods(rendered["an app's chart, asking more of its sidecar"])
    assert {"startupProbe", "readinessProbe"} <= werwatch_of(pod).keys()


def test_prometheus_finds_what_is_to_be_scraped_under_the_name_that_the_rules_look_for(
    rendered: dict[str, Documents],
) -> None:
    for name in ("an app's chart", "kustomize"):
        monitor = of_kind(rendered[name], "PodMonitor")["spec"]
        app = of_kind(rendered[name], "StatefulSet")["spec"]["template"]
        assert monitor["selector"]["matchLabels"].items() <= app["metadata"]["labels"].items()
        [endpoint] = monitor["podMetricsEndpoints"]
        assert endpoint["port"] in {port["name"] for port in werwatch_of(app["spec"])["ports"]}
        assert {"targetLabel": "job", "replacement": "werwatch"} in endpoint["relabelings"]
    documents = rendered["standalone, all of it"]
    monitor, service = of_kind(documents, "ServiceMonitor")["spec"], of_kind(documents, "Service")
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    [endpoint] = monitor["endpoints"]
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    assert {"targetLabel": "job", "replacement": "werwatch"} in endpoint["relabelings"]


def groups_of_files() -> list[dict[str, Any]]:
    files = [yaml.safe_load(path.read_text()) for path in sorted(RULES.glob("*.rules.yml"))]
    return [group for file in files for group in file["groups"]]


def test_the_operators_rules_are_those_of_the_rule_files(rendered: dict[str, Documents]) -> None:
    for name in ("kustomize", "an app's chart", "standalone, all of it"):
        assert of_kind(rendered[name], "PrometheusRule")["spec"]["groups"] == groups_of_files()
    told_elsewhere = parsed(
        template(CHART, "mode=sidecar,prometheusRule.enabled=true,prometheusRule.decisions=false")
    )
    rule = of_kind(told_elsewhere, "PrometheusRule")
    assert [group["name"] for group in rule["spec"]["groups"]] == [
        group["name"] for group in groups_of_files() if group["name"] != "werwatch-decisions"
    ]
    at = "https://wiki.example.org/werwatch"
    moved = template(CHART, f"mode=sidecar,prometheusRule.enabled=true,prometheusRule.runbook={at}").stdout
    assert f"runbook_url: {at}#werwatchdown" in moved
    assert "example.org/werwatch/runbook.md" not in moved


def test_the_chart_brings_the_dashboard_as_it_is(rendered: dict[str, Documents]) -> None:
    shared = rendered["what a sidecar's app shares"]
    [dashboard] = [each for each in shared if each["metadata"]["name"].endswith("-dashboard")]
    assert dashboard["data"]["werwatch.json"] == (DEPLOY / "grafana" / "werwatch.json").read_text()
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"


def test_every_configuration_that_is_mounted_can_be_used(
    rendered: dict[str, Documents], tmp_path: Path
) -> None:
    for documents in rendered.values():
        configs = [each["data"] for each in documents if each["kind"] == "ConfigMap"]
        for config in configs:
            for text in (text for name, text in config.items() if name == "werwatch.yaml"):
                path = tmp_path / "werwatch.yaml"
                path.write_text(text)
                load_config(path, {})


def test_helm_finds_nothing_wrong_with_the_charts(app_chart: Path) -> None:
    assert run_tool("helm", "lint", "--strict", "--set=existingSecret=x", CHART).returncode == 0
    assert run_tool("helm", "lint", "--strict", app_chart).returncode == 0


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("image.pulPolicy=Never", "additional properties 'pulPolicy' not allowed"),
        ("mode=daemonset", "at '/mode': value must be one of"),
        ("persistence.size=lots", "at '/persistence/size': 'lots' does not match pattern"),
        ("config.data_dir=/tmp", "at '/config'"),
        ("networkPolicy.egressPorts={70000}", "at '/networkPolicy/egressPorts/0'"),
    ],
)
def test_the_chart_says_what_is_wrong_with_a_value(value: str, said: str) -> None:
    done = template(CHART, "existingSecret=x", value)
    assert done.returncode != 0
    assert said in done.stderr


def test_charts_and_manifests_are_of_this_version() -> None:
    for name in ("werwatch", "example-app"):
        chart = yaml.safe_load((DEPLOY / "helm" / name / "Chart.yaml").read_text())
        versions = [chart["version"], chart.get("appVersion", __version__)]
        versions += [each["version"] for each in chart.get("dependencies", [])]
        assert set(versions) == {__version__}
