"""All cohorts, all signals: one deterministic state machine from scored utterances to events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from detectors.block import Block, BlockBuilder, ResidualSums
from detectors.choices import DECIDERS, OWN
from detectors.cohort import Cohort, CohortView
from detectors.differential import DifferentialDetector
from detectors.event import Change, Event, Signal
from detectors.everybody import EverybodyDetector
from detectors.evidence import Effect
from detectors.state import dump, load
from detectors.tally import Tally
from detectors.unit import ScoredUtterance, Unit, UnitTracker
from detectors.wer import WindowedWER

DAYS_A_MONTH = 30.0
DIFFERENTIAL_SHARE = 0.6
GLOBAL_SHARE = 0.2
STATE_VERSION = 1


@dataclass(frozen=True, slots=True)
class MonitorSettings:
    """What the operator decides.

    Parameters
    ----------
    false_alarms_per_month
        Tolerated false alarms over all cohorts and signals together, in 30 days of the stream's time. 60 %
        of it is shared evenly by the cohorts' differentials, 20 % is for global alarms; the remaining 20 %
        belongs to the signal on standing gaps, which is not raised yet.
    smallest_change_points
        The smallest rise worth waking someone for, in WER points.
    window_s
        Length of the windowed WER in seconds.
    detector
        ``evidence``, or one of river's detectors by name (see `detectors.choices`), which then decides on
        the same differential blocks without the budget's promise.

    Raises
    ------
    ValueError
        If a number is not above 0 or the detector is unknown.
    """

    false_alarms_per_month: float = 1.0
    smallest_change_points: float = 5.0
    window_s: float = 86_400.0
    detector: str = OWN

    def __post_init__(self) -> None:
        for name in ("false_alarms_per_month", "smallest_change_points", "window_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: expected more than 0, got {getattr(self, name)}")
        if self.detector not in DECIDERS:
            raise ValueError(f"detector: expected one of {', '.join(DECIDERS)}, got {self.detector!r}")

    @property
    def smallest_change(self) -> float:
        """Delta as a ratio."""
        return self.smallest_change_points / 100.0

    @property
    def false_alarms_per_day(self) -> float:
        """A, in the unit that the detectors use."""
        return self.false_alarms_per_month / DAYS_A_MONTH


@dataclass(slots=True)
class MonitorState:
    """Everything that the monitor remembers between two utterances."""

    tracker: UnitTracker = field(default_factory=UnitTracker)
    cohorts: dict[str, Cohort] = field(default_factory=dict)
    residuals: ResidualSums = field(default_factory=ResidualSums)
    healthy: Tally = field(default_factory=Tally)
    everybody: EverybodyDetector | None = None


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
        self._state = MonitorState(
            everybody=EverybodyDetector(
                settings.smallest_change, GLOBAL_SHARE * settings.false_alarms_per_day
            )
        )

    @property
    def now_s(self) -> float:
        """The stream's time: the latest ``at_s`` seen."""
        return self._state.tracker.now_s

    @property
    def everybody(self) -> EverybodyDetector:
        """The detector of global changes."""
        assert self._state.everybody is not None
        return self._state.everybody

    def update(self, scored: ScoredUtterance) -> list[Event]:
        """Take the next scored utterance; return what it made certain, in order."""
        self._cohort(scored.cohort).count(scored)
        events: list[Event] = []
        for unit in self._state.tracker.add(scored):
            events += self._complete(unit)
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
        if unit.tally.reference_words == 0:
            return []
        cohort = self._cohort(unit.cohort)
        cohort.complete(unit, self.now_s)
        if not self.everybody.in_alarm:
            self._state.healthy.merge(unit.tally)
        if not cohort.level.is_learned:
            cohort.healthy.merge(unit.tally)
            cohort.level.learn(unit)
            if cohort.level.is_learned:
                self._start_watching(cohort)
            return []
        assert cohort.blocks is not None
        self._state.residuals.add(unit, cohort.level)
        cohort.blocks.add_own(unit, cohort.level)
        if not cohort.detector or not (cohort.detector.in_alarm or self.everybody.in_alarm):
            cohort.level.learn(unit)
        has_rest = len(self.everybody.owns) > 1
        block = cohort.blocks.close(self._state.residuals, cohort.level, self.now_s, has_rest=has_rest)
        return self._judge(cohort, block) if block else []

    def _start_watching(self, cohort: Cohort) -> None:
        cohort.blocks = BlockBuilder(self.now_s, self._state.residuals.copy())
        own_variance, rest_variance = cohort.level.level_variance, self._rest_variance(cohort)
        self.everybody.watch(cohort.name, own_variance, rest_variance)
        cohort.detector = DifferentialDetector(
            self.settings.smallest_change,
            own_variance=own_variance,
            differential_variance=own_variance + rest_variance,
            decider=DECIDERS[self.settings.detector](),
        )
        watched = [c.detector for c in self._state.cohorts.values() if c.detector is not None]
        for detector in watched:
            detector.share_budget(DIFFERENTIAL_SHARE * self.settings.false_alarms_per_day / len(watched))

    def _rest_variance(self, cohort: Cohort) -> float:
        others = [
            c.level for c in self._state.cohorts.values() if c.name != cohort.name and c.level.is_learned
        ]
        weight = sum(level.weight for level in others)
        if not weight:
            return cohort.level.level_variance
        return sum((level.weight / weight) ** 2 * level.level_variance for level in others)

    def _judge(self, cohort: Cohort, block: Block) -> list[Event]:
        cohort.observe(block)
        events = []
        if self.everybody.update(cohort.name, block):
            events.append(self._global_event(Change.DEGRADED, block))
        elif self.everybody.has_recovered:
            events.append(self._global_event(Change.RECOVERED, block))
            self.everybody.end_alarm()
        if block.has_rest and cohort.detector is not None:
            events += self._judge_differential(cohort, cohort.detector, block)
        return events

    def _judge_differential(
        self, cohort: Cohort, detector: DifferentialDetector, block: Block
    ) -> list[Event]:
        was_in_alarm = detector.in_alarm
        effect = detector.effect()
        detector.update(block, learn=not self.everybody.in_alarm)
        if not was_in_alarm:
            cohort.healthy.merge(block.tally)
        if detector.drift_detected:
            cohort.healthy.remove(detector.effect().since)
            return [self._differential_event(Change.DEGRADED, cohort, detector.effect(), block)]
        if detector.recovered:
            return [self._differential_event(Change.RECOVERED, cohort, effect, block)]
        return []

    def _differential_event(self, change: Change, cohort: Cohort, effect: Effect, block: Block) -> Event:
        return self._event(
            Signal.DIFFERENTIAL,
            change,
            cohort.name,
            effect,
            block,
            before=cohort.healthy.copy(),
            guarantee_held=cohort.level.speakers_known,
        )

    def _global_event(self, change: Change, block: Block) -> Event:
        effect = self.everybody.alarm
        assert effect is not None
        if change is Change.DEGRADED:
            self._state.healthy.remove(effect.since)
        return self._event(
            Signal.GLOBAL,
            change,
            None,
            effect,
            block,
            before=self._state.healthy.copy(),
            guarantee_held=all(c.level.speakers_known for c in self._state.cohorts.values()),
        )

    def _event(
        self,
        signal: Signal,
        change: Change,
        cohort: str | None,
        effect: Effect,
        block: Block,
        *,
        before: Tally,
        guarantee_held: bool,
    ) -> Event:
        return Event(
            signal=signal,
            change=change,
            cohort=cohort,
            onset_s=effect.onset_s,
            detected_s=block.ended_s,
            effect_points=100.0 * effect.estimate,
            lower_points=100.0 * effect.lower,
            upper_points=100.0 * effect.upper,
            before=before,
            after=effect.since.copy(),
            evidence=1.0,
            during_global=signal is Signal.DIFFERENTIAL and self.everybody.in_alarm,
            false_alarms_per_month=self.settings.false_alarms_per_month,
            guarantee_held=guarantee_held,
        )
