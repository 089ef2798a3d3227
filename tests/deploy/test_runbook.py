"""What the runbook says can be found, and can be done as it stands."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable

from click.testing import CliRunner
from conftest import RunningService, program
from deploy_tools import DEPLOY
from promql import alerts, exposed_by

from service.cli import werwatch

RUNBOOK = (DEPLOY / "runbook.md").read_text()
BLOCKS = "".join(re.findall(r"```sh\n(.*?)```", RUNBOOK, re.DOTALL))
COMMANDS = [shlex.split(line, comments=True) for line in BLOCKS.replace("\\\n", " ").splitlines()]


def anchors() -> set[str]:
    titles = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", RUNBOOK, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).replace(" ", "-").lower() for title in titles}


def test_each_alert_has_a_section_and_no_other() -> None:
    sections = {anchor for anchor in anchors() if anchor.startswith("werwatch")}
    assert sections == {rule["alert"].lower() for rule in alerts()}
    for section in re.split(r"^## ", RUNBOOK, flags=re.MULTILINE):
        if section.startswith("Werwatch") and "Watchdog" not in section:
            assert "**What it means.**" in section
            assert "**What to check" in section


def test_no_link_leads_nowhere() -> None:
    assert set(re.findall(r"\]\(#([^)]+)\)", RUNBOOK)) <= anchors()
    files = re.findall(r"\]\(([^)#]+)\)", RUNBOOK)
    assert all((DEPLOY / file).exists() for file in files)


def test_it_names_metrics_and_routes_that_there_are(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    assert set(re.findall(r"`(werwatch_[a-z_]+)", RUNBOOK)) <= exposed_by(service)
    described = service.get("/openapi.json")["paths"]
    routes = set(re.findall(r"API(/v1/[a-z/{}_-]*[a-z}])", RUNBOOK))
    assert routes
    assert routes <= described.keys()


def test_what_it_tells_to_do_can_be_done(make_service: Callable[..., RunningService]) -> None:
    service = make_service()
    known = {"utterance_id": "u", "hypothesis": "", "attributes": {"accent": "en-GB-scotland"}}
    assert service.post("/v1/utterances", known).is_success
    ours = [command[1:] for command in COMMANDS if command[0] == "werwatch"]
    assert {command[0] for command in ours} == {"announce", "rebaseline", "silence"}
    for command in ours:
        done = CliRunner().invoke(werwatch, [*command, "--api", service.api], catch_exceptions=False)
        assert done.exit_code == 0, done.output
    for named in re.findall(r"`werwatch ([a-z-]+)", RUNBOOK):
        assert named in werwatch.commands


def test_amtool_understands_what_it_tells_to_say(hold_port: Callable[[], int]) -> None:
    amtool = program("amtool", "prometheus-alertmanager")
    [silence] = [command[1:] for command in COMMANDS if command[0] == "amtool"]
    nobody = f"--alertmanager.url=http://127.0.0.1:{hold_port()}"
    done = subprocess.run([amtool, *silence, nobody], capture_output=True, text=True, check=False)
    assert "connection refused" in done.stderr
