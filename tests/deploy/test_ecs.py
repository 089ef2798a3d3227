"""The task definition for ECS is one, and its sidecar can neither stop the app nor keep it waiting."""

from __future__ import annotations

import json
from typing import Any

import pytest
from deploy_tools import DEPLOY, run_tool

from service import __version__

FILE = DEPLOY / "ecs" / "task-definition.json"
VALIDATE = """
import json, sys
from botocore.session import Session
from botocore.validate import ParamValidator
taken = Session().get_service_model("ecs").operation_model("RegisterTaskDefinition").input_shape
sys.exit(ParamValidator().validate(json.load(sys.stdin), taken).generate_report() or 0)
"""


@pytest.fixture
def task() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


def test_amazons_own_model_takes_it(task: dict[str, Any]) -> None:
    done = run_tool("python", "-c", VALIDATE, given=json.dumps(task))
    assert (done.returncode, done.stderr.strip()) == (0, "")
    task["containerDefinitions"][0]["esential"] = True
    done = run_tool("python", "-c", VALIDATE, given=json.dumps(task))
    assert "esential" in done.stderr


def test_the_app_does_not_depend_on_its_sidecar(task: dict[str, Any]) -> None:
    app, sidecar = task["containerDefinitions"]
    assert (app["essential"], sidecar["essential"]) == (True, False)
    assert sidecar["restartPolicy"]["enabled"]
    assert app["dependsOn"] == [{"containerName": sidecar["name"], "condition": "START"}]


def test_the_sidecar_is_closed_off_and_writes_to_its_volume_alone(task: dict[str, Any]) -> None:
    _, sidecar = task["containerDefinitions"]
    assert sidecar["image"].endswith(f"/werwatch:{__version__}")
    assert (sidecar["user"], sidecar["readonlyRootFilesystem"]) == ("10001:10001", True)
    assert sidecar["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}
    assert [mount["containerPath"] for mount in sidecar["mountPoints"]] == ["/data"]
    assert {mount["sourceVolume"] for mount in sidecar["mountPoints"]} == {
        volume["name"] for volume in task["volumes"]
    }
    assert sidecar["healthCheck"]["command"] == ["CMD", "werwatch", "healthcheck"]
