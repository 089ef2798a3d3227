"""The command line as somebody calls it, without a process for each call."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess
from unittest.mock import patch

from service.cli import run


def call(*arguments: str | Path, given: str = "") -> CompletedProcess[str]:
    """Call ``werwatch`` with these arguments; whatever is no exit is a fault of it, and raised."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    words = ["werwatch", *map(str, arguments)]
    with (
        patch.object(sys, "argv", words),
        patch.object(sys, "stdin", io.StringIO(given)),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            run()
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else int(left.code is not None)
    return CompletedProcess(words, code, out.getvalue(), err.getvalue())
