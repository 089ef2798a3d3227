"""What the demo shows: cohorts, their differentials, alarms as they come, and the verdict."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from service.demo.receiver import Notice
from service.demo.recording import Truth

BAR_WIDTH = 6
READINESS = {"not_enough_speakers": "few speakers"}
CLOCK = "%a %d %b %H:%M"


def picture(
    now: datetime, truth: Truth, cohorts: dict[str, Any], notices: list[Notice], alarmed: set[str]
) -> RenderableType:
    """Everything on one screen; ``alarmed`` names the cohorts whose alert is firing."""
    parts: list[RenderableType] = [_headline(now, truth), _table(cohorts, alarmed)]
    parts += [notice_panel(notice) for notice in notices]
    return Group(*parts)


def notice_panel(notice: Notice) -> Panel:
    """A webhook as it was received."""
    data = notice.body["data"]
    is_firing = data["state"] == "firing"
    before, after = data["before"], data["after"]
    lines = [
        Text(data["title"], style="bold"),
        Text(
            f"{data['signal']} · {data['severity']} · detected {_clock(data['detected_at'])} on "
            f"{after['utterances']} references, {after['speaker_shifts']} speaker-shifts since the onset"
        ),
        Text(
            f"deletions {_percent(before['deletion_share'])} -> {_percent(after['deletion_share'])} of errors"
            f" · budget {data['budget']['false_alarms_per_month']:g} false alarm(s) a month"
        ),
    ]
    if is_firing and data.get("where"):
        lines.append(Text(f"where: {data['where']['summary']}", style="bold"))
    if not is_firing:
        lines.append(Text(f"recovered at {_clock(data['recovered_at'])}"))
    signature = "signature verified" if notice.is_verified else "SIGNATURE WRONG"
    title = f"webhook {data['state'].upper()} · {notice.message_id} · {signature}"
    return Panel(Group(*lines), title=title, title_align="left", border_style="red" if is_firing else "green")


def say_verdict(console: Console, truth: Truth, notices: list[Notice]) -> bool:
    """Print what was injected when and what was raised when; return whether that is as it should be."""
    console.rule("verdict")
    if truth.onset is None or truth.repaired is None:
        console.print("injected  nothing: the same days without the equipment")
    else:
        console.print(
            f"injected  {truth.onset.strftime(CLOCK)} UTC: equipment hums on {truth.site}, where most of "
            f"{truth.accent} is spoken; removed {truth.repaired.strftime(CLOCK)}",
            soft_wrap=True,
        )
    for notice in notices:
        data = notice.body["data"]
        when = data["recovered_at"] if data["state"] == "resolved" else data["detected_at"]
        line = f"{_label(data['state'])}  {_clock(when)} UTC: {data['title']}"
        console.print(line, highlight=False, soft_wrap=True)
        if data["state"] == "firing" and truth.onset is not None:
            delay = datetime.fromisoformat(data["detected_at"]) - truth.onset
            console.print(
                f"          {_span(delay)} after the equipment was switched on, "
                f"on {data['after']['utterances']} references of that cohort",
                soft_wrap=True,
            )
            console.print(f"          {data['where']['summary']}", highlight=False, soft_wrap=True)
    fired = [notice.body["data"] for notice in notices if notice.body["data"]["state"] == "firing"]
    if not fired:
        console.print("raised    nothing")
    return _conclude(console, truth, fired)


def _conclude(console: Console, truth: Truth, fired: list[dict[str, Any]]) -> bool:
    right = [
        data
        for data in fired
        if truth.onset is not None
        and (data["signal"], data["cohort"]) == ("differential", truth.accent)
        and datetime.fromisoformat(data["detected_at"]) > truth.onset
        and truth.site in _pointed_at(data["where"])
    ]
    false_alarms = len(fired) - len(right)
    expected = 0 if truth.onset is None else 1
    is_good = len(right) == expected and false_alarms == 0
    found = "nothing to find" if not expected else ("found" if right else "MISSED")
    style = "bold green" if is_good else "bold red"
    console.print(f"verdict   {found}, {false_alarms} false alarm(s)", style=style, highlight=False)
    return is_good


def _pointed_at(where: dict[str, Any]) -> set[str]:
    """The values of the slices that an alert points at, for certain or as likely."""
    slices = [*where["named"], *([where["likely"]] if where["likely"] else [])]
    return {value for each in slices for value in each["slice"].values()}


def _headline(now: datetime, truth: Truth) -> Text:
    line = Text(f"{now.strftime(CLOCK)} UTC", style="bold")
    if truth.onset is None or truth.repaired is None:
        return line.append("  nothing will change today", style="dim")
    if now < truth.onset:
        return line.append("  learning on clean days", style="dim")
    if now < truth.repaired:
        return line.append(f"  the new equipment hums on {truth.site}", style="bold yellow")
    return line.append("  the equipment is gone", style="dim")


def _table(cohorts: dict[str, Any], alarmed: set[str]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("cohort", no_wrap=True)
    for heading in ("refs", "base", "WER %, 24 h", "against rest"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("evid.", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for cohort in cohorts.get("cohorts", []):
        name = cohort["cohort"]
        is_alarmed = name in alarmed
        table.add_row(
            name,
            str(cohort["scored_utterances"]),
            _points(cohort["baseline_wer"]),
            _range(cohort["wer"]["window"], signed=False),
            _range(cohort["differential"], signed=True),
            _bar(1.0 if is_alarmed else cohort["evidence"]),
            "ALERT" if is_alarmed else READINESS.get(cohort["readiness"], cohort["readiness"]),
            style="bold red" if is_alarmed else None,
        )
    return table


def _range(estimate: dict[str, float | None], *, signed: bool) -> str:
    value, lower, upper = (estimate[key] for key in ("value", "lower", "upper"))
    if value is None:
        return "-"
    sign = "+" if signed else ""
    if lower is None or upper is None:
        return f"{100 * value:{sign}.1f} (few shifts)"
    return f"{100 * value:{sign}.1f} ({100 * lower:{sign}.0f} to {100 * upper:{sign}.0f})"


def _bar(evidence: float) -> str:
    # On a logarithmic scale: one mark is a factor of 4 in evidence.
    marks = 0
    threshold = 1.0
    while marks < BAR_WIDTH and evidence < threshold:
        threshold /= 4
        marks += 1
    return "#" * (BAR_WIDTH - marks) + "." * marks


def _percent(ratio: float | None) -> str:
    return "-" if ratio is None else f"{100 * ratio:.1f} %"


def _points(ratio: float | None) -> str:
    return "-" if ratio is None else f"{100 * ratio:.1f}"


def _clock(text: str) -> str:
    return datetime.fromisoformat(text).strftime(CLOCK)


def _span(delay: timedelta) -> str:
    hours, minutes = divmod(round(delay.total_seconds() / 60), 60)
    return f"{hours} h {minutes:02} min"


def _label(state: str) -> str:
    return "raised  " if state == "firing" else "resolved"
