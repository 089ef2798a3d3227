"""What a notice says of critical terms: before and after, and what that means for what was written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COUNTED = ("missed", "inserted")
LOOK_AT_CRITICAL_TERMS = (
    "Critical terms are lost or invented more often: what was written since may say the opposite of what was "
    "said."
)


def critical_facts(critical: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Names and values; none where no critical terms are declared, or none was spoken or heard since."""
    if not critical or not (critical["after"]["terms"] or critical["after"]["inserted"]["count"]):
        return []
    sides = critical["before"], critical["after"]
    return [
        (f"Critical terms {what}", " -> ".join(_share(side[what], side["terms"]) for side in sides))
        for what in COUNTED
        if any(side[what]["count"] for side in sides)
    ]


def look_at_critical_terms(critical: Mapping[str, Any] | None) -> tuple[str, ...]:
    """A sentence where the intervals before and after lie apart."""
    if not critical:
        return ()
    before, after = critical["before"], critical["after"]
    is_sure = any(
        after[what]["lower"] is not None
        and before[what]["upper"] is not None
        and after[what]["lower"] > before[what]["upper"]
        for what in COUNTED
    )
    return (LOOK_AT_CRITICAL_TERMS,) if is_sure else ()


def _share(share: Mapping[str, Any], terms: int) -> str:
    """How many of a hundred critical terms, as far as it is sure."""
    if share["ratio"] is None:
        return f"{share['count']} where none was spoken" if share["count"] else "unknown"
    interval = ""
    if share["lower"] is not None:
        interval = f", {100 * share['lower']:.1f} to {100 * share['upper']:.1f} %"
    return f"{100 * share['ratio']:.1f} % ({share['count']} of {terms}{interval})"
