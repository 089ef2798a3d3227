"""The dashboard is one that Grafana takes, and asks for what there is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import RunningService
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from promql import DASHBOARD, exposed_by, named_in, panels, promtool, queries, rules

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24


def test_it_has_what_grafana_needs_and_nothing_of_where_it_was_made() -> None:
    assert re.fullmatch(r"[a-z-]{8,40}", DASHBOARD["uid"])
    assert DASHBOARD["title"]
    assert DASHBOARD["schemaVersion"] == 39
    assert DASHBOARD.get("id") is None
    assert "__inputs" not in DASHBOARD


def test_grafana_knows_every_field_of_it() -> None:
    register_default_plugins()
    known = json.loads(JSONEncoder().encode(Dashboard.from_json(DASHBOARD)))
    assert set(missing(DASHBOARD, known)) <= OF_PLUGINS


OF_PLUGINS = {"definition", "step", "titleFormat", "textFormat", "tagKeys"}
"""What a variable's or an annotation's data source understands, and the dashboard's schema leaves open."""


def missing(ours: Any, known: Any) -> Iterator[str]:
    """The fields of ours that are not known, or known to be something else."""
    if isinstance(ours, dict):
        for name, value in ours.items():
            if name not in known:
                yield name
            else:
                yield from missing(value, known[name])
    elif isinstance(ours, list):
        for one, other in zip(ours, known, strict=True):
            yield from missing(one, other)
    elif ours != known:
        yield f"{ours} is not {known}"


def test_its_data_source_is_a_variable_everywhere() -> None:
    first, *others = DASHBOARD["templating"]["list"]
    assert (first["name"], first["type"], first["query"]) == ("datasource", "datasource", "prometheus")
    asking = [variable for variable in others if variable["type"] == "query"]
    for each in [*asking, *panels(), *DASHBOARD["annotations"]["list"]]:
        assert each["datasource"] == SOURCE
    for panel in panels():
        assert all(target["datasource"] == SOURCE for target in panel["targets"])


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_a_panel_says_what_it_shows_and_in_what_unit(panel: dict[str, Any]) -> None:
    assert panel["type"] in {"timeseries", "stat"}
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"] in {"percentunit", "none", "short", "s", "ops", "bytes"}
    letters = [target["refId"] for target in panel["targets"]]
    assert letters == sorted(set(letters))
    assert all(target["legendFormat"] for target in panel["targets"])


def test_no_panel_lies_on_another_or_beside_the_page() -> None:
    every = DASHBOARD["panels"]
    assert len({panel["id"] for panel in every}) == len(every)
    for panel in every:
        place = panel["gridPos"]
        assert min(place.values()) >= 0
        assert place["x"] + place["w"] <= COLUMNS
    for one, other in combinations([panel["gridPos"] for panel in every], 2):
        is_beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        is_above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert is_beside or is_above


def test_every_variable_that_it_uses_is_declared() -> None:
    declared = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", str(DASHBOARD)))
    assert used == declared | {"__rate_interval", "__all"}


def test_everything_that_it_asks_can_be_asked(tmp_path: Path) -> None:
    asked = [{"record": f"asked:{number}", "expr": query} for number, query in enumerate(queries())]
    path = tmp_path / "asked.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": asked}]}))
    done = promtool("check", "rules", path)
    assert done.returncode == 0, done.stderr


def test_it_asks_for_what_is_exposed_or_recorded(make_service: Callable[..., RunningService]) -> None:
    known = exposed_by(make_service()) | {rule["record"] for rule in rules() if "record" in rule} | {"up"}
    for query in queries():
        assert named_in(query)
        assert named_in(query) <= known
    for variable in DASHBOARD["templating"]["list"]:
        assert variable["type"] != "query" or named_in(variable["definition"]) <= known


def test_it_shows_what_it_is_for() -> None:
    asked = " ".join(queries())
    for metric in ("wer_ratio", "differential_wer"):
        for end in ("", "_lower", "_upper"):
            assert f"werwatch_{metric}{end}{{" in asked
    [evidence] = [panel for panel in panels() if "werwatch_evidence_ratio" in str(panel["targets"])]
    assert evidence["fieldConfig"]["defaults"]["thresholds"]["steps"][-1]["value"] == 1
    assert "werwatch_alert_active" in DASHBOARD["annotations"]["list"][0]["expr"]
