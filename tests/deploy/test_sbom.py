"""What ``make sbom`` writes: all that comes along with the service, and under which licences."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest
from conftest import missing
from deploy_tools import DEPLOY, ROOT

from service import __version__

SBOM = ROOT / "build" / "werwatch.cdx.json"
MAY_BE_COMBINED = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "License :: OSI Approved :: BSD License",
    "MIT",
    "MPL-2.0",
    "PSF-2.0",
    "Zlib",
}
"""Licences under which something may come along with what is under Apache-2.0, changed or not."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    if not SBOM.exists():
        missing(SBOM.name, "make sbom")
    found: dict[str, Any] = json.loads(SBOM.read_text())
    return found


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_it_is_a_document_of_this_version(document: dict[str, Any]) -> None:
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    root = document["metadata"]["component"]
    assert (root["name"], root["version"]) == ("werwatch", __version__)
    assert [each["dependsOn"] for each in document["dependencies"] if each["ref"] == root["bom-ref"]]


def test_it_lists_what_is_locked_and_nothing_else(document: dict[str, Any]) -> None:
    lines = re.findall(r"^([\w.-]+)==(\S+)( ; .*)?", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    listed = {(canonical(each["name"]), each["version"]) for each in document["components"]}
    assert listed <= {(canonical(name), version) for name, version, _ in lines}
    assert {(canonical(name), version) for name, version, marker in lines if not marker} <= listed


def test_every_licence_is_known_and_fits(document: dict[str, Any]) -> None:
    command = [sys.executable, str(DEPLOY / "sbom" / "licences.py"), str(SBOM)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [re.split(r"\s{2,}", line) for line in done.stdout.splitlines()]
    assert len(rows) == len(document["components"])
    odd = [row for row in rows if not set(re.split(r" AND | OR |, ", row[-1])) <= MAY_BE_COMBINED]
    assert odd == []
