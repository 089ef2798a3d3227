"""What is said of a claim: numbers, and a sentence that a person reads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from detectors.claims.claim import MOST_REMEMBERED, Claim, ClaimView, SideView, Verdict
from service.alerts.facts import rfc3339


def slice_in_words(slice_: Mapping[str, str]) -> str:
    """The slice as one writes it.

    >>> slice_in_words({"accent": "en-IN", "site": "ward-7"})
    'accent=en-IN and site=ward-7'
    """
    return " and ".join(f"{name}={value}" for name, value in slice_.items())


def in_short(claim: Claim, view: ClaimView) -> str:
    """What the evidence is at this moment, in a line."""
    units = view.own.compared.units
    if view.excess is None:
        return f"{view.verdict.value}: nothing has been compared yet"
    return (
        f"{view.verdict.value}: {_points(view.excess)} points ({_interval(claim, view)}) over {units:,} "
        f"speaker-shifts of the slice; evidence for an excess {_evidence(view.highest_above)}, for less than "
        f"claimed {_evidence(view.highest_below)}, needed {view.threshold:g}"
    )


def says(claim: Claim, view: ClaimView) -> str:
    """What the evidence says, and what it would still take."""
    claimed = f"{100 * claim.excess:g} points"
    if view.verdict is Verdict.CONFIRMED:
        return f"Confirmed: there is an excess ({_interval(claim, view)})."
    if view.verdict is Verdict.REFUTED:
        is_smaller = view.highest_above >= view.threshold
        rest = "; a smaller one is shown" if is_smaller else ""
        return f"Refuted: the excess is smaller than the claimed {claimed} ({_interval(claim, view)}){rest}."
    return f"Open: {_needed_in_words(view)}."


def claim_facts(claim: Claim, view: ClaimView) -> dict[str, Any]:
    """What the page of a claim shows of its evidence; points are WER points."""
    interval = view.interval
    return {
        "says": says(claim, view),
        "evidence": {
            "of_an_excess": {"now": _rounded(view.above), "highest": _rounded(view.highest_above)},
            "of_less_than_claimed": {"now": _rounded(view.below), "highest": _rounded(view.highest_below)},
            "needed": round(view.threshold, 4),
        },
        "excess": {
            "points": None if view.excess is None else round(100 * view.excess, 2),
            "lower": None if interval is None else round(100 * interval.lower, 2),
            "upper": None if interval is None else round(100 * interval.upper, 2),
            "confidence": round(1.0 - 2.0 * claim.alpha, 6),
            "is_steady": interval is not None,
        },
        "rests_on": {"slice": _side(view.own), "rest": _side(view.rest)},
        "still_needed": None if view.verdict is not Verdict.OPEN else _needed(view),
    }


def _needed(view: ClaimView) -> dict[str, int | None]:
    return {
        "speakers": view.speakers_missing,
        "speaker_shifts_to_confirm": _whole(view.units_to_confirm),
        "speaker_shifts_to_refute": _whole(view.units_to_refute),
    }


def _needed_in_words(view: ClaimView) -> str:
    parts, own = [], view.own
    if not (own.compared.units or own.waiting or own.not_compared):
        parts.append(
            "nothing of this slice has been heard since it was filed, but for shifts that are not over"
        )
    if missing := view.speakers_missing:
        kind = "speaker" if own.speakers_known and view.rest.speakers_known else "session"
        are = f"{kind} of one side has" if missing == 1 else f"{kind}s of one side have"
        parts.append(f"{missing} more {are} to be heard")
    roads = [
        f"about {_whole(units):,} more speaker-shifts of the slice would {what} it"
        for units, what in ((view.units_to_confirm, "confirm"), (view.units_to_refute, "refute"))
        if units
    ]
    if view.excess is None:
        parts.append("nothing has been compared yet")
    elif roads:
        parts.append(f"if all goes on as it did, {' or '.join(roads)}")
    return "; ".join(parts) or "the evidence does not suffice yet"


def _side(side: SideView) -> dict[str, Any]:
    tally = side.compared
    wer = tally.wer
    return {
        "speaker_shifts": tally.units,
        "utterances": tally.utterances,
        "reference_words": tally.reference_words,
        "speakers": side.speakers,
        "sessions": side.sessions,
        "speakers_known": side.speakers_known,
        "counted_up_to": MOST_REMEMBERED,
        "wer": None if wer is None else round(wer, 4),
        "speaker_shifts_waiting": side.waiting,
        "speaker_shifts_not_compared": side.not_compared,
    }


def filed_facts(claim: Claim) -> dict[str, Any]:
    """What was claimed."""
    return {
        "slice": dict(claim.slice),
        "claimed_excess_points": round(100 * claim.excess, 6),
        "alpha": claim.alpha,
        "filed_at": rfc3339(claim.filed_s),
        "judged": (
            "utterances spoken and received after filed_at, with references that may feed the monitor, in "
            "the order in which they were scored; of a speaker-shift what is scored until it is over"
        ),
    }


def _interval(claim: Claim, view: ClaimView) -> str:
    if view.interval is None:
        return "not the same all the time"
    level = f"{100 * (1.0 - 2.0 * claim.alpha):g} %"
    return f"{level}: {_points(view.interval.lower)} to {_points(view.interval.upper)}"


def _points(ratio: float) -> str:
    return f"{100 * ratio:+.1f}"


def _evidence(value: float) -> str:
    return f"{value:,.0f}" if value >= 100.0 else f"{value:.2g}"


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _whole(units: float | None) -> int | None:
    return None if units is None else math.ceil(units)
