"""One cohort under watch: its statistics, its level, its blocks and its detector."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from detectors.backtesting.noticeable import Noticeable, Precision, noticeable
from detectors.block import SECONDS_A_DAY, Block, BlockBuilder
from detectors.comparison import Comparison
from detectors.differential import DifferentialDetector
from detectors.event import Signal
from detectors.evidence import Effect
from detectors.faded import FadedMean
from detectors.level import Level
from detectors.rates.rates import RateWatch
from detectors.settings import DAYS_A_MONTH
from detectors.slices.book import SliceBook
from detectors.standing import StandingDetector
from detectors.tally import Tally
from detectors.unit import ScoredUtterance, Unit
from detectors.wer import ExponentialWER, Interval, UnitSums, WindowedWER, ratio_interval


class Readiness(StrEnum):
    """How far a cohort can be judged."""

    LEARNING = "learning"
    NOT_ENOUGH_SPEAKERS = "not_enough_speakers"
    MONITORED = "monitored"
    BLIND = "blind"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval, as ratios; None where there is not enough to say."""

    value: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class CohortView:
    """What is shown of a cohort: immutable, taken at one moment."""

    cohort: str
    readiness: Readiness
    guarantee_held: bool
    total: Tally
    units: int
    open_units: int
    speakers_in_baseline: int
    baseline_wer: float | None
    wer: dict[str, Estimate]
    differential: Estimate
    evidence: float
    in_alarm: bool
    is_compared: bool
    standing_evidence: float
    standing_in_alarm: bool
    rates_evidence: dict[str, float]
    ready_s: float | None
    false_alarms_per_month: float | None
    noticeable: Noticeable | None
    last_scored_s: float


@dataclass(slots=True)
class Cohort:
    """Everything that the monitor keeps about one cohort.

    ``healthy`` holds the counts of all units outside alarms, ``detector`` exists once the level is learned.
    """

    name: str
    window: WindowedWER
    faded: ExponentialWER = field(default_factory=ExponentialWER)
    all_units: UnitSums = field(default_factory=UnitSums)
    total: Tally = field(default_factory=Tally)
    healthy: Tally = field(default_factory=Tally)
    level: Level = field(default_factory=Level)
    blocks: BlockBuilder | None = None
    detector: DifferentialDetector | None = None
    standing: StandingDetector | None = None
    comparison: Comparison | None = None
    rates: dict[str, RateWatch] = field(default_factory=dict)
    precision: Precision = field(default_factory=Precision)
    ready_s: float | None = None
    differential: FadedMean = field(default_factory=FadedMean)
    slices: SliceBook = field(default_factory=SliceBook)
    last_scored_s: float = float("-inf")
    last_unit_s: float = float("-inf")

    def count(self, scored: ScoredUtterance) -> None:
        """Count an utterance at once, whatever its unit does."""
        self.total.count(scored.counts)
        if scored.at_s > self.last_scored_s:
            self.last_scored_s = scored.at_s

    def complete(self, unit: Unit, now_s: float, cohort_attributes: Collection[str], most_pairs: int) -> None:
        """Take a complete unit into the statistics of WER.

        ``cohort_attributes`` make cohorts, ``most_pairs`` is as of `SliceBook.add`.
        """
        errors, words = unit.tally.errors, unit.tally.reference_words
        self.total.units += 1
        self.all_units.add(errors, words)
        self.faded.update(errors, words)
        self.window.update(errors, words, unit.started_s)
        self.slices.add(unit, now_s, cohort_attributes, most_pairs)
        self.last_unit_s = now_s

    def observe(self, block: Block) -> None:
        """Remember where the differential stands and how much a day tells."""
        if not block.has_own:
            return
        variance = block.differential_variance
        self.precision.add(1.0 / variance, block.elapsed_days)
        if block.has_rest:
            self.differential.update(block.differential, variance)

    def forget_baseline(self, now_s: float) -> None:
        """Learn anew what is normal; what was counted stays counted."""
        self.level = Level()
        self.healthy = Tally()
        self.slices.begin(now_s)
        self.differential = FadedMean()
        self.blocks = self.detector = self.standing = self.ready_s = None
        self.comparison = None
        self.rates = {}

    def alarms(self) -> list[tuple[Signal, Effect]]:
        """The alarms that last, each with its effect."""
        lasting: list[tuple[Signal, Effect]] = []
        if self.detector is not None and self.detector.in_alarm:
            lasting.append((Signal.DIFFERENTIAL, self.detector.effect()))
        if self.standing is not None and self.standing.alarm is not None:
            lasting.append((Signal.STANDING, self.standing.alarm))
        rates = [(Signal(name), watch.alarm) for name, watch in self.rates.items()]
        return lasting + [(signal, alarm.effect) for signal, alarm in rates if alarm is not None]

    def readiness(self, now_s: float) -> Readiness:
        """Whether and why the cohort can or cannot be judged now."""
        if not self.level.is_learned:
            return Readiness.LEARNING
        if not self.level.can_judge:
            return Readiness.NOT_ENOUGH_SPEAKERS
        return Readiness.BLIND if now_s - self.last_unit_s > SECONDS_A_DAY else Readiness.MONITORED

    def view(self, now_s: float, open_units: list[Unit]) -> CohortView:
        """What is shown of the cohort; units still open count for the cumulative and windowed WER."""
        every, windowed = UnitSums(), self.window.sums_at(now_s)
        every.merge(self.all_units)
        for unit in open_units:
            every.add(unit.tally.errors, unit.tally.reference_words)
            windowed.add(unit.tally.errors, unit.tally.reference_words)
        return CohortView(
            cohort=self.name,
            readiness=self.readiness(now_s),
            guarantee_held=self.level.speakers_known,
            total=self.total.copy(),
            units=int(self.all_units.units),
            open_units=len(open_units),
            speakers_in_baseline=len(self.level.voices.speakers.known),
            baseline_wer=self.level.level if self.level.is_learned else None,
            wer={
                "all": Estimate(every.ratio, ratio_interval(every)),
                "window": Estimate(windowed.ratio, ratio_interval(windowed)),
                "faded": Estimate(self.faded.get(), self.faded.interval()),
            },
            differential=self._differential_now(),
            evidence=self.detector.evidence if self.detector else 0.0,
            in_alarm=self.detector.in_alarm if self.detector else False,
            is_compared=self.comparison is not None,
            standing_evidence=self.standing.evidence if self.standing else 0.0,
            standing_in_alarm=self.standing is not None and self.standing.alarm is not None,
            rates_evidence={name: watch.evidence for name, watch in self.rates.items()},
            ready_s=self.ready_s,
            false_alarms_per_month=(
                self.detector.false_alarms_per_day * DAYS_A_MONTH if self.detector else None
            ),
            noticeable=self._noticeable(),
            last_scored_s=self.last_scored_s,
        )

    def _noticeable(self) -> Noticeable | None:
        if self.detector is None or self.precision.a_day <= 0.0:
            return None
        return noticeable(
            self.precision.a_day,
            self.detector.false_alarms_per_day,
            self.detector.baseline.precision,
            self.detector.smallest_change,
        )

    def _differential_now(self) -> Estimate:
        mean, error = self.differential.get(), self.differential.standard_error
        if mean is None or error is None or self.detector is None:
            return Estimate(None, None)
        baseline = self.detector.baseline
        value = mean - baseline.mean
        half = 1.96 * (error * error + 1.0 / baseline.precision) ** 0.5
        return Estimate(value, Interval(value - half, value + half))
