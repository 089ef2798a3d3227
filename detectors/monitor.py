"""All cohorts, all signals: one deterministic state machine from scored utterances to events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from detectors.block import Block, BlockBuilder, ResidualSums
from detectors.choices import OWN, decider
from detectors.cohort import Cohort, CohortView
from detectors.comparison import Comparison
from detectors.differential import DifferentialDetector
from detectors.event import Change, Event, Signal
from detectors.everybody import EverybodyDetector
from detectors.evidence import Effect
from detectors.mix import RestLevel, rest_level
from detectors.rates import RateWatch
from detectors.settings import DIFFERENTIAL_SHARE, GLOBAL_SHARE, RATES_SHARE, STANDING_SHARE, MonitorSettings
from detectors.standing import StandingDetector
from detectors.state import dump, load
from detectors.tally import Tally
from detectors.unit import ScoredUtterance, Unit, UnitTracker
from detectors.wer import WindowedWER

__all__ = ["Monitor", "MonitorSettings"]

STATE_VERSION = 2
UNITS_BETWEEN_SWEEPS = 16
"""How often the blocks of all cohorts are looked at: an idle one's would never close otherwise."""


@dataclass(slots=True)
class MonitorState:
    """Everything that the monitor remembers between two utterances.

    ``normalisers`` are the versions of the normaliser seen so far: the last one is judged, the others' late
    utterances are only counted.
    """

    everybody: EverybodyDetector
    tracker: UnitTracker = field(default_factory=UnitTracker)
    cohorts: dict[str, Cohort] = field(default_factory=dict)
    residuals: ResidualSums = field(default_factory=ResidualSums)
    healthy: Tally = field(default_factory=Tally)
    normalisers: list[str] = field(default_factory=list)
    observed: int = 0


class Monitor:
    """Watches every cohort for ever; a deterministic function of the utterances in their order.

    Examples
    --------
    >>> from detectors.alignment import ErrorCounts
    >>> monitor = Monitor(MonitorSettings(false_alarms_per_month=2))
    >>> counts = ErrorCounts(substitutions=1, deletions=0, insertions=0, hits=9)
    >>> monitor.update(ScoredUtterance("en-GB", at_s=0.0, counts=counts, speaker="ann"))
    []
    >>> [view] = monitor.views()
    >>> view.cohort, view.readiness.value, view.wer["all"].value
    ('en-GB', 'learning', 0.1)
    """

    def __init__(self, settings: MonitorSettings) -> None:
        self.settings = settings
        rate = GLOBAL_SHARE * settings.false_alarms_per_day
        self._state = MonitorState(EverybodyDetector(settings.smallest_change, rate))

    @property
    def now_s(self) -> float:
        """The stream's time: the latest ``at_s`` seen."""
        return self._state.tracker.now_s

    @property
    def everybody(self) -> EverybodyDetector:
        """The detector of global changes."""
        return self._state.everybody

    def update(self, scored: ScoredUtterance) -> list[Event]:
        """Take the next scored utterance; return what it made certain, in order."""
        self._cohort(scored.cohort).count(scored)
        events: list[Event] = []
        known = self._state.normalisers
        if scored.normaliser not in known:
            if known:
                events += self.rebaseline()
            known.append(scored.normaliser)
        elif scored.normaliser != known[-1]:
            return events
        for unit in self._state.tracker.add(scored):
            events += self._complete(unit)
        return events

    def rebaseline(self, cohort: str | None = None) -> list[Event]:
        """Let what comes from now on be the new normal, for one cohort or for all.

        Returns
        -------
        The ends of the alarms that lasted: they rested on the old baseline.
        """
        state, now_s = self._state, self.now_s
        events: list[Event] = []
        state.tracker.drop(cohort)
        for name, watched in state.cohorts.items():
            if cohort in (None, name):
                events += [
                    self._event(signal, Change.REBASED, watched, effect, now_s)
                    for signal, effect in watched.alarms()
                ]
                watched.forget_baseline()
                self.everybody.leave(name)
        if cohort is None:
            if self.everybody.alarm is not None:
                events.append(self._event(Signal.GLOBAL, Change.REBASED, None, self.everybody.alarm, now_s))
            self.everybody.end_alarm()
            state.healthy = Tally()
        return events

    def announce(self, about: str) -> list[Event]:
        """Judge what comes from now on against what was before: a planned change, of this description.

        Every cohort that can be judged and is not in alarm gets a verdict (`Signal.PLANNED`) in place of
        alarms; then what it became is its new normal. A new announcement replaces one that is not decided
        yet.

        Returns
        -------
        The end of an alarm about everybody, if one lasted: what follows is compared with before it.
        """
        events = []
        if self.everybody.alarm is not None:
            events.append(self._event(Signal.GLOBAL, Change.REBASED, None, self.everybody.alarm, self.now_s))
            self.everybody.end_alarm()
        for cohort in self._state.cohorts.values():
            detector = cohort.detector
            if detector is not None and cohort.level.can_judge and not detector.in_alarm:
                assert cohort.blocks is not None
                baseline, smallest = detector.own_baseline, self.settings.smallest_change
                cohort.comparison = Comparison(about, self.now_s, smallest, baseline.mean, baseline.precision)
                cohort.blocks = BlockBuilder(
                    self.now_s, joins_rest=False, rest_start=self._state.residuals.copy()
                )
                self.everybody.leave(cohort.name)
        return events

    def views(self) -> list[CohortView]:
        """What there is to show of every cohort, by name."""
        open_units: dict[str, list[Unit]] = {}
        for unit in self._state.tracker.open.values():
            open_units.setdefault(unit.cohort, []).append(unit)
        cohorts = sorted(self._state.cohorts.items())
        return [cohort.view(self.now_s, open_units.get(name, [])) for name, cohort in cohorts]

    @property
    def can_be_saved(self) -> bool:
        """Whether `to_state` holds everything; a river decider's own state is not included."""
        return self.settings.detector == OWN

    def to_state(self) -> dict[str, Any]:
        """JSON-ready state; `from_state` of the same settings continues exactly where it was taken."""
        return {"version": STATE_VERSION, "settings": dump(self.settings), "state": dump(self._state)}

    @classmethod
    def from_state(cls, state: dict[str, Any], settings: MonitorSettings) -> Monitor:
        """The monitor whose state `to_state` gave.

        Raises
        ------
        ValueError
            If the state is of another version or other settings; then feed the history again.
        """
        if state.get("version") != STATE_VERSION or state.get("settings") != dump(settings):
            raise ValueError("the state was saved under other settings or by another version")
        monitor = cls(settings)
        monitor._state = load(MonitorState, state["state"])
        return monitor

    def _cohort(self, name: str) -> Cohort:
        cohort = self._state.cohorts.get(name)
        if cohort is None:
            cohort = self._state.cohorts[name] = Cohort(name, WindowedWER(self.settings.window_s))
        return cohort

    def _complete(self, unit: Unit) -> list[Event]:
        cohort = self._cohort(unit.cohort)
        cohort.complete(unit, self.now_s)
        events = self._judge_rates(cohort, unit)
        if unit.tally.reference_words == 0:
            return events
        if not self.everybody.in_alarm:
            self._state.healthy.merge(unit.tally)
        if cohort.level.is_learned:
            return events + self._observe(cohort, unit)
        cohort.healthy.merge(unit.tally)
        cohort.level.learn(unit)
        if cohort.level.is_learned:
            self._start_watching(cohort)
        return events

    def _observe(self, cohort: Cohort, unit: Unit) -> list[Event]:
        level, blocks, detector = cohort.level, cohort.blocks, cohort.detector
        assert blocks is not None
        assert detector is not None
        expected = level.expect(unit)
        if blocks.joins_rest:
            self._state.residuals.add(unit, level.level, expected)
        blocks.add_own(unit, level.level, expected, is_judged=level.counts(expected))
        was_settled = level.is_settled
        level.learn(unit, held=detector.is_suspicious or self.everybody.in_alarm)
        events = self._close(cohort)
        if level.is_settled and not was_settled and not (detector.in_alarm or cohort.comparison):
            self._start_watching(cohort)
        if cohort.ready_s is None and level.can_judge:
            cohort.ready_s = self.now_s
        self._state.observed += 1
        if self._state.observed % UNITS_BETWEEN_SWEEPS == 0:
            for other in self._state.cohorts.values():
                if other.blocks is not None:
                    events += self._close(other)
        return events

    def _close(self, cohort: Cohort) -> list[Event]:
        blocks, detector = cohort.blocks, cohort.detector
        assert blocks is not None
        assert detector is not None
        has_rest = any(
            other.blocks is not None and other.blocks.joins_rest
            for other in self._state.cohorts.values()
            if other is not cohort
        )
        block = blocks.close(self._state.residuals, cohort.level, self.now_s, has_rest=has_rest)
        if block is None:
            return []
        if cohort.comparison is not None:
            return self._compare(cohort, cohort.comparison, block)
        events = self._judge(cohort, detector, block)
        blocks.joins_rest = not detector.in_alarm
        return events

    def _compare(self, cohort: Cohort, comparison: Comparison, block: Block) -> list[Event]:
        verdict = comparison.update(block) if block.has_own else None
        if verdict is None:
            return []
        effect = comparison.effect
        event = self._event(Signal.PLANNED, verdict, cohort, effect, block.ended_s, about=comparison.about)
        cohort.comparison = None
        cohort.level.move(comparison.mean + effect.estimate, comparison.gathered)
        cohort.healthy = comparison.since.copy()
        self._start_watching(cohort)
        return [event]

    def _start_watching(self, cohort: Cohort) -> None:
        own_variance = cohort.level.level_variance
        rest = self._rest_of(cohort)
        rest_variance = rest.variance if rest else own_variance
        rest_mean = rest.mean if rest else 0.0
        cohort.blocks = BlockBuilder(self.now_s, rest_start=self._state.residuals.copy())
        self.everybody.watch(cohort.name, own_variance, rest_variance, rest_mean=rest_mean)
        cohort.detector = DifferentialDetector(
            self.settings.smallest_change,
            own_variance=own_variance,
            rest_variance=rest_variance,
            rest_mean=rest_mean,
            decider=decider(self.settings.detector),
        )
        cohort.standing = StandingDetector.start(self.settings.smallest_change, 0.0)
        cohort.ready_s = self.now_s if cohort.level.can_judge else None
        self._share_budget()

    def _share_budget(self) -> None:
        watched = [cohort for cohort in self._state.cohorts.values() if cohort.detector is not None]
        a_day = self.settings.false_alarms_per_day
        for cohort in watched:
            assert cohort.detector is not None
            assert cohort.standing is not None
            rest = self._rest_of(cohort)
            rest_at = rest.level if rest else cohort.level.level
            ratio = cohort.level.level / rest_at
            cohort.detector.share_budget(DIFFERENTIAL_SHARE * a_day / len(watched), ratio)
            variance = cohort.level.level_variance + (rest.variance if rest else 0.0)
            gap = cohort.level.level - rest_at - self.settings.tolerated_gap
            cohort.standing.know(STANDING_SHARE * a_day / len(watched), gap, 1.0 / variance)

    def _rest_of(self, cohort: Cohort) -> RestLevel | None:
        return rest_level([other for other in self._state.cohorts.values() if other is not cohort])

    def _judge_rates(self, cohort: Cohort, unit: Unit) -> list[Event]:
        rate = RATES_SHARE * self.settings.false_alarms_per_day / (2 * len(self._state.cohorts))
        events = []
        for signal, count in ((Signal.LOOPS, unit.tally.loops), (Signal.EMPTIES, unit.tally.empties)):
            watch = cohort.rates.get(signal.value)
            if watch is None:
                watch = cohort.rates[signal.value] = RateWatch(self.settings.smallest_change, rate)
            watch.set_rate(rate)
            found = watch.update(count, unit.tally, unit.started_s, self.now_s)
            if found is not None:
                events.append(self._event(signal, found[0], cohort, found[1], self.now_s))
        return events

    def _judge(self, cohort: Cohort, detector: DifferentialDetector, block: Block) -> list[Event]:
        cohort.observe(block)
        events = []
        everybody = self.everybody.update(cohort.name, block, learn=not detector.in_alarm)
        if everybody is not None:
            change, effect = everybody
            if change is not Change.RECOVERED:
                self._state.healthy.remove(effect.since)
            events.append(self._event(Signal.GLOBAL, change, None, effect, block.ended_s))
            if change is Change.IMPROVED:
                self._move_levels(effect.estimate)
                self._state.healthy = effect.since.copy()
        if block.has_rest and block.has_own:
            events += self._judge_differential(cohort, detector, block)
            events += self._judge_standing(cohort, block)
        return events

    def _move_levels(self, shift: float) -> None:
        for cohort in self._state.cohorts.values():
            if cohort.detector is not None:
                cohort.level.move(shift)
                cohort.detector.level_moved(shift)

    def _judge_differential(
        self, cohort: Cohort, detector: DifferentialDetector, block: Block
    ) -> list[Event]:
        was_in_alarm, effect = detector.in_alarm, detector.effect()
        detector.update(block, learn=not self.everybody.in_alarm)
        if not was_in_alarm:
            cohort.healthy.merge(block.tally)
        if detector.level_shift:
            cohort.level.move(detector.level_shift)
        change = detector.change
        if change is None:
            return []
        if change is not Change.RECOVERED:
            effect = detector.effect()
            cohort.healthy.remove(effect.since)
        event = self._event(Signal.DIFFERENTIAL, change, cohort, effect, block.ended_s)
        if change is Change.IMPROVED:
            cohort.healthy = effect.since.copy()
        return [event]

    def _judge_standing(self, cohort: Cohort, block: Block) -> list[Event]:
        found = cohort.standing.update(block) if cohort.standing is not None else None
        if found is None:
            return []
        change, above = found
        tolerated = self.settings.tolerated_gap
        gap = Effect(
            above.onset_s,
            above.estimate + tolerated,
            above.lower + tolerated,
            above.upper + tolerated,
            above.since,
        )
        return [self._event(Signal.STANDING, change, cohort, gap, block.ended_s)]

    def _event(
        self,
        signal: Signal,
        change: Change,
        cohort: Cohort | None,
        effect: Effect,
        detected_s: float,
        about: str = "",
    ) -> Event:
        state, cohorts = self._state, [cohort] if cohort is not None else self._state.cohorts.values()
        onset = effect.onset_s, effect.onset_s
        if signal is Signal.DIFFERENTIAL and cohort is not None and cohort.detector is not None:
            onset = cohort.detector.onset_interval()
        elif signal is Signal.GLOBAL:
            onset = self.everybody.onset_interval
        return Event(
            signal=signal,
            change=change,
            cohort=cohort.name if cohort is not None else None,
            onset_s=effect.onset_s,
            onset_earliest_s=min(onset[0], effect.onset_s),
            onset_latest_s=max(onset[1], effect.onset_s),
            detected_s=detected_s,
            effect_points=100.0 * effect.estimate,
            lower_points=100.0 * effect.lower,
            upper_points=100.0 * effect.upper,
            before=(cohort.healthy if cohort is not None else state.healthy).copy(),
            after=effect.since.copy(),
            evidence=1.0,
            during_global=signal is Signal.DIFFERENTIAL and self.everybody.in_alarm,
            false_alarms_per_month=self.settings.false_alarms_per_month,
            guarantee_held=all(c.level.speakers_known for c in cohorts),
            about=about,
        )
