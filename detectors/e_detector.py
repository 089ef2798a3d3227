"""The e-detector as a drift detector of its own, for any stream of numbers."""

from __future__ import annotations

from river.base import DriftDetector

from detectors.evidence import Baseline, EvidenceProcess


class EvidenceDetector(DriftDetector):
    """Detects a rise of a stream's mean under a stated budget of false alarms; a river drift detector.

    Parameters
    ----------
    smallest_change
        The smallest rise worth an alarm, in the unit of the values.
    false_alarm_rate
        Tolerated false alarms per unit of ``elapsed`` (per value, where ``elapsed`` is left at 1): the mean
        time to a false alarm is at least its inverse.
    variance
        Variance of a value while nothing has changed; an upper bound is safe.
    baseline
        The mean while nothing has changed, as far as it is known.
    baseline_values
        How many values that mean is worth; learning from the stream goes on behind a lag.

    Examples
    --------
    >>> import random
    >>> noise = random.Random(1)
    >>> detector = EvidenceDetector(smallest_change=0.5, false_alarm_rate=1e-4, baseline_values=400)
    >>> for step in range(2_000):
    ...     detector.update(noise.gauss(0.0 if step < 1_000 else 0.8, 1.0))
    ...     if detector.drift_detected:
    ...         print(step > 1_000, step < 1_100)
    ...         break
    True True

    References
    ----------
    Shin, Ramdas and Rinaldo, E-detectors: a nonparametric framework for sequential change detection
    (arXiv 2203.03532).
    """

    def __init__(
        self,
        smallest_change: float,
        false_alarm_rate: float = 1e-4,
        variance: float = 1.0,
        baseline: float = 0.0,
        baseline_values: float = 40.0,
    ) -> None:
        super().__init__()
        for name, value in (
            ("smallest_change", smallest_change),
            ("false_alarm_rate", false_alarm_rate),
            ("variance", variance),
            ("baseline_values", baseline_values),
        ):
            if not value > 0:
                raise ValueError(f"{name}: expected more than 0, got {value}")
        self.smallest_change = smallest_change
        self.false_alarm_rate = false_alarm_rate
        self.variance = variance
        self.baseline = baseline
        self.baseline_values = baseline_values
        self._process = EvidenceProcess(smallest_change, false_alarm_rate)
        self._learned = Baseline(baseline, baseline_values / variance)
        self._values = 0

    @property
    def evidence(self) -> float:
        """M of the last update; 1 and more is a drift."""
        return self._process.evidence

    def update(self, x: float, variance: float | None = None, elapsed: float = 1.0) -> None:
        """Take one value; of this variance (default: ``variance``), ``elapsed`` after the last one."""
        if self.drift_detected:
            self._reset()
            self._process.reset()
        self._values += 1
        variance = variance or self.variance
        deviation, precision = x - self._learned.mean, self._learned.precision
        self._process.update(deviation, variance, elapsed, precision, at_s=float(self._values))
        held = self._process.is_suspicious
        self._learned.learn(x, variance, held=held, smallest_change=self.smallest_change)
        self._drift_detected = self._process.evidence >= 1.0
