"""The command line as somebody calls it, without a process for each call."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest.mock import patch

from service.cli import main


@dataclass(frozen=True)
class Called:
    code: int
    out: str
    err: str


def call(*arguments: str) -> Called:
    """Call ``werwatch`` with these arguments; whatever is no exit is a fault of it, and raised."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with patch.object(sys, "argv", ["werwatch", *arguments]), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else int(left.code is not None)
    return Called(code, out.getvalue(), err.getvalue())
