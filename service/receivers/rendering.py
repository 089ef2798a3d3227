"""What a notice says to a person who was asleep a minute ago: one title line, the facts, where to look first.

Pure: the same notice always reads the same. Every receiver puts this into its service's own form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.receivers.critical_terms import critical_facts, look_at_critical_terms
from service.receivers.notice import Kind, Notice
from service.settings.receivers import Links

MOST_OF_A_COHORT = 60
MOST_OF_A_VALUE = 500
PREFIXES = {
    Kind.FIRING: "FIRING",
    Kind.UPDATED: "UPDATE",
    Kind.REPEATED: "STILL FIRING",
    Kind.ACKNOWLEDGED: "ACKNOWLEDGED",
    Kind.RESOLVED: "RESOLVED",
    Kind.NOTED: "NOTE",
    Kind.TEST: "TEST",
}
ERROR_TYPES = ("substitutions", "deletions", "insertions")
EFFECTS = {
    "differential": "Against the rest",
    "global": "Everybody",
    "standing": "Gap to the rest",
    "planned": "Against before",
    "loops": "Utterances that ran away",
    "empties": "Utterances without a hypothesis",
}
FIRST_LOOKS = {
    "deletions": "Mostly words go missing: noise, microphones and sound that is cut off come first.",
    "substitutions": (
        "Mostly words are taken for others: the engine's version, its language and its vocabulary come first."
    ),
    "insertions": "Mostly words are added: silence, music and echoes that the engine fills come first.",
}
LOOKS_BY_SIGNAL = {
    "global": "Everybody is hit: the engine, its version and the way that all sound takes come first.",
    "loops": "The engine runs away: its version and settings, then long silence or music, come first.",
    "empties": "The engine says nothing: its reach and quota, then the format of the sound, come first.",
    "standing": "Nothing need have changed: this cohort is served worse than is tolerated. No night's work.",
}
RESOLUTIONS = {
    "recovered": "it recovered",
    "rebased": "what it became was declared its new normal",
    "absorbed": "the alert for everybody says it from now on",
    "by_hand": "by hand",
    "outdated": "the monitor's settings or version changed, and as it is now it does not raise this",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """A notice in words.

    Parameters
    ----------
    headline
        One line: who, how much, since when.
    title
        The same after what the notice tells of it.
    facts
        Names and values, in the order in which they are wanted.
    look_first
        Sentences on what to look at.
    remarks
        What limits all that.
    links
        URLs by what they are called.
    """

    headline: str
    title: str
    facts: tuple[tuple[str, str], ...]
    look_first: tuple[str, ...]
    remarks: tuple[str, ...]
    links: Mapping[str, str]

    @property
    def text(self) -> str:
        """All but title and links, as lines."""
        facts = [f"{name}: {value}" for name, value in self.facts]
        return "\n".join([*facts, *self.look_first, *self.remarks])


def read(notice: Notice, links: Links) -> Reading:
    """The notice in words."""
    data = notice.data
    headline = _headline(data)
    return Reading(
        headline,
        f"{PREFIXES[notice.kind]}{_by(notice)}: {headline}",
        tuple((name, shortened(value, MOST_OF_A_VALUE)) for name, value in _facts(data) if value),
        () if notice.kind in (Kind.RESOLVED, Kind.TEST) else _look_first(data),
        tuple(str(note) for note in data.get("notes", ())),
        links.to(notice.alert_id, data.get("cohort"), next(iter(data.get("traces", ())), None)),
    )


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters, cut at its end.

    Examples
    --------
    >>> shortened("en-GB-scotland", 8)
    'en-GB-s…'
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def _by(notice: Notice) -> str:
    who = {Kind.ACKNOWLEDGED: "acknowledged_by", Kind.RESOLVED: "resolved_by"}.get(notice.kind)
    author = notice.data.get(who) if who else None
    return f" by {shortened(str(author), MOST_OF_A_COHORT)}" if author else ""


def _headline(data: Mapping[str, Any]) -> str:
    title, cohort = str(data.get("title", "")), data.get("cohort")
    # The numbers behind a name without end are what the line is read for.
    if cohort is not None and len(cohort) > MOST_OF_A_COHORT:
        title = title.replace(cohort, shortened(cohort, MOST_OF_A_COHORT), 1)
    return title


def _facts(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    before, after = data.get("before", {}), data.get("after", {})
    return [
        ("Severity", str(data.get("severity", ""))),
        ("Cohort", _cohort(data)),
        ("WER", _change(before.get("wer"), after.get("wer"))),
        (EFFECTS.get(data.get("signal", ""), "Effect"), _effect(data.get("effect"))),
        ("Who", _who(data)),
        ("Where", str(_where(data).get("summary") or "")),
        ("Why", str(_where(data).get("why") or "")),
        ("Since", _since(data)),
        ("Found", _clock(data.get("detected_at"))),
        ("Rests on", _rests_on(before, after)),
        ("Errors per 100 words", _errors(before, after)),
        *critical_facts(data.get("critical_terms")),
        ("Ran away", _of_utterances(before, after, "loops")),
        ("Without a hypothesis", _of_utterances(before, after, "empty_hypotheses")),
        ("Announced", str(data.get("announced") or "")),
        ("Budget", _budget(data)),
        ("Acknowledged", _act(data, "acknowledged_by", "acknowledged_at")),
        ("Recovered", _clock(data.get("recovered_at"))),
        ("Resolved", _resolved(data)),
        ("Remark", str(data.get("note") or "")),
        ("Raised shortly before", ", ".join(map(str, data.get("raised_shortly_before", ())))),
        ("Explained by", str(data.get("explained_by") or "")),
        ("Traces", ", ".join(map(str, data.get("traces", ())))),
    ]


def _cohort(data: Mapping[str, Any]) -> str:
    return "all" if "cohort" in data and data["cohort"] is None else str(data.get("cohort", ""))


def _effect(effect: Mapping[str, Any] | None) -> str:
    if not effect:
        return ""
    unit = "points" if effect.get("unit") == "WER points" else str(effect.get("unit", "points"))
    sure = f"{100 * effect.get('confidence', 0.95):g} %"
    return f"{effect['points']:+.1f} {unit} ({sure}: {effect['lower']:+.1f} to {effect['upper']:+.1f})"


def _who(data: Mapping[str, Any]) -> str:
    if "cohort" not in data:
        return ""
    if data["cohort"] is None:
        return "everybody"
    if data.get("during_global"):
        return "this cohort more than the others, while everybody was in alarm"
    return "this cohort alone" if data.get("signal") == "differential" else "this cohort"


def _since(data: Mapping[str, Any]) -> str:
    since = _clock(data.get("since"))
    interval = data.get("since_interval")
    return f"{since} (between {_clock(interval[0])} and {_clock(interval[1])})" if interval else since


def _rests_on(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    if not after:
        return ""
    return (
        f"{after['utterances']} utterances of {after['speaker_shifts']} speaker-shifts, "
        f"{after['reference_words']} words; before it {before['utterances']} of {before['speaker_shifts']}"
    )


def _errors(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    rates = _rates(before, after)
    return ", ".join(f"{kind} {old:.1f} -> {new:.1f}" for kind, (old, new) in rates.items())


def _rates(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    words, words_now = before.get("reference_words", 0), after.get("reference_words", 0)
    if not words or not words_now:
        return {}
    return {
        kind: (100 * before.get(kind, 0) / words, 100 * after.get(kind, 0) / words_now)
        for kind in ERROR_TYPES
    }


def _of_utterances(before: Mapping[str, Any], after: Mapping[str, Any], key: str) -> str:
    if not before.get(key) and not after.get(key):
        return ""
    return " -> ".join(f"{side.get(key, 0)} of {side.get('utterances', 0)}" for side in (before, after))


def _budget(data: Mapping[str, Any]) -> str:
    budget = data.get("budget")
    if not budget:
        return ""
    held = "" if data.get("guarantee_held", True) else ", not guaranteed here"
    return f"{budget['false_alarms_per_month']:g} false alarm(s) a month over everything{held}"


def _act(data: Mapping[str, Any], who: str, when: str) -> str:
    author, at = data.get(who), _clock(data.get(when))
    return ", ".join(part for part in (f"by {author}" if author else "", at) if part)


def _resolved(data: Mapping[str, Any]) -> str:
    resolution = data.get("resolution")
    why = RESOLUTIONS.get(str(resolution), str(resolution)) if resolution else ""
    act = _act(data, "resolved_by", "resolved_at")
    return "; ".join(part for part in (act, why) if part)


def _look_first(data: Mapping[str, Any]) -> tuple[str, ...]:
    where = _where(data).get("look_first", ())
    return (*look_at_critical_terms(data.get("critical_terms")), *where, *_look_at_errors(data))


def _where(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where the rise comes from; empty where nothing is known of that."""
    return data.get("where") or {}


def _look_at_errors(data: Mapping[str, Any]) -> tuple[str, ...]:
    signal = str(data.get("signal", ""))
    if signal in LOOKS_BY_SIGNAL:
        return (LOOKS_BY_SIGNAL[signal],)
    rises = {
        kind: new - old for kind, (old, new) in _rates(data.get("before", {}), data.get("after", {})).items()
    }
    most = max(rises, key=rises.__getitem__, default=None)
    if most is None or rises[most] <= 0.0 or rises[most] < sum(max(rise, 0.0) for rise in rises.values()) / 2:
        return ()
    return (FIRST_LOOKS[most],)


def _change(before: float | None, after: float | None) -> str:
    return "" if after is None and before is None else f"{_percent(before)} -> {_percent(after)}"


def _percent(ratio: float | None) -> str:
    return "unknown" if ratio is None else f"{100 * ratio:.1f} %"


def _clock(text: str | None) -> str:
    return "" if not text else datetime.fromisoformat(text).strftime("%a %d %b %H:%M UTC")
