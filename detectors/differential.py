"""The detector of the differential signal: whether a cohort got worse than the rest did."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from river.base import DriftDetector

from detectors.block import Block
from detectors.event import Change
from detectors.evidence import (
    Baseline,
    Effect,
    EvidenceProcess,
    half_width,
    mirrored,
)
from detectors.naming import Naming, scale_of
from detectors.onset import OnsetTrail
from detectors.state import dump, load
from detectors.tally import Tally

PLAIN_VARIANCE = 0.01
PLAIN_ELAPSED_DAYS = 0.1
OWN_RISE = 1.0
"""Log likelihood ratio of a rise of the cohort's own from which a wider gap is not the rest's doing."""


@dataclass(slots=True)
class Alarm:
    """An alarm that lasts: its effect when it was raised, what was heard after it, and what would end it."""

    effect: Effect
    onset_interval: tuple[float, float]
    recovery: EvidenceProcess
    weight: float = 0.0
    weighted: float = 0.0
    heard: Tally = field(default_factory=Tally)


@dataclass(slots=True)
class DifferentialState:
    """What a `DifferentialDetector` remembers."""

    naming: Naming
    rest_fall: EvidenceProcess
    trail: OnsetTrail = field(default_factory=OnsetTrail)
    alarm: Alarm | None = None


class DifferentialDetector(DriftDetector):
    """Detects that a cohort got worse than the rest did; a river drift detector fed with `Block`.

    After an alarm a mirrored process on Delta/2 - (D - mu) watches for the return. Two findings are no
    alarms and end with the update that makes them: the cohort *improved* (its own level and its differential
    fell), or its *gap widened* (its differential rose while its own level did not, because the rest
    improved). After either the new state is the baseline.

    Parameters
    ----------
    smallest_change
        Delta, as a ratio: 0.05 is five WER points.
    false_alarms_per_day
        r, this cohort's share of the tolerated false alarms; the same rate bounds false recoveries.
    own_variance, rest_variance
        Variance of the baselines of O and R when monitoring starts, from the levels' standard errors.
    rest_mean
        Where R stands when monitoring starts.
    level_ratio
        b_c / b_rest.
    decider
        Another river detector that decides on D instead, without the budget's promise; the processes then
        only date and measure the rise. Its state is its own: see `can_be_saved`.

    Notes
    -----
    A plain number instead of a block, in any river pipeline, counts as D and O at once, observed a tenth of a
    day after the last one with a standard deviation of 0.1.

    Examples
    --------
    >>> import random
    >>> noise = random.Random(3)
    >>> detector = DifferentialDetector(smallest_change=0.05)
    >>> for step in range(400):
    ...     detector.update(noise.gauss(0.0 if step < 200 else 0.1, 0.1))
    ...     if detector.drift_detected:
    ...         print(step > 200, detector.effect().lower > 0)
    True True
    """

    def __init__(
        self,
        smallest_change: float = 0.05,
        false_alarms_per_day: float = 1.0 / 30.0,
        own_variance: float = 0.0004,
        rest_variance: float = 0.0001,
        rest_mean: float = 0.0,
        level_ratio: float = 1.0,
        decider: DriftDetector | None = None,
    ) -> None:
        super().__init__()
        self.smallest_change = smallest_change
        self.false_alarms_per_day = false_alarms_per_day
        self.own_variance = own_variance
        self.rest_variance = rest_variance
        self.rest_mean = rest_mean
        self.level_ratio = level_ratio
        self.decider = decider
        self._change: Change | None = None
        self._found: Effect | None = None
        self._level_shift = 0.0
        self._state = DifferentialState(
            Naming.start(
                smallest_change,
                false_alarms_per_day,
                own_variance=own_variance,
                rest_variance=rest_variance,
                rest_mean=rest_mean,
                scale=self.scale,
            ),
            EvidenceProcess(smallest_change, false_alarms_per_day),
        )

    @property
    def scale(self) -> float:
        """lambda."""
        return scale_of(self.level_ratio)

    @property
    def evidence(self) -> float:
        """The least of what must be shown, 1 is an alarm; 1 as long as the alarm lasts."""
        return 1.0 if self.in_alarm else self._state.naming.evidence

    @property
    def in_alarm(self) -> bool:
        """Whether an alarm was raised and no recovery was seen since."""
        return self._state.alarm is not None

    @property
    def is_suspicious(self) -> bool:
        """Whether an alarm lasts or there is evidence enough to stop learning."""
        return self.in_alarm or self._state.naming.is_suspicious

    @property
    def change(self) -> Change | None:
        """What the last update made certain."""
        return self._change

    @property
    def level_shift(self) -> float:
        """By how much the last update moved what is normal for the cohort's own level; mostly 0."""
        return self._level_shift

    @property
    def recovered(self) -> bool:
        """Whether the last update ended an alarm."""
        return self._change is Change.RECOVERED

    @property
    def can_be_saved(self) -> bool:
        """Whether `to_state` holds everything: not with another library's decider."""
        return self.decider is None

    @property
    def baseline(self) -> Baseline:
        """Where D stands when nothing has changed."""
        return self._state.naming.differential.baseline

    @property
    def own_baseline(self) -> Baseline:
        """Where O stands when nothing has changed."""
        return self._state.naming.own.baseline

    def update(self, x: float | Block, *, learn: bool = True, is_shared: bool = False) -> None:
        """Take a block, or a plain differential.

        ``learn=False`` keeps the baselines as they are, for example while everybody is in alarm.
        ``is_shared`` says that the rest is likely to have risen as well (see `detectors.naming`).
        """
        block = x if isinstance(x, Block) else _plain_block(x)
        self._state.naming.is_shared = is_shared
        self._change = self._found = None
        self._level_shift = 0.0
        alarm = self._state.alarm
        if alarm is not None:
            self._watch_for_recovery(alarm, block)
        else:
            self._observe(block, learn=learn)
            self._change = self._finding(block)
        self._drift_detected = self._change is Change.DEGRADED

    @property
    def is_near(self) -> bool:
        """Whether one more block could be the last that an alarm needs."""
        return self.decider is None and not self.in_alarm and self._state.naming.is_near

    def would_alarm(self, block: Block) -> bool:
        """Whether an update with this block would raise an alarm; nothing is changed."""
        return self._state.naming.would_be_certain(block, self.scale)

    def effect(self) -> Effect:
        """The differential's change since its onset: of the alarm while it lasts, else of the suspicion.

        After a finding that is no alarm, its effect until the next update. While an alarm lasts the estimate
        is taken from the blocks after it, which nothing selected, as soon as their confidence sequence is
        the narrower one; what it says of all since the onset goes on to grow.
        """
        state = self._state
        alarm, base = state.alarm, self.baseline.precision
        if self._found is not None:
            return self._found
        if alarm is None:
            return state.naming.differential.rise.effect(base)
        first = replace(alarm.effect, since=alarm.effect.since.plus(alarm.heard))
        if alarm.weight <= 0:
            return first
        half = half_width(alarm.weight, base, self.smallest_change)
        if half >= (first.upper - first.lower) / 2.0:
            return first
        estimate = alarm.weighted / alarm.weight
        return Effect(first.onset_s, estimate, estimate - half, estimate + half, first.since)

    def onset_interval(self) -> tuple[float, float]:
        """Earliest and latest plausible onset of the rise, in stream time (see `OnsetTrail`)."""
        alarm = self._state.alarm
        return self._state.trail.interval() if alarm is None else alarm.onset_interval

    def share_budget(self, false_alarms_per_day: float, level_ratio: float) -> None:
        """Set r and b_c / b_rest anew, for example because another cohort takes part from now on."""
        self.false_alarms_per_day, self.level_ratio = false_alarms_per_day, level_ratio
        self._state.naming.set_rate(false_alarms_per_day)
        self._state.rest_fall.rate = false_alarms_per_day
        if self._state.alarm is not None:
            self._state.alarm.recovery.rate = false_alarms_per_day

    def level_moved(self, shift: float) -> None:
        """Follow everybody's level, which was moved by ``shift``: the cohort's own may have gone further."""
        own = self._state.naming.own
        fall = own.fall
        if fall is not None and fall.likeliest.weight > 0:
            own.take(-fall.likeliest.mean - shift, fall.likeliest.weight)

    def end_alarm(self) -> None:
        """Watch for a rise again: after a recovery, or when a person resolved the alarm."""
        self._state.alarm = None

    def _observe(self, block: Block, *, learn: bool) -> None:
        state = self._state
        state.naming.observe(block, self.scale, learn=learn)
        own, differential = self.own_baseline, self.baseline
        if block.rest_variance > 0:
            rest_mean, precision = own.mean - differential.mean, max(own.precision, differential.precision)
            state.rest_fall.update(
                rest_mean - block.rest, block.rest_variance, block.elapsed_days, precision, block.started_s
            )
        state.trail.add(block.started_s, block.differential - differential.mean, block.differential_variance)

    def _finding(self, block: Block) -> Change | None:
        if self._decides(block):
            self._raise_alarm()
            return Change.DEGRADED
        own, differential = self._state.naming.own, self._state.naming.differential
        if own.fall and differential.fall and own.fall.evidence >= 1.0 and differential.fall.evidence >= 1.0:
            self._take_improvement(own.fall, differential.fall)
            return Change.IMPROVED
        if (
            differential.rise.evidence >= 1.0
            and self._state.rest_fall.evidence >= 1.0
            and own.rise.likeliest.cusum < OWN_RISE
        ):
            self._take_gap(differential.rise)
            return Change.GAP_WIDENED
        return None

    def _decides(self, block: Block) -> bool:
        if self.decider is None:
            return self._state.naming.is_certain
        self.decider.update(block.differential)
        is_rise = self._state.naming.differential.rise.likeliest.weighted > 0
        return self.decider.drift_detected and is_rise

    def _raise_alarm(self) -> None:
        state = self._state
        effect = state.naming.differential.rise.effect(self.baseline.precision)
        recovery = EvidenceProcess.of_recovery(self.smallest_change, self.false_alarms_per_day)
        state.alarm = Alarm(effect, state.trail.interval(), recovery)
        self._forget()

    def _take_improvement(self, own: EvidenceProcess, differential: EvidenceProcess) -> None:
        naming = self._state.naming
        self._found = mirrored(differential.effect(self.baseline.precision))
        own_shift, own_weight = -own.likeliest.mean, own.likeliest.weight
        self._level_shift = own_shift
        shift, weight = -differential.likeliest.mean, differential.likeliest.weight
        naming.own.take(0.0, own_weight)
        naming.differential.take(shift - own_shift, weight)
        naming.scaled.take(0.0, weight)
        self._forget()

    def _take_gap(self, rise: EvidenceProcess) -> None:
        naming = self._state.naming
        self._found = rise.effect(self.baseline.precision)
        shift, weight = rise.likeliest.mean, rise.likeliest.weight
        naming.differential.take(shift, weight)
        naming.scaled.take(self.scale * shift, weight)
        self._forget()

    def _forget(self) -> None:
        self._state.naming.reset()
        self._state.rest_fall.reset()
        self._state.trail.clear()

    def _watch_for_recovery(self, alarm: Alarm, block: Block) -> None:
        baseline = self.baseline
        deviation, variance = block.differential - baseline.mean, block.differential_variance
        alarm.heard.merge(block.tally)
        alarm.weight += 1.0 / variance
        alarm.weighted += deviation / variance
        alarm.recovery.update(
            alarm.recovery.smallest_change - deviation,
            variance,
            block.elapsed_days,
            baseline.precision,
            block.started_s,
        )
        if alarm.recovery.evidence >= 1.0:
            self._change = Change.RECOVERED
            self.end_alarm()

    def to_state(self) -> dict[str, Any]:
        """JSON-ready state, for `detectors.state`."""
        return {
            "smallest_change": self.smallest_change,
            "false_alarms_per_day": self.false_alarms_per_day,
            "own_variance": self.own_variance,
            "rest_variance": self.rest_variance,
            "rest_mean": self.rest_mean,
            "level_ratio": self.level_ratio,
            "state": dump(self._state),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> DifferentialDetector:
        """The detector whose state `to_state` gave."""
        parameters = {name: value for name, value in state.items() if name != "state"}
        detector = cls(**parameters)
        detector._state = load(DifferentialState, state["state"])
        return detector


def _plain_block(x: float) -> Block:
    return Block(0.0, 0.0, PLAIN_ELAPSED_DAYS, x, PLAIN_VARIANCE, 0.0, 0.0, Tally(), Tally())
