"""What deploy/ says to Prometheus and Grafana, taken apart for the tests that hold it to what is there."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml
from conftest import RunningService, program
from deploy_tools import DEPLOY

RULES = DEPLOY / "prometheus"
DASHBOARD = json.loads((DEPLOY / "grafana" / "werwatch.json").read_text())
OF_A_HISTOGRAM = ("_bucket", "_count", "_sum")
OF_GRAFANA = {"$__rate_interval": "5m", "${window}": "24h", "$cohort": ".*", "$instance": ".*"}


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run it, and let the caller judge what came back."""
    command = [program("promtool", "prometheus"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def rules() -> list[dict[str, Any]]:
    """All recording and alerting rules."""
    files = [yaml.safe_load(path.read_text()) for path in sorted(RULES.glob("*.rules.yml"))]
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    """The alerting rules."""
    return [rule for rule in rules() if "alert" in rule]


def panels() -> list[dict[str, Any]]:
    """The dashboard's panels; rows are none."""
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def queries() -> list[str]:
    """What the dashboard asks, with values in the place of its variables."""
    asked = [target["expr"] for panel in panels() for target in panel["targets"]]
    asked += [annotation["expr"] for annotation in DASHBOARD["annotations"]["list"]]
    return [_filled(query) for query in asked]


def _filled(query: str) -> str:
    for name, value in OF_GRAFANA.items():
        query = query.replace(name, value)
    return query


def named_in(expression: str) -> set[str]:
    """The metrics that an expression names: ours with or without a level before them, and `up`."""
    bare = re.sub(r'"[^"]*"', '""', expression)
    return set(re.findall(r"\b(?:cohort:)?werwatch_[a-z_]+(?::\w+)?|\bup\b", bare))


def exposed_by(service: RunningService) -> set[str]:
    """The names of what is exposed, whether or not there is a series of it yet."""
    families = dict(re.findall(r"^# TYPE (\S+) (\S+)$", service.scrape(), re.MULTILINE))
    histograms = [name for name, kind in families.items() if kind == "histogram"]
    return families.keys() | {f"{name}{part}" for name in histograms for part in OF_A_HISTOGRAM}
