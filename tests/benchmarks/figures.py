"""What a benchmark found: figures with what was asked for beside them, as Markdown and as JSON."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Asked:
    """A limit: of the figure itself, or of its ratio to the baseline."""

    bound: float
    is_met_by: Literal["more", "less"]
    of: Literal["value", "ratio"] = "ratio"

    def __str__(self) -> str:
        sign = "at least" if self.is_met_by == "more" else "at most"
        return f"{sign} {self.bound:g}{' x' if self.of == 'ratio' else ''}"


@dataclass(frozen=True)
class Figure:
    """One measured thing.

    Parameters
    ----------
    value, unit
        The median of the runs.
    baseline
        The same of what it is compared with, in the same unit.
    ratio
        Median of the runs' own ratios; runs of both take turns, so that a busy machine hits both alike.
    asked
        What it should be.
    """

    what: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    asked: Asked | None = None

    @property
    def is_met(self) -> bool | None:
        """Whether it is as asked; None where nothing is asked."""
        if self.asked is None:
            return None
        found = self.value if self.asked.of == "value" else self.ratio
        assert found is not None
        return found >= self.asked.bound if self.asked.is_met_by == "more" else found <= self.asked.bound

    def row(self) -> list[str]:
        """The cells of a table."""
        verdict = {None: "", True: "met", False: "**not met**"}[self.is_met]
        return [
            self.what,
            f"{shown(self.value)} {self.unit}",
            "" if self.baseline is None else f"{shown(self.baseline)} {self.unit}",
            "" if self.ratio is None else f"{self.ratio:.2f} x",
            "" if self.asked is None else str(self.asked),
            verdict,
        ]


@dataclass(frozen=True)
class Section:
    """Figures that belong together, what must be known to read them, and curves over time."""

    title: str
    figures: list[Figure]
    notes: list[str] = field(default_factory=list)
    curves: dict[str, list[tuple[float, float]]] = field(default_factory=dict)


HEADING = ["what", "measured", "baseline", "ratio", "asked for", ""]
BLOCKS = "▁▂▃▄▅▆▇█"


def compared(
    what: str, unit: str, runs: Sequence[float], baselines: Sequence[float], asked: Asked | None = None
) -> Figure:
    """A figure of runs that took turns with runs of the baseline."""
    ratio = statistics.median(run / baseline for run, baseline in zip(runs, baselines, strict=True))
    return Figure(what, statistics.median(runs), unit, statistics.median(baselines), ratio, asked)


def shown(value: float) -> str:
    """Three digits, or all of a larger number.

    Examples
    --------
    >>> shown(12345.6), shown(1.2345), shown(0.01234)
    ('12,346', '1.23', '0.0123')
    """
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def markdown(section: Section) -> str:
    """A section, ready to be pasted into the README."""
    rows = [HEADING, ["---", "---:", "---:", "---:", "---", "---"], *(each.row() for each in section.figures)]
    lines = [f"## {section.title}", "", *("| " + " | ".join(row) + " |" for row in rows), ""]
    lines += [f"{note}\n" for note in section.notes]
    for name, points in section.curves.items():
        values = [value for _, value in points]
        lines.append(f"{name}: `{sparkline(values)}` {shown(min(values))} to {shown(max(values))}\n")
    return "\n".join(lines)


def sparkline(values: Sequence[float]) -> str:
    """A line of blocks from the smallest to the largest value.

    Examples
    --------
    >>> sparkline([0, 1, 2, 1])
    '▁▄█▄'
    """
    low, high = min(values), max(values)
    step = (high - low) / (len(BLOCKS) - 1) or 1.0
    return "".join(BLOCKS[int((value - low) / step)] for value in values)


def note(path: Path, name: str, section: Section) -> None:
    """Put a section into the JSON file, in place of an earlier one of that name."""
    path.parent.mkdir(exist_ok=True)
    noted = json.loads(path.read_text()) if path.exists() else {}
    noted[name] = {
        "commit": _commit(),
        "machine": f"{os.cpu_count()} processors, {platform.machine()}, Python {platform.python_version()}",
        **asdict(section),
        "is_met": [figure.is_met for figure in section.figures],
    }
    path.write_text(json.dumps(noted, indent=1, ensure_ascii=False))


def _commit() -> str:
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return said.stdout.strip() or "unknown"
