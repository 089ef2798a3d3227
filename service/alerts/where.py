"""Where a rise comes from, as an alert, a notice and a page say it: numbers, and a few sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from detectors.attribution import Attribution, NewValue, SliceChange
from detectors.event import Event
from detectors.slices.book import Folded
from detectors.slices.counts import SliceCounts
from detectors.slices.marginals import Where
from detectors.slices.stories import Stories
from detectors.slices.worst import SliceNow
from service.alerts.facts import rfc3339
from service.watching.claim_facts import slice_in_words

MOST_RANKED = 5
MOST_TOO_LITTLE = 5
MOST_FEW = 2
"""Slices with too little speech that are named in the summary, single values alone."""
NEARLY_ALL = 0.95
LEAST_TOLD = 0.0005
"""What is smaller reads as 0.0 points."""
STORIES = {
    "mix": ("because traffic moved to where WER is higher", "because traffic moved to where WER is lower"),
    "exposure": ("because it works where others suffer as well", "because it works where others improved"),
    "interaction": (
        "because it suffers more than others do in the same place",
        "because it suffers less than others do in the same place",
    ),
    "unknown": ("where others, or what was before, cannot be compared",) * 2,
}
"""Of each part of a change what a rise by it means, and what a fall."""
_NO_CHANGE: dict[str, Any] = {
    "why": "",
    "look_first": [],
    "named": [],
    "likely": None,
    "elsewhere": None,
    "ranked": [],
    "slices_compared": 0,
    "too_little_speech": [],
    "stories": None,
    "is_moved_traffic": False,
    "new_values": [],
    "not_counted_apart": {},
}


def where_of(event: Event) -> dict[str, Any] | None:
    """Everything that an event says of where it comes from; None where it knows nothing of that."""
    if event.attribution is not None:
        return change_where(event.attribution, event.onset_s)
    if event.worst:
        return {
            "summary": f"worst are {'; '.join(map(_bad, event.worst))}",
            **_NO_CHANGE,
            "worst": now_slices(event.worst),
        }
    return None


def change_where(attribution: Attribution, onset_s: float) -> dict[str, Any]:
    """Everything that is said of where a change comes from; rises in WER points."""
    return {
        "summary": _summary(attribution),
        "why": _why(attribution.stories),
        "look_first": _look_first(attribution, onset_s),
        "named": [_slice(each) for each in attribution.named],
        "likely": None if attribution.likely is None else _slice(attribution.likely),
        "elsewhere": _slice(attribution.elsewhere),
        "ranked": [_slice(each) for each in attribution.ranked[:MOST_RANKED]],
        "slices_compared": attribution.looked_at,
        "too_little_speech": [dict(each) for each in attribution.too_little[:MOST_TOO_LITTLE]],
        "stories": _stories(attribution.stories),
        "is_moved_traffic": attribution.is_moved_traffic,
        "new_values": [_new_value(each) for each in attribution.new],
        "not_counted_apart": folded_facts(attribution.folded),
        "worst": [],
    }


def folded_facts(folded: Iterable[Folded]) -> dict[str, float]:
    """Attributes that are not known of all speech, each with the share of the words of which it is not."""
    return {each.attribute: round(each.share, 3) for each in folded}


def folded_in_words(folded: Mapping[str, float]) -> str:
    """What that means for who reads of slices; nothing where there is none.

    >>> folded_in_words({"site": 0.764})
    'not counted apart: site for 76 % of the words'
    """
    told = [f"{name} for {_percent(share)}" for name, share in folded.items()]
    return f"not counted apart: {', '.join(told)} of the words" if told else ""


def now_slices(slices: Iterable[SliceNow]) -> list[dict[str, Any]]:
    """What is said of how bad slices are now."""
    return [
        {
            "slice": dict(each.where),
            **_side(each.counts),
            "lower": None if each.interval is None else round(each.interval.lower, 4),
            "upper": None if each.interval is None else round(each.interval.upper, 4),
        }
        for each in slices
    ]


def named_in(where: dict[str, Any] | None) -> list[dict[str, str]]:
    """The slices that are named in what `where_of` made."""
    return [] if where is None else [each["slice"] for each in where["named"]]


def _side(counts: SliceCounts) -> dict[str, Any]:
    """Counts of a slice; errors of an utterance count up to its words, as in detection."""
    return {
        "wer": round(counts.rate, 4) if counts.words else None,
        "utterances": counts.utterances,
        "sessions": counts.sessions,
        "speaker_shifts": counts.units,
        "reference_words": counts.words,
        "substitutions": counts.substitutions,
        "deletions": counts.deletions,
        "insertions": counts.insertions,
    }


def _bad(each: SliceNow) -> str:
    return f"{_called(each.where)} (WER {100 * each.counts.rate:.1f} % in {each.counts.sessions} sessions)"


def _summary(attribution: Attribution) -> str:
    folded = folded_in_words(folded_facts(attribution.folded))
    return f"{_found(attribution)}; {folded}" if folded else _found(attribution)


def _found(attribution: Attribution) -> str:
    if not attribution.looked_at:
        return "too little speech since the onset to compare slices"
    if attribution.named:
        told = "; ".join(_told(each) for each in attribution.named)
        return f"{told}; elsewhere {_wer(attribution.elsewhere)}"
    none = f"no slice stands out of {attribution.looked_at} compared"
    if attribution.is_moved_traffic:
        return f"{none}; mostly traffic that moved to where WER is higher anyway"
    if attribution.likely is not None:
        return f"likely {_told(attribution.likely)}; not certain yet, elsewhere {_wer(attribution.elsewhere)}"
    return f"{none}{_few(attribution.too_little)}"


def _few(too_little: Sequence[Where]) -> str:
    """The first of the slices that could not be compared, each of which may be the cause as well."""
    first = [where for where in too_little if len(where) == 1][:MOST_FEW]
    more = " and others" if len(too_little) > len(first) else ""
    return f"; too little speech yet of {', '.join(map(_called, first))}{more}" if first else ""


def _told(change: SliceChange) -> str:
    same = f" (the same speech: {'; '.join(map(_called, change.same_as))})" if change.same_as else ""
    others = {True: ", others suffer there too", False: ", others do not suffer there", None: ""}
    return (
        f"{_called(change.where)}{same}: {_share(change.share)} of the excess errors, {_wer(change)}"
        f"{others[change.others_suffer]}"
    )


def _called(where: Where) -> str:
    return slice_in_words(dict(where))


def _wer(change: SliceChange) -> str:
    before, after = (
        f"{100 * side.rate:.1f} %" if side.words else "unknown" for side in (change.before, change.after)
    )
    return f"WER {before} -> {after} in {change.after.sessions} sessions"


def _share(share: float | None) -> str:
    if share is None:
        return "none"
    return "nearly all" if share >= NEARLY_ALL else _percent(share)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _why(told: Stories | None) -> str:
    if told is None:
        return ""
    parts = [(float(getattr(told, name)), *words) for name, words in STORIES.items()]
    parts.sort(key=lambda part: -abs(part[0]))
    said = ", ".join(
        f"{100 * value:+.1f} {rise if value > 0.0 else fall}"
        for value, rise, fall in parts
        if abs(value) >= LEAST_TOLD
    )
    return f"{100 * told.change:+.1f} points: {said}" if said else ""


def _look_first(attribution: Attribution, onset_s: float) -> list[str]:
    looks = [_look_at_new(each, onset_s) for each in attribution.new]
    first = next(iter(attribution.named), attribution.likely)
    if first is not None:
        where = _called(first.where)
        looks.append(
            {
                True: f"Others suffer at {where} as well: what changed there comes first.",
                False: f"At {where} others do not suffer: what this cohort does or has there comes first.",
                None: f"What changed at {where} comes first.",
            }[first.others_suffer]
        )
    return looks


def _look_at_new(new: NewValue, onset_s: float) -> str:
    since = datetime.fromtimestamp(new.first_s, UTC).strftime("%a %d %b %H:%M UTC")
    minutes = (onset_s - new.first_s) / 60.0
    when = "after" if minutes < 0 else "before"
    return f"{new.attribute} {new.value} was first seen {_span(abs(minutes))} {when} the onset ({since})."


def _span(minutes: float) -> str:
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.0f} h"


def _slice(change: SliceChange) -> dict[str, Any]:
    others = change.others
    return {
        "slice": dict(change.where),
        "excess_errors": round(change.excess_errors, 1),
        "share_of_excess": None if change.share is None else round(change.share, 3),
        "rise": _points(change.rise, change.lower, change.upper),
        "before": _side(change.before),
        "after": _side(change.after),
        "rise_of_other_cohorts": None if others is None else _points(*others),
        "others_suffer": change.others_suffer,
        "same_speech": [dict(each) for each in change.same_as],
    }


def _points(value: float | None, lower: float | None, upper: float | None) -> dict[str, float] | None:
    if value is None or lower is None or upper is None:
        return None
    named = {"points": value, "lower": lower, "upper": upper}
    return {name: round(100.0 * ratio, 2) for name, ratio in named.items()}


def _stories(told: Stories | None) -> dict[str, float] | None:
    if told is None:
        return None
    parts = {name: round(100.0 * getattr(told, name), 2) for name in STORIES}
    return {"change_points": round(sum(parts.values()), 2), **parts}


def _new_value(new: NewValue) -> dict[str, Any]:
    return {
        "attribute": new.attribute,
        "value": new.value,
        "first_seen": rfc3339(new.first_s),
        "sessions": new.sessions,
        "share_of_excess": None if new.share is None else round(new.share, 3),
    }
