"""Programs that read what is in deploy/ as those do for whom it is there; ``make deploy-tools`` gets them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from conftest import missing

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
BIN = ROOT / ".venv-deploy" / "bin"


def run_tool(name: str, *arguments: str | Path, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run it with this standard input, and let the caller judge what came back."""
    if not (BIN / name).exists():
        missing(name, "make deploy-tools")
    command = [str(BIN / name), *map(str, arguments)]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=False)
