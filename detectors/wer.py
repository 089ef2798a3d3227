"""Word error rate as river statistics: cumulative, over a window of time, exponentially weighted.

The datum is a unit of evidence (a speaker-shift), not a word and not an utterance: errors of one speaker
in one stretch of work are correlated, so an interval that counts words is 3 to 16 times too narrow.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from river import stats
from scipy.special import stdtrit

from detectors.state import dump, load

MINIMUM_UNITS = 5
"""Fewest units from which an interval is given."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A range of WER, as ratios (0.12 is 12 %)."""

    lower: float
    upper: float


@dataclass(slots=True)
class UnitSums:
    """Sums over units of errors E and reference words N, enough for a ratio and its variance."""

    units: float = 0.0
    errors: float = 0.0
    words: float = 0.0
    errors_squared: float = 0.0
    errors_words: float = 0.0
    words_squared: float = 0.0

    def add(self, errors: float, words: float, sign: float = 1.0) -> None:
        """Add a unit, or take it back with ``sign=-1``."""
        self.units += sign
        self.errors += sign * errors
        self.words += sign * words
        self.errors_squared += sign * errors * errors
        self.errors_words += sign * errors * words
        self.words_squared += sign * words * words

    def merge(self, other: UnitSums, sign: float = 1.0) -> None:
        """Add all units of another sum, or take them back with ``sign=-1``."""
        self.units += sign * other.units
        self.errors += sign * other.errors
        self.words += sign * other.words
        self.errors_squared += sign * other.errors_squared
        self.errors_words += sign * other.errors_words
        self.words_squared += sign * other.words_squared

    @property
    def ratio(self) -> float | None:
        """Sum of errors over sum of words; None without words."""
        return self.errors / self.words if self.words > 0 else None


def ratio_interval(sums: UnitSums, confidence: float = 0.95) -> Interval | None:
    """Interval for a ratio of sums whose independent pieces are units.

    The ratio W = sum E / sum N has the linearised (cluster-robust) variance
    n/(n-1) sum (E_u - W N_u)^2 / (sum N)^2; the interval is taken on the log scale with Student's t on
    n - 1 degrees of freedom, so it stays above 0 and is wider upwards. Without a single error the upper
    end is the exact binomial one with a unit as one trial, which is wide on purpose.

    Parameters
    ----------
    sums
        The units' sums.
    confidence
        Coverage aimed at, between 0 and 1.

    Returns
    -------
    The interval, or None with fewer than 5 units or no words: not enough speakers yet.

    References
    ----------
    Cochran, Sampling Techniques (1977), chapter 6; Bisani and Ney, Bootstrap estimates for confidence
    intervals in ASR performance evaluation (2004), for the unit of resampling.

    Examples
    --------
    >>> sums = UnitSums()
    >>> for errors in (1, 3, 0, 2, 4, 2):
    ...     sums.add(errors, 20)
    >>> interval = ratio_interval(sums)
    >>> f"{sums.ratio:.3f} in {interval.lower:.3f} to {interval.upper:.3f}"
    '0.100 in 0.048 to 0.210'
    """
    if sums.units < MINIMUM_UNITS or sums.words <= 0:
        return None
    ratio = sums.errors / sums.words
    if ratio <= 0:
        return Interval(0.0, 1.0 - ((1.0 - confidence) / 2.0) ** (1.0 / sums.units))
    squares = sums.errors_squared - 2.0 * ratio * sums.errors_words + ratio * ratio * sums.words_squared
    variance = max(squares, 0.0) * sums.units / (sums.units - 1.0) / (sums.words * sums.words)
    quantile = float(stdtrit(sums.units - 1.0, 0.5 + confidence / 2.0))
    factor = math.exp(quantile * math.sqrt(variance) / ratio)
    return Interval(ratio / factor, ratio * factor)


class WER(stats.base.Statistic[float]):
    """Cumulative word error rate over units.

    It has ``update`` and ``revert``, so ``river.utils.Rolling`` can roll it over the last units.

    Examples
    --------
    >>> from river import utils
    >>> wer = WER()
    >>> wer.update(errors=2, words=20)
    >>> wer.update(errors=4, words=10)
    >>> wer.get()
    0.2
    >>> rolling = utils.Rolling(WER, window_size=1)
    >>> for errors, words in ((2, 20), (4, 10)):
    ...     rolling.update(errors, words)
    >>> rolling.get()
    0.4
    """

    def __init__(self) -> None:
        self.sums = UnitSums()

    def update(self, errors: float, words: float) -> None:
        """Add a unit with its error count and its reference words."""
        self.sums.add(errors, words)

    def revert(self, errors: float, words: float) -> None:
        """Take a unit back."""
        self.sums.add(errors, words, -1.0)

    def get(self) -> float | None:
        """The ratio of sums, or None before any word."""
        return self.sums.ratio

    def interval(self, confidence: float = 0.95) -> Interval | None:
        """See `ratio_interval`."""
        return ratio_interval(self.sums, confidence)


@dataclass(slots=True)
class Bucket:
    """The units that started in one slice of time; ``index`` counts slices since the epoch."""

    index: int
    sums: UnitSums = field(default_factory=UnitSums)


class WindowedWER(stats.base.Statistic[float]):
    """Word error rate of the units that started within the last ``window_s`` seconds of the stream.

    Time is rolled over in buckets of counts, so memory does not grow with traffic; the window's old end
    is therefore exact to one bucket. A unit older than the window is ignored, one out of order finds its
    bucket.

    Parameters
    ----------
    window_s
        Length of the window in seconds.
    buckets
        Number of slices that the window is cut into.

    Examples
    --------
    >>> wer = WindowedWER(window_s=3600, buckets=4)
    >>> wer.update(errors=5, words=10, at_s=0)
    >>> wer.update(errors=1, words=10, at_s=1800)
    >>> wer.get()
    0.3
    >>> wer.update(errors=1, words=10, at_s=4500)
    >>> wer.get()
    0.1
    """

    def __init__(self, window_s: float = 86_400.0, buckets: int = 48) -> None:
        self.window_s = window_s
        self.buckets = buckets
        self._slices: deque[Bucket] = deque()
        self.sums = UnitSums()

    def update(self, errors: float, words: float, at_s: float) -> None:
        """Add a unit that started at ``at_s`` (seconds since the epoch)."""
        index = math.floor(at_s * self.buckets / self.window_s)
        begin = index - self.buckets + 1
        if not self._slices or self._slices[0].index < begin:
            self._forget_before(begin)
        if self._slices and index <= self._slices[-1].index - self.buckets:
            return
        self._slice(index).sums.add(errors, words)
        self.sums.add(errors, words)

    def sums_at(self, at_s: float) -> UnitSums:
        """What a window that ends at ``at_s`` holds, for a clock that goes on although no unit comes."""
        begin = math.floor(at_s * self.buckets / self.window_s) - self.buckets + 1
        sums = UnitSums()
        for bucket in self._slices:
            if bucket.index >= begin:
                sums.merge(bucket.sums)
        return sums

    def get(self) -> float | None:
        """The ratio of sums inside the window, or None without words."""
        return self.sums.ratio

    def interval(self, confidence: float = 0.95) -> Interval | None:
        """See `ratio_interval`."""
        return ratio_interval(self.sums, confidence)

    def _slice(self, index: int) -> Bucket:
        for position in range(len(self._slices) - 1, -1, -1):
            found = self._slices[position]
            if found.index == index:
                return found
            if found.index < index:
                self._slices.insert(position + 1, Bucket(index))
                return self._slices[position + 1]
        self._slices.appendleft(Bucket(index))
        return self._slices[0]

    def _forget_before(self, index: int) -> None:
        while self._slices and self._slices[0].index < index:
            self.sums.merge(self._slices.popleft().sums, -1.0)
        if not self._slices:
            self.sums = UnitSums()

    def to_state(self) -> dict[str, Any]:
        """JSON-ready state, for `detectors.state`."""
        return {"window_s": self.window_s, "buckets": self.buckets, "slices": dump(self._slices)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> WindowedWER:
        """The statistic whose state `to_state` gave."""
        statistic = cls(state["window_s"], state["buckets"])
        for item in state["slices"]:
            bucket = load(Bucket, item)
            statistic._slices.append(bucket)
            statistic.sums.merge(bucket.sums)
        return statistic


class ExponentialWER(stats.base.Statistic[float]):
    """Exponentially weighted word error rate over units: a ratio of two ``river.stats.EWMean``.

    Parameters
    ----------
    fading_factor
        Weight of the newest unit, between 0 and 1; 1/20 remembers about the last 40 units.

    Examples
    --------
    >>> wer = ExponentialWER(fading_factor=0.5)
    >>> wer.update(errors=0, words=10)
    >>> wer.update(errors=10, words=10)
    >>> wer.get()
    0.5
    """

    def __init__(self, fading_factor: float = 0.05) -> None:
        self.fading_factor = fading_factor
        self.units = 0
        self._means = [stats.EWMean(fading_factor) for _ in range(5)]

    def update(self, errors: float, words: float) -> None:
        """Add a unit."""
        self.units += 1
        squares = (errors, words, errors * errors, errors * words, words * words)
        for mean, value in zip(self._means, squares, strict=True):
            mean.update(value)

    def _sums(self) -> UnitSums:
        alpha = self.fading_factor
        effective = min(float(self.units), (2.0 - alpha) / alpha)
        return UnitSums(effective, *(effective * mean.get() for mean in self._means))

    def get(self) -> float | None:
        """The ratio of weighted means, or None before any word."""
        return self._sums().ratio if self.units else None

    def interval(self, confidence: float = 0.95) -> Interval | None:
        """See `ratio_interval`; the number of units is the weights' effective number, (2 - a) / a."""
        return ratio_interval(self._sums(), confidence) if self.units else None

    def to_state(self) -> dict[str, Any]:
        """JSON-ready state, for `detectors.state`."""
        means = [mean.get() for mean in self._means]
        return {"fading_factor": self.fading_factor, "units": self.units, "means": means}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> ExponentialWER:
        """The statistic whose state `to_state` gave."""
        statistic = cls(state["fading_factor"])
        statistic.units = state["units"]
        if statistic.units:
            # The first value that an EWMean sees becomes its mean, so this sets it exactly.
            for mean, value in zip(statistic._means, state["means"], strict=True):
                mean.update(value)
        return statistic
