"""The image that `make image` built, and its root to run commands in as it is deployed."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conftest import missing, program

IMAGE = "localhost/werwatch:checked"
UID = 10001


def buildah(*arguments: str) -> str:
    command = [program("buildah", "buildah"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        missing(f"the image ({done.stderr.strip()})", "make image, as root")
    return done.stdout.strip()


def inspected(image: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(buildah("inspect", "--type", "image", image))["Docker"]
    return found


@contextmanager
def mounted() -> Iterator[Path]:
    """The image's root file system."""
    container = buildah("from", "--pull-never", IMAGE)
    try:
        yield Path(buildah("mount", container))
    finally:
        buildah("rm", container)


def isolated(root: Path, data: Path, command: list[str], **environment: str) -> list[str]:
    """A command in the image's root, read-only but for /data, as the image's user, with its environment."""
    config = inspected(IMAGE)["config"]
    variables = dict(entry.split("=", 1) for entry in config["Env"]) | environment
    given = shlex.join(f"{name}={value}" for name, value in variables.items())
    inside = f"""
        set -e
        mount --bind {root} {root}
        mount -o remount,bind,ro {root}
        mount --bind {data} {root}/data
        mount -t proc proc {root}/proc
        exec chroot --userspec={config["User"]} --groups= {root} /usr/bin/env -i {given} {shlex.join(command)}
    """
    return ["unshare", "--mount", "--propagation", "private", "bash", "-c", inside]
