"""What settings mean on one's own history, re-sampled: false alarms, and what would be noticed when."""

from __future__ import annotations

import copy
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from detectors.backtesting.resampling import Injection, Resampler, sessions_of
from detectors.block import SECONDS_A_DAY
from detectors.event import Change, Event, Signal
from detectors.monitor import Monitor
from detectors.settings import DAYS_A_MONTH, MonitorSettings
from detectors.tally import Tally
from detectors.unit import ScoredUtterance

WITHIN_DAYS = (1.0, 7.0, 30.0)
WATCHED_DAYS = 30
"""How long a change lasts that is to be noticed."""
CHANGES = (0.6, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
"""Injected rises, in smallest changes."""
LONGEST_DAYS, SHORTEST_DAYS, ENOUGH_UTTERANCES = 30, 5, 20_000
"""How long the monitor learns before a change, and is watched without one: at a large volume fewer days."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """When a rise of a cohort was noticed: days after its beginning, a run each; infinite if it was not."""

    points: float
    delays_days: tuple[float, ...]

    @property
    def median_days(self) -> float:
        """Infinite if it was missed in half of the runs or more."""
        return statistics.median(self.delays_days)

    def share_within(self, days: float) -> float:
        """The share of runs in which it was noticed within so many days."""
        return sum(delay <= days for delay in self.delays_days) / len(self.delays_days)


@dataclass(slots=True)
class CohortOutlook:
    """What can be said of a cohort at its own volume.

    Parameters
    ----------
    wer
        As a ratio, errors capped at an utterance's words.
    judged
        In how many of the runs it could be judged at all when the change began.
    changes
        The rises that were injected, from the smallest.
    """

    cohort: str
    utterances_a_day: float
    wer: float
    runs: int = 0
    judged: int = 0
    changes: list[Noticed] = field(default_factory=list)

    def smallest_within(self, days: float) -> float | None:
        """The smallest injected rise, in points, that was noticed within so many days in most of the runs."""
        return next((each.points for each in self.changes if each.share_within(days) > 0.5), None)


@dataclass(frozen=True, slots=True)
class Quiet:
    """What was raised in re-sampled histories with nothing injected, under a pair of settings.

    ``alarms`` are of any signal, after the monitor had learned; ``days`` are those of all runs together.
    """

    false_alarms_per_month: float
    smallest_change_points: float
    alarms: int
    days: float

    @property
    def a_month(self) -> float:
        """Alarms in 30 days."""
        return DAYS_A_MONTH * self.alarms / self.days


@dataclass(frozen=True, slots=True)
class Backtest:
    """The outcome; `learning_days` is how long the monitor had watched before a change began."""

    runs: int
    seed: int
    learning_days: int
    utterances_a_day: float
    quiet: tuple[Quiet, ...]
    cohorts: tuple[CohortOutlook, ...]


def backtest(
    utterances: Sequence[ScoredUtterance],
    settings: MonitorSettings,
    variants: Sequence[MonitorSettings],
    *,
    runs: int,
    seed: int,
    note_done: Callable[[float], None] = lambda _: None,
) -> Backtest:
    """Re-sample a history and see what the monitor makes of it; the same seed gives the same outcome.

    Parameters
    ----------
    utterances
        The history, at least one utterance.
    settings
        Those under which changes are to be noticed.
    variants
        Those under which histories with nothing injected are watched.
    runs
        How many histories are drawn.
    note_done
        Is told now and then which share of the work is done, from 0 to 1.
    """
    sessions = sessions_of(utterances)
    a_day = Resampler(sessions, seed).utterances_a_day
    learning_days = quiet_days = _enough_days(a_day)
    outlooks = _outlooks(utterances)
    alarms = [0] * len(variants)
    steps = runs * (len(variants) + len(outlooks))
    done = 0
    for run in range(runs):
        resampler = Resampler(sessions, seed + run)
        before = list(resampler.days(0, learning_days))
        after = list(resampler.days(learning_days, WATCHED_DAYS))
        ends_s = resampler.first_s + (learning_days + quiet_days) * SECONDS_A_DAY
        quiet = [scored for scored in after if scored.at_s < ends_s]
        for index, variant in enumerate(variants):
            alarms[index] += _alarms(Monitor(variant), before, quiet)
            done += 1
            note_done(done / steps)
        monitor = Monitor(settings)
        for scored in before:
            monitor.update(scored)
        for outlook in outlooks:
            _look(outlook, monitor, after, seed + run)
            done += 1
            note_done(done / steps)
    days = float(runs * quiet_days)
    found = [
        Quiet(each.false_alarms_per_month, each.smallest_change_points, count, days)
        for each, count in zip(variants, alarms, strict=True)
    ]
    return Backtest(runs, seed, learning_days, a_day, tuple(found), tuple(outlooks))


def variants_of(
    settings: MonitorSettings, budgets: Sequence[float], smallest: Sequence[float]
) -> list[MonitorSettings]:
    """The settings under every budget and every smallest change, their own among them.

    >>> [each.false_alarms_per_month for each in variants_of(MonitorSettings(), [0.5, 1.0], [5.0])]
    [0.5, 1.0]
    """
    return [
        replace(settings, false_alarms_per_month=budget, smallest_change_points=points)
        for points in sorted({*smallest, settings.smallest_change_points})
        for budget in sorted({*budgets, settings.false_alarms_per_month})
    ]


def _enough_days(a_day: float) -> int:
    enough = math.ceil(ENOUGH_UTTERANCES / a_day) if a_day > 0 else LONGEST_DAYS
    return max(SHORTEST_DAYS, min(LONGEST_DAYS, enough))


def _outlooks(utterances: Sequence[ScoredUtterance]) -> list[CohortOutlook]:
    tallies: dict[str, Tally] = {}
    for scored in utterances:
        tallies.setdefault(scored.cohort, Tally()).count(scored.counts)
    times = [scored.at_s for scored in utterances]
    days = max((max(times) - min(times)) / SECONDS_A_DAY, 1.0)
    return [
        CohortOutlook(cohort, tally.utterances / days, tally.capped_errors / max(tally.reference_words, 1))
        for cohort, tally in sorted(tallies.items())
    ]


def _alarms(monitor: Monitor, before: Sequence[ScoredUtterance], quiet: Sequence[ScoredUtterance]) -> int:
    for scored in before:
        monitor.update(scored)
    events = [event for scored in quiet for event in monitor.update(scored)]
    return sum(event.change is Change.DEGRADED for event in events)


def _look(outlook: CohortOutlook, learned: Monitor, after: Sequence[ScoredUtterance], seed: int) -> None:
    """One run of all rises of a cohort, from the largest: what is missed of one is missed of smaller ones."""
    points = [factor * learned.settings.smallest_change_points for factor in CHANGES]
    if not outlook.changes:
        outlook.changes = [Noticed(each, ()) for each in points]
    outlook.runs += 1
    begin_s = after[0].at_s if after else 0.0
    is_judged = any(
        view.cohort == outlook.cohort and view.ready_s is not None and not view.in_alarm
        for view in learned.views()
    )
    outlook.judged += is_judged
    delay = 0.0
    for index in reversed(range(len(points))):
        injection = Injection.of(outlook.cohort, points[index], 1.0 - outlook.wer)
        if not is_judged:
            delay = math.inf
        elif delay < math.inf and injection is not None:
            delay = _delay(copy.deepcopy(learned), injection, after, begin_s, seed)
        known = outlook.changes[index]
        told = math.inf if injection is None else delay
        outlook.changes[index] = Noticed(known.points, (*known.delays_days, told))


def _delay(
    monitor: Monitor, injection: Injection, after: Sequence[ScoredUtterance], begin_s: float, seed: int
) -> float:
    for scored in injection.into(after, seed):
        for event in monitor.update(scored):
            if _names(event, injection.cohort):
                return (event.detected_s - begin_s) / SECONDS_A_DAY
    return math.inf


def _names(event: Event, cohort: str) -> bool:
    """Whether somebody would be told that the cohort, or everybody, got worse."""
    if event.change is not Change.DEGRADED:
        return False
    return event.signal is Signal.GLOBAL or (event.signal is Signal.DIFFERENTIAL and event.cohort == cohort)
