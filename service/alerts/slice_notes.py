"""Why nothing, or not everything, can be said of a cohort's slices: in sentences that say what it takes."""

from __future__ import annotations

from detectors.cohort import CohortView
from detectors.slices.counts import SliceCounts
from detectors.slices.part import LEAST_SESSIONS
from detectors.unit import IDLE_S, LONGEST_S, MOST_WORDS
from service.alerts.facts import rfc3339


def slice_notes(view: CohortView, ever: SliceCounts, shown: SliceCounts) -> list[str]:
    """What is missing in the slices of a cohort.

    Parameters
    ----------
    ever, shown
        What is known by attributes of all of its speech, and of the stretch of time that is shown.
    """
    notes = []
    if view.open_units:
        are = "1 speaker-shift is" if view.open_units == 1 else f"{view.open_units} speaker-shifts are"
        notes.append(
            f"{are} still open and counted here once over: when speech of {IDLE_S / 60:.0f} min later is "
            f"scored, after {LONGEST_S / 3600:.0f} h, or after {MOST_WORDS} words"
        )
    if view.units and not ever.words:
        notes.append("no declared attribute was sent with its speech, but for those that make the cohort")
    elif ever.words and not shown.words:
        notes.append("none of its speech that is counted is of these hours")
    return notes


def why_no_change(ever: SliceCounts, since_s: float) -> list[str]:
    """What it takes to say where a change since a time comes from, where nothing is said of that."""
    before = f"from before {rfc3339(since_s)} to compare with: that takes {LEAST_SESSIONS} sessions"
    return [f"too little of its speech is known {before}"] if ever.words else []
