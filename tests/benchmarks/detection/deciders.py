"""Detectors to compare with, each on the numbers of one cohort: river's, a z-test, a GLR-CUSUM.

Only rises count. Every decider has one parameter that sets its sensitivity; the others are the library's
defaults unless the class says otherwise.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from itertools import islice
from typing import Any, Protocol

import numpy as np
from river.drift import ADWIN, KSWIN, PageHinkley
from river.drift.binary import HDDMA, HDDMW


class Decider(Protocol):
    """Says after each number whether a rise is found."""

    def update(self, value: float, weight: float) -> bool:
        """Take the next number."""
        ...


class Adwin:
    """river ADWIN; a rise is where the mean of the window goes up as its old part is dropped.

    ``clock``: it looks every so many numbers. A block holds four utterances, so that 8 there are river's 32.
    """

    def __init__(self, delta: float, clock: int = 32) -> None:
        self._detector: Any = ADWIN(delta=delta, clock=clock)  # type: ignore[no-untyped-call]

    def update(self, value: float, weight: float) -> bool:
        detector = self._detector
        before = detector.estimation
        detector.update(value)
        return bool(detector.drift_detected) and detector.estimation > before


class PageHinkleyUp:
    """river PageHinkley in its mode for rises; ``delta`` is the change that it lets pass."""

    def __init__(self, threshold: float, delta: float = 0.005) -> None:
        self._detector: Any = PageHinkley(threshold=threshold, delta=delta, mode="up")

    def update(self, value: float, weight: float) -> bool:
        self._detector.update(value)
        return bool(self._detector.drift_detected)


class Kswin:
    """river KSWIN with windows of 100 and 30; a rise is where the mean of the 30 is above that of the 70."""

    def __init__(self, alpha: float) -> None:
        self._detector: Any = KSWIN(alpha=alpha, seed=1)

    def update(self, value: float, weight: float) -> bool:
        detector = self._detector
        window = list(detector.window)[-99:]
        detector.update(value)
        if not detector.drift_detected:
            return False
        old, new = window[: -detector.stat_size + 1], [*window[-detector.stat_size + 1 :], value]
        return statistics.fmean(new) > statistics.fmean(old)


class Hddm:
    """river HDDMA or HDDMW at their confidence of 0.001, one-sided, on ``offset + scale * value``.

    Both take means of numbers in [0, 1]. Their bounds are for the worst case of such numbers, far from a
    WER's spread, and no confidence below 1 brings them to an ordinary rate of alarms; so the sensitivity is
    the scale.
    """

    def __init__(self, scale: float, *, is_weighted: bool) -> None:
        self._detector: Any = (HDDMW if is_weighted else HDDMA)()
        self._scale = scale

    def update(self, value: float, weight: float) -> bool:
        self._detector.update(0.5 + self._scale * value)
        return bool(self._detector.drift_detected)


class TwoProportions:
    """z-test of the last 50 utterances' errors per word against all before them, at least 100.

    After an alarm the window starts anew.
    """

    WINDOW = 50
    ENOUGH = 100

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._window: deque[tuple[float, float]] = deque()
        self._errors = self._words = 0.0
        self._old_errors = self._old_words = 0.0
        self._old = 0

    def update(self, value: float, weight: float) -> bool:
        errors = value * weight
        self._window.append((errors, weight))
        self._errors += errors
        self._words += weight
        if len(self._window) > self.WINDOW:
            left_errors, left_words = self._window.popleft()
            self._errors -= left_errors
            self._words -= left_words
            self._old_errors += left_errors
            self._old_words += left_words
            self._old += 1
        if self._old < self.ENOUGH or len(self._window) < self.WINDOW:
            return False
        pooled = (self._errors + self._old_errors) / (self._words + self._old_words)
        variance = pooled * (1.0 - pooled) * (1.0 / self._words + 1.0 / self._old_words)
        rise = self._errors / self._words - self._old_errors / self._old_words
        if variance <= 0.0 or rise / math.sqrt(variance) < self._threshold:
            return False
        self._window.clear()
        self._errors = self._words = 0.0
        return True


class GlrCusum:
    """Windowed GLR-CUSUM of overdispersed units: max over k of (sum A (x - b))^2 / (2 V sum A), for rises.

    k goes back over the last 100 units; V is the weighted variance of the first 40; b their mean, then
    learning on from the units that leave the window. After an alarm the window starts anew.
    """

    WINDOW = 100
    ENOUGH = 40

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._first: list[tuple[float, float]] = []
        self._window: deque[tuple[float, float]] = deque()
        self._mean = self._weight = self._variance = 0.0

    def update(self, value: float, weight: float) -> bool:
        if self._variance == 0.0:
            self._learn_first(value, weight)
            return False
        window = self._window
        window.append((value, weight))
        if len(window) > self.WINDOW:
            left, left_weight = window.popleft()
            self._weight += left_weight
            self._mean += (left - self._mean) * left_weight / self._weight
        pairs = np.array(list(islice(reversed(window), self.WINDOW)))
        weights = np.cumsum(pairs[:, 1])
        sums = np.cumsum(pairs[:, 1] * (pairs[:, 0] - self._mean))
        best = float(np.max(np.maximum(sums, 0.0) ** 2 / weights)) / (2.0 * self._variance)
        if best < self._threshold:
            return False
        window.clear()
        return True

    def _learn_first(self, value: float, weight: float) -> None:
        self._first.append((value, weight))
        if len(self._first) < self.ENOUGH:
            return
        pairs = np.array(self._first)
        self._weight = float(pairs[:, 1].sum())
        self._mean = float((pairs[:, 0] * pairs[:, 1]).sum()) / self._weight
        squares = float((pairs[:, 1] * (pairs[:, 0] - self._mean) ** 2).sum())
        self._variance = max(squares / (self.ENOUGH - 1), 1e-6)
