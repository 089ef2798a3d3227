"""Prints the licences that a CycloneDX document states, one component a line.

usage: python deploy/sbom/licences.py build/werwatch.cdx.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def stated(component: dict[str, Any]) -> str:
    """What a component says of its licence: an expression or ids, and names only where there are neither.

    Examples
    --------
    >>> stated({"licenses": [{"license": {"id": "MIT"}}, {"license": {"name": "MIT License"}}]})
    'MIT'
    >>> stated({})
    'not stated'
    """
    entries = component.get("licenses", [])
    licences = [entry["license"] for entry in entries if "license" in entry]
    found = [entry["expression"] for entry in entries if "expression" in entry]
    found += [licence["id"] for licence in licences if "id" in licence]
    found = found or [licence["name"] for licence in licences]
    return ", ".join(found) or "not stated"


def table(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Name, version and licences of each component, by name."""
    found = [(each["name"], each["version"], stated(each)) for each in document["components"]]
    return sorted(found, key=lambda row: row[0].lower())


if __name__ == "__main__":
    for row in table(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))):
        print("{:24}{:20}{}".format(*row))
