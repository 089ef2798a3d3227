"""What `docker compose up` starts, as far as it can be read without an engine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import RunningService, eventually, program
from deploy_tools import DEPLOY, ROOT, run_tool
from promql import promtool

from service import __version__

COMPOSE = DEPLOY / "compose"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services, as compose itself understands them."""
    done = run_tool("docker-compose", "--file", COMPOSE / "compose.yaml", "config", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)["services"]
    return found


def mounted(service: dict[str, Any]) -> dict[str, Path]:
    """What is bound into it, by the place there."""
    return {
        volume["target"]: Path(volume["source"])
        for volume in service.get("volumes", [])
        if volume["type"] == "bind"
    }


def test_everything_that_it_mounts_is_there_and_is_not_written_to(services: dict[str, Any]) -> None:
    for service in services.values():
        assert all(path.is_file() for path in mounted(service).values())
        assert all(
            volume.get("read_only") for volume in service.get("volumes", []) if volume["type"] == "bind"
        )


def test_the_image_is_this_version_and_is_built_from_here(services: dict[str, Any]) -> None:
    for name in ("werwatch", "app"):
        assert services[name]["image"] == f"werwatch:{__version__}"
        assert services[name]["read_only"]
        assert services[name]["cap_drop"] == ["ALL"]
    assert Path(services["werwatch"]["build"]["context"]) == ROOT


def test_nothing_is_opened_beyond_this_machine(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}
    # The API needs no token on loopback, where only the app beside it is.
    assert "ports" not in services["werwatch"]
    assert services["app"]["network_mode"] == "service:werwatch"
    assert services["app"]["depends_on"]["werwatch"]["condition"] == "service_healthy"


def test_each_finds_the_others(services: dict[str, Any], tmp_path: Path) -> None:
    """Host names in files are names of services, and ports those on which they listen."""
    for target, source in mounted(services["prometheus"]).items():
        (tmp_path / Path(target).name).write_text(source.read_text())
    done = promtool("check", "config", tmp_path / "prometheus.yml")
    assert done.returncode == 0, done.stderr
    amtool = [program("amtool", "prometheus-alertmanager"), "check-config", str(COMPOSE / "alertmanager.yml")]
    assert subprocess.run(amtool, check=False, capture_output=True).returncode == 0
    named = [(COMPOSE / "prometheus.yml").read_text(), (COMPOSE / "grafana" / "datasources.yml").read_text()]
    places = set(re.findall(r"\b([a-z]+):(\d+)\b", "\n".join(named)))
    assert places == {("werwatch", "9600"), ("alertmanager", "9093"), ("prometheus", "9090")}


def test_grafana_is_given_the_dashboard_and_where_to_ask(services: dict[str, Any]) -> None:
    grafana = services["grafana"]
    files = mounted(grafana)
    [provider] = yaml.safe_load((COMPOSE / "grafana" / "dashboards.yml").read_text())["providers"]
    place = f"{provider['options']['path']}/werwatch.json"
    assert files[place] == DEPLOY / "grafana" / "werwatch.json"
    assert grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == place
    [source] = yaml.safe_load((COMPOSE / "grafana" / "datasources.yml").read_text())["datasources"]
    assert (source["type"], source["isDefault"]) == ("prometheus", True)


def test_its_app_plays_a_day_of_alerts_into_a_service(
    services: dict[str, Any], make_service: Callable[..., RunningService]
) -> None:
    service = make_service()
    python, *arguments, seconds = services["app"]["entrypoint"]
    assert (python, float(seconds)) == ("python", 600)
    told: list[str] = [argument.replace("http://127.0.0.1:8600", service.api) for argument in arguments]
    done = subprocess.run([sys.executable, *told, "1"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("hospital: 2026-03-02\n")
    assert eventually(
        lambda: "en-gb-scotland" in {alert["cohort"] for alert in service.get("/v1/alerts")["alerts"]}
    )
