"""The OpenAPI document against the running service: schemathesis sends what it allows and what it forbids."""

import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

from conftest import RunningService

TOKEN = "a-token-of-some-length"
# What only is right together, like a selection with its probability, cannot be said in the document.
UNSAID = "positive_data_acceptance"


def test_every_answer_is_as_the_document_says(
    make_service: Callable[..., RunningService], tmp_path: Path
) -> None:
    service = make_service(api_token=TOKEN)
    program = str(Path(sysconfig.get_path("scripts")) / "schemathesis")
    command = [program, "run", f"{service.api}/openapi.json", f"--header=Authorization: Bearer {TOKEN}"]
    options = ["--checks=all", f"--exclude-checks={UNSAID}", "--phases=examples,coverage,fuzzing"]
    bounds = ["--max-examples=20", "--generation-deterministic", "--no-shrink", "--no-color"]
    done = subprocess.run(
        [*command, *options, *bounds],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=1_800,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    service.stop()
    assert '"level": "error"' not in service.log
