"""A backtest as one page of HTML that needs nothing else: tables, and plots in SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Any

WIDTH, HEIGHT = 320, 200
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 34
SHORTEST_DAYS, LONGEST_DAYS = 0.1, 30.0
TICKS = ((0.1, "2 h"), (1.0, "1 d"), (7.0, "7 d"), (30.0, "30 d"))
ROW = 22

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1c2024; background: #fff; max-width: 62rem;
  margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.2rem }
table { border-collapse: collapse } th, td { padding: .3rem .8rem; text-align: right }
th { font-weight: 600; border-bottom: 1px solid #9aa4ae }
th:first-child, td:first-child, .text td { text-align: left } td:first-child { white-space: nowrap }
td { border-bottom: 1px solid #e3e7ea } .own td { background: #eef4fb; font-weight: 600 }
.plots { display: flex; flex-wrap: wrap; gap: 1rem } figure { margin: 0 } figcaption { font-weight: 600 }
svg text { font: 11px system-ui, sans-serif; fill: #4a545e } .note { color: #4a545e }
.grid { stroke: #e3e7ea } .line { stroke: #1f5fa8; stroke-width: 2; fill: none }
.run { fill: #1f5fa8; opacity: .25 } .point { fill: #1f5fa8 }
.missed { fill: #fff; stroke: #b3261e; stroke-width: 1.5 } .page { fill: #b3261e }
.ticket { fill: #d98a00 } .noted { fill: #7b8794 }
"""


def page(found: dict[str, Any]) -> str:
    """The page of what `service.bulk.backtesting.run` found."""
    settings = found["history"]["settings"]
    under = (
        f"{settings['false_alarms_per_month']:g} false alarms a month, changes from "
        f"{settings['smallest_change_points']:g} points"
    )
    runs, learning = found["runs"], found["learning_days"]
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>werwatch backtest</title>
<style>{STYLE}</style>
</head>
<body>
<h1>What these settings mean on this history</h1>
<p>{escape(found["from"])} to {escape(found["until"])}: {found["history"]["scored_utterances"]:,} scored
utterances in {found["days"]:.1f} days. Settings: {escape(under)}.</p>
<h2>What would have been raised</h2>
{_timeline(found)}
<h2>Alerts a month under other settings</h2>
{_settings_table(found)}
<p class="note">As it was: the history itself, with whatever changed in it. Nothing changed: {runs} histories
drawn from its sessions, each watched after {learning} days of learning; every alert there is a false one.</p>
<h2>The smallest rise that is noticed, by cohort</h2>
{_cohorts_table(found)}
<p class="note">Smallest of the injected rises, in WER points, that was noticed within so long in most of
{runs} runs, at the cohort's own volume. Judged: in how many runs it could be, after {learning} days.</p>
<h2>How long a rise goes unnoticed, by its size</h2>
<div class="plots">
{"".join(_delays(cohort) for cohort in found["cohorts"])}
</div>
<p class="note">A pale dot is a run, the line their median. A ring at the top: missed for 30 days in half of
the runs or more. Errors are injected evenly into all of a cohort's utterances; a real change hits some
speakers more than others and is noticed later.</p>
</body>
</html>
"""


def _settings_table(found: dict[str, Any]) -> str:
    own = found["history"]["settings"]
    rows = []
    for each in found["settings"]:
        is_own = all(each[name] == own[name] for name in ("false_alarms_per_month", "smallest_change_points"))
        cells = (
            f"{each['false_alarms_per_month']:g}",
            f"{each['smallest_change_points']:g}",
            f"{each['alerts_a_month']:.2f}",
            f"{each['pages']}",
            f"{each['alarms_a_month_with_nothing_changed']:.2f}",
        )
        rows.append(_row(cells, "own" if is_own else ""))
    heads = ("budget a month", "smallest change", "as it was", "pages in all", "nothing changed")
    return _table(heads, rows)


def _cohorts_table(found: dict[str, Any]) -> str:
    rows = []
    for each in found["cohorts"]:
        noticed = each["smallest_noticed_points"].values()
        smallest = ["&ndash;" if points is None else f"+{points:g}" for points in noticed]
        cells = (
            escape(each["cohort"]),
            f"{each['scored_utterances_a_day']:.1f}",
            f"{100 * each['wer']:.1f} %",
            *smallest,
            f"{100 * each['judged_in']:.0f} %",
        )
        rows.append(_row(cells))
    return _table(("cohort", "scored a day", "WER", "1 day", "7 days", "30 days", "judged"), rows)


def _table(heads: Sequence[str], rows: Sequence[str]) -> str:
    head = "".join(f"<th>{name}</th>" for name in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _row(cells: Sequence[str], kind: str = "") -> str:
    return f'<tr class="{kind}">{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def _timeline(found: dict[str, Any]) -> str:
    events = [event for event in found["history"]["events"] if event["state"] != "resolved"]
    if not events:
        return "<p>Nothing.</p>"
    names = sorted({event["cohort"] or "all cohorts" for event in events})
    width, left = 900, 150
    begin, end = (datetime.fromisoformat(found[name]).timestamp() for name in ("from", "until"))

    def across(moment: str) -> float:
        share = (datetime.fromisoformat(moment).timestamp() - begin) / max(end - begin, 1.0)
        return left + (width - left - 20) * share

    parts = []
    for place, name in enumerate(names):
        y = ROW * (place + 1)
        parts.append(f'<line class="grid" x1="{left}" x2="{width - 20}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{escape(name[:22])}</text>')
    for event in events:
        y = ROW * (names.index(event["cohort"] or "all cohorts") + 1)
        kind = event["severity"] if event["state"] == "firing" else "noted"
        mark = f'<circle class="{kind}" cx="{across(event["detected_at"]):.1f}" cy="{y}" r="5">'
        parts.append(f"{mark}<title>{escape(event['title'])}</title></circle>")
    bottom = ROW * (len(names) + 1)
    parts.append(f'<text x="{left}" y="{bottom + 4}">{escape(found["from"][:10])}</text>')
    parts.append(
        f'<text x="{width - 20}" y="{bottom + 4}" text-anchor="end">{escape(found["until"][:10])}</text>'
    )
    rows = [
        _row((escape(event["detected_at"]), _word(event), escape(event["title"])), "text") for event in events
    ]
    svg = _svg(width, bottom + 12, "Alerts over time", parts)
    legend = '<p class="note">Red: pages. Amber: tickets. Grey: notes, which wake nobody.</p>'
    return f"{svg}{legend}{_table(('detected', 'as', 'what'), rows)}"


def _word(event: dict[str, Any]) -> str:
    return str(event["severity"]) if event["state"] == "firing" else "note"


def _delays(cohort: dict[str, Any]) -> str:
    changes = cohort["changes"]
    if not changes or not cohort["judged_in"]:
        return (
            f"<figure><figcaption>{escape(cohort['cohort'])}</figcaption>"
            f'<p class="note">Cannot be judged at this volume.</p></figure>'
        )
    most = max(change["points"] for change in changes)

    def x(points: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * points / float(most)

    parts = []
    for days, name in TICKS:
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{_y(days)}" y2="{_y(days)}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{_y(days) + 4}" text-anchor="end">{name}</text>')
    medians = []
    for change in changes:
        at = x(change["points"])
        parts.append(
            f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{change["points"]:g}</text>'
        )
        parts += [
            f'<circle class="run" cx="{at:.1f}" cy="{_y(delay):.1f}" r="3"/>'
            for delay in change["delays_days"]
            if delay is not None
        ]
        if change["median_delay_days"] is None:
            parts.append(f'<circle class="missed" cx="{at:.1f}" cy="{TOP}" r="4"/>')
        else:
            medians.append((at, _y(change["median_delay_days"])))
    line = " ".join(f"{at:.1f},{y:.1f}" for at, y in medians)
    parts.append(f'<polyline class="line" points="{line}"/>')
    parts += [f'<circle class="point" cx="{at:.1f}" cy="{y:.1f}" r="3.5"/>' for at, y in medians]
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 4}" text-anchor="middle">rise, WER points</text>')
    svg = _svg(WIDTH, HEIGHT, f"Delay by rise for {cohort['cohort']}", parts)
    return f"<figure><figcaption>{escape(cohort['cohort'])}</figcaption>{svg}</figure>"


def _y(days: float) -> float:
    """Where a delay is drawn: on a scale of logarithms, the longest at the top."""
    kept = min(max(days, SHORTEST_DAYS), LONGEST_DAYS)
    share = math.log(kept / SHORTEST_DAYS) / math.log(LONGEST_DAYS / SHORTEST_DAYS)
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - share), 1)


def _svg(width: int, height: int, label: str, parts: Sequence[str]) -> str:
    return (
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )
