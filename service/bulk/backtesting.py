"""What settings would mean: on the history as it was, and on histories drawn from it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from detectors.backtesting.backtest import (
    WITHIN_DAYS,
    CohortOutlook,
    Noticed,
    Quiet,
    backtest,
    variants_of,
)
from detectors.block import SECONDS_A_DAY
from detectors.settings import DAYS_A_MONTH, MonitorSettings
from detectors.unit import ScoredUtterance
from service.alerts.facts import rfc3339
from service.bulk.replaying import Replayed, as_json, replay
from service.errors import StartError
from service.store.history import History
from service.watching.course import ROWS_AT_ONCE, scored_utterance

REPLAYING = 0.1
"""About which share of the work the replays of the history itself are."""


def run(
    history: History,
    settings: MonitorSettings,
    budgets: Sequence[float],
    smallest: Sequence[float],
    *,
    runs: int,
    seed: int,
    note_done: Callable[[float], None],
) -> dict[str, Any]:
    """Everything that there is to say, ready for JSON.

    Parameters
    ----------
    budgets, smallest
        False alarms a month, and smallest changes in WER points, to be tried beside those of the settings.
    runs, seed
        How many histories are drawn, and by which chance: the same seed gives the same outcome.
    note_done
        Is told which share of the work is done, from 0 to 1.

    Raises
    ------
    StartError
        If nothing in the history feeds detection.
    """
    utterances = _utterances(history)
    if not utterances:
        raise StartError(
            "nothing in the history feeds detection: references need one of detection.selections and "
            "detection.reference_kinds"
        )
    times = [scored.at_s for scored in utterances]
    days = max((max(times) - min(times)) / SECONDS_A_DAY, 1.0)
    variants = variants_of(settings, budgets, smallest)
    replays = []
    for index, variant in enumerate(variants):
        replays.append(replay(history, variant, lambda _: None))
        note_done(REPLAYING * (index + 1) / len(variants))
    tested = backtest(
        utterances,
        settings,
        variants,
        runs=runs,
        seed=seed,
        note_done=lambda share: note_done(REPLAYING + (1.0 - REPLAYING) * share),
    )
    own = next(replayed for variant, replayed in zip(variants, replays, strict=True) if variant == settings)
    return {
        "from": rfc3339(min(times)),
        "until": rfc3339(max(times)),
        "days": round(days, 2),
        "history": as_json(own, settings),
        "runs": tested.runs,
        "seed": tested.seed,
        "learning_days": tested.learning_days,
        "settings": [
            _settings(quiet, replayed, variant, days)
            for quiet, replayed, variant in zip(tested.quiet, replays, variants, strict=True)
        ],
        "cohorts": [_cohort(outlook) for outlook in tested.cohorts],
    }


def as_text(found: dict[str, Any]) -> str:
    """The tables for people."""
    return "\n".join([*_settings_table(found), "", *_cohorts_table(found)])


def _utterances(history: History) -> list[ScoredUtterance]:
    found: list[ScoredUtterance] = []
    seq = 0
    while rows := history.scored_after(seq, ROWS_AT_ONCE):
        found += [scored_utterance(row) for row in rows]
        seq = rows[-1].seq
    return found


def _settings(quiet: Quiet, replayed: Replayed, variant: MonitorSettings, days: float) -> dict[str, Any]:
    alerts = [event for event in as_json(replayed, variant)["events"] if event["state"] == "firing"]
    pages = sum(event["severity"] == "page" for event in alerts)
    return {
        "false_alarms_per_month": quiet.false_alarms_per_month,
        "smallest_change_points": quiet.smallest_change_points,
        "alerts": len(alerts),
        "pages": pages,
        "alerts_a_month": round(DAYS_A_MONTH * len(alerts) / days, 3),
        "alarms_a_month_with_nothing_changed": round(quiet.a_month, 3),
        "alarms_with_nothing_changed": quiet.alarms,
        "days_with_nothing_changed": quiet.days,
    }


def _cohort(outlook: CohortOutlook) -> dict[str, Any]:
    return {
        "cohort": outlook.cohort,
        "scored_utterances_a_day": round(outlook.utterances_a_day, 2),
        "wer": round(outlook.wer, 4),
        "judged_in": round(outlook.judged / outlook.runs, 3),
        "smallest_noticed_points": {f"{days:g}d": outlook.smallest_within(days) for days in WITHIN_DAYS},
        "changes": [_change(each) for each in outlook.changes],
    }


def _change(noticed: Noticed) -> dict[str, Any]:
    return {
        "points": noticed.points,
        "median_delay_days": _finite(noticed.median_days),
        "noticed_within_30d": round(noticed.share_within(WITHIN_DAYS[-1]), 3),
        "delays_days": [_finite(delay) for delay in noticed.delays_days],
    }


def _finite(days: float) -> float | None:
    return round(days, 3) if math.isfinite(days) else None


def _settings_table(found: dict[str, Any]) -> list[str]:
    days = f"in these {found['days']:.1f} days, and in ones drawn from them with nothing changed"
    heads = "budget a month  from points  as it was  pages  nothing changed"
    lines = [f"Alerts a month, {days}", "", heads]
    for each in found["settings"]:
        budget, points = each["false_alarms_per_month"], each["smallest_change_points"]
        quiet = each["alarms_a_month_with_nothing_changed"]
        own = f"{each['alerts_a_month']:9.2f}  {each['pages']:5}"
        lines.append(f"{budget:14g}  {points:11g}  {own}  {quiet:15.2f}")
    return lines


def _cohorts_table(found: dict[str, Any]) -> list[str]:
    budget = f"{found['history']['settings']['false_alarms_per_month']:g} false alarms a month"
    title = f"The smallest rise that is noticed, in most of {found['runs']} runs, at {budget}"
    lines = [title, "", f"{'cohort':24}   a day   WER %   1 day  7 days  30 days  judged"]
    for each in found["cohorts"]:
        noticed = each["smallest_noticed_points"].values()
        day, week, month = ("-" if points is None else f"+{points:g}" for points in noticed)
        volume = f"{each['scored_utterances_a_day']:6.1f}  {100 * each['wer']:6.1f}"
        judged = f"{100 * each['judged_in']:4.0f} %"
        lines.append(f"{each['cohort'][:24]:24}  {volume}  {day:>6}  {week:>6}  {month:>7}  {judged}")
    return lines
