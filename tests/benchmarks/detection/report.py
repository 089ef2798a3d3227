"""What a run found, as JSON and as one picture."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from benchmarks.detection.budget import FalseAlarms
from benchmarks.detection.compare import Compared
from benchmarks.detection.matching import OURS
from benchmarks.detection.power import Power
from benchmarks.detection.specificity import Named

Found = Mapping[str, Any]
"""Results by section, as `plain` takes them."""


def plain(value: Any) -> Any:
    """JSON's types of a result: fields and properties of dataclasses; a number that is none becomes null."""
    if is_dataclass(value) and not isinstance(value, type):
        names = [each.name for each in fields(value)]
        names += [name for name, of in vars(type(value)).items() if isinstance(of, property)]
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_json(found: Found, path: Path) -> None:
    """Write everything."""
    path.write_text(json.dumps(plain(found), indent=1) + "\n")


def write_png(found: Found, path: Path) -> None:
    """Draw what was measured of: false alarms, delays against the peers, ratio to the bound, names."""
    import matplotlib as mpl  # noqa: PLC0415  only this function needs it, and it is large

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(2, 2, figsize=(15, 11), constrained_layout=True)
    _draw_budget(axes[0, 0], found.get("budget", []))
    _draw_compared(axes[0, 1], found.get("compare", []))
    _draw_power(axes[1, 0], found.get("power", []))
    _draw_specificity(axes[1, 1], found.get("specificity", {}).get("common", []))
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _draw_budget(axis: Any, families: Sequence[FalseAlarms]) -> None:
    axis.set_title("false alarms / budget, all signals, 95 % interval")
    for row, family in enumerate(reversed(families)):
        rate, budget = family.alarms, family.budget
        axis.plot([rate.lower / budget, rate.upper / budget], [row, row], color="tab:blue")
        axis.plot(rate.value / budget, row, "o", color="tab:red" if family.is_refuted else "tab:blue")
    axis.axvline(1.0, color="black", linewidth=0.8)
    axis.set_yticks(range(len(families)), [family.name for family in reversed(families)])
    axis.set_xlim(left=0.0, right=4.0)


def _draw_compared(axis: Any, compared: Sequence[Compared]) -> None:
    axis.set_title("median delay at equal false alarms, the cohort's utterances")
    names = list(compared[0].powers) if compared else []
    for each in compared:
        is_ours = each.name.startswith(OURS)
        places = [(row, each.powers[name].median) for row, name in enumerate(reversed(names))]
        shown = [(row, median) for row, median in places if median is not None]
        axis.plot(
            [median for _, median in shown],
            [row for row, _ in shown],
            "D" if is_ours else ".",
            label=each.name if is_ours else None,
            color=None if is_ours else "grey",
        )
    axis.set_yticks(range(len(names)), list(reversed(names)))
    axis.set_xscale("log")
    if compared:
        axis.legend(title="grey: the peers")


def _draw_power(axis: Any, powers: Sequence[Power]) -> None:
    axis.set_title("mean delay / (log(ARL) / KL), theorem setting")
    shown = [power for power in powers if power.ratio is not None]
    axis.barh([power.name for power in reversed(shown)], [power.ratio or 0.0 for power in reversed(shown)])
    for ratio in (1.5, 2.0):
        axis.axvline(ratio, color="black", linewidth=0.8, linestyle=":")


def _draw_specificity(axis: Any, named: Sequence[Named]) -> None:
    axis.set_title("runs naming a cohort though all are hit, % above no change")
    rows = list(reversed(named))
    for row, each in enumerate(rows):
        axis.barh(row, 100.0 * each.excess, color="tab:red" if each.excess > 0.02 else "tab:blue")
    axis.set_yticks(range(len(rows)), [f"{each.name}, {each.budget}" for each in rows])
    axis.axvline(2.0, color="black", linewidth=0.8)
