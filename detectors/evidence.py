"""The e-detector: evidence against "no rise", with a budget of false alarms.

A mixture Shiryaev-Roberts process fed with bounded, variance-normalised e-values. For every effect size
delta_g of a small grid

    y = min((x - mu - m) / sqrt(phi v), 3)        u = kappa_g y
    psi(u) = log(1 + u + u^2/2) for u >= 0, -log(1 - u + u^2/2) for u < 0
    e_g = exp(psi(u)) / (1 + kappa_g^2 / 2)
    M_g <- e_g (M_g + r pi_g dt)                  M = sum_g M_g, alarm when M >= 1

where mu is the learned baseline, m its margin of uncertainty and r the false alarms tolerated per unit of
time. Since exp(psi(u)) <= 1 + u + u^2/2, E[e | past] <= 1 whenever E[y | past] <= 0 and E[y^2 | past] <= 1;
then M_t + (alarms so far) - r t is a supermartingale and the expected number of alarms up to t is at most
r t. Conditions: observations uncorrelated given the past, a true change since the baseline of at most m,
and phi v bounding the second moment.

References: Shin, Ramdas and Rinaldo, E-detectors (arXiv 2203.03532); Wang and Ramdas, Catoni-style
confidence sequences (arXiv 2202.01250); Howard et al., Time-uniform confidence sequences (2021).
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from river.base import DriftDetector

from detectors.tally import Tally

GRID = (1.0, 1.6, 2.5, 4.0)
"""delta_g as multiples of the smallest change."""
GRID_WEIGHTS = (0.4, 0.3, 0.2, 0.1)
RECOVERY_GRID = (1.0, 2.0)
RECOVERY_WEIGHTS = (0.5, 0.5)

LARGEST_Y = 3.0
LARGEST_KAPPA = 2.0
MOMENT_MEMORY = 1.0 / 64.0
LAG = 128
LONGEST_QUEUE = 512
SUSPICION = 0.02
MARGIN = 0.25
FROZEN_AT = 10.0
"""Learning stops for good once the baseline's standard error is smallest_change / 10."""


@dataclass(slots=True)
class Component:
    """One effect size of the grid: its share of the evidence and its CUSUM, which dates the onset."""

    evidence: float = 0.0
    cusum: float = 0.0
    onset_s: float = 0.0
    weight: float = 0.0
    weighted: float = 0.0
    since: Tally = field(default_factory=Tally)


@dataclass(slots=True)
class Baseline:
    """Mean and precision of an observation when nothing has changed, learned behind a lag.

    Parameters
    ----------
    mean
        mu, in the observation's unit.
    precision
        W, the inverse variance of the mean.
    """

    mean: float
    precision: float
    waiting: deque[tuple[float, float]] = field(default_factory=deque)

    def learn(self, x: float, variance: float, *, held: bool, frozen_precision: float) -> None:
        """Queue an observation; take up the one that leaves the queue unless learning is held."""
        if self.precision >= frozen_precision:
            self.waiting.clear()
            return
        self.waiting.append((x, variance))
        if held:
            if len(self.waiting) > LONGEST_QUEUE:
                self.waiting.popleft()
            return
        while len(self.waiting) > LAG and self.precision < frozen_precision:
            old, old_variance = self.waiting.popleft()
            self.precision += 1.0 / old_variance
            self.mean += (old - self.mean) / (old_variance * self.precision)


@dataclass(frozen=True, slots=True)
class Effect:
    """How large a change is, in the observation's unit, and since when."""

    onset_s: float
    estimate: float
    lower: float
    upper: float
    since: Tally


@dataclass(slots=True)
class EvidenceProcess:
    """The recursion of this module's formulas for one question.

    Parameters
    ----------
    smallest_change
        Delta, the smallest rise that matters, in the observation's unit.
    rate
        r, tolerated false alarms per unit of ``elapsed``.
    baseline
        Where the observation stands when nothing has changed.
    grid, weights
        delta_g / Delta and pi_g.
    """

    smallest_change: float
    rate: float
    baseline: Baseline
    grid: tuple[float, ...] = GRID
    weights: tuple[float, ...] = GRID_WEIGHTS
    components: list[Component] = field(default_factory=list)
    mean_y: float = 0.0
    mean_y_squared: float = 1.0

    def __post_init__(self) -> None:
        if not self.components:
            self.components = [Component() for _ in self.grid]

    @property
    def evidence(self) -> float:
        """M; 1 raises an alarm."""
        return math.fsum(c.evidence for c in self.components)

    @property
    def margin(self) -> float:
        """m, the baseline's uncertainty that is counted as "no change"."""
        return min(MARGIN / math.sqrt(self.baseline.precision), self.smallest_change / 2.0)

    @property
    def frozen_precision(self) -> float:
        """The precision of the baseline at which learning ends."""
        return (FROZEN_AT / self.smallest_change) ** 2

    def update(
        self,
        x: float,
        variance: float,
        elapsed: float,
        at_s: float = 0.0,
        tally: Tally | None = None,
        *,
        learn: bool = True,
    ) -> None:
        """Take one observation.

        Parameters
        ----------
        x
            The observation.
        variance
            v > 0, its variance when nothing has changed.
        elapsed
            dt >= 0, time since the last observation, in the unit of the rate.
        at_s
            When the observation began, on the stream's clock: a possible onset.
        tally
            What the observation is made of, summed from the onset on.
        learn
            Whether the baseline may learn from it.
        """
        margin = self.margin
        dispersion = max(1.0, self.mean_y_squared - self.mean_y**2)
        standardised = (x - self.baseline.mean - margin) / math.sqrt(variance)
        y = min(standardised / math.sqrt(dispersion), LARGEST_Y)
        scale = math.sqrt(dispersion * variance)
        for component, multiple, share in zip(self.components, self.grid, self.weights, strict=True):
            kappa = min(LARGEST_KAPPA, (multiple * self.smallest_change - margin) / scale)
            log_e = _psi(kappa * y) - math.log1p(kappa * kappa / 2.0)
            component.evidence = math.exp(log_e) * (component.evidence + self.rate * share * elapsed)
            _advance(component, log_e, x, variance, at_s, tally)
        self.mean_y += MOMENT_MEMORY * (standardised - self.mean_y)
        self.mean_y_squared += MOMENT_MEMORY * (standardised**2 - self.mean_y_squared)
        held = not learn or self.evidence > SUSPICION
        self.baseline.learn(x, variance, held=held, frozen_precision=self.frozen_precision)

    def reset(self) -> None:
        """Forget the evidence and the onset, keep the baseline: what follows an alarm."""
        self.components = [Component() for _ in self.grid]

    def effect(self, alpha: float = 0.05) -> Effect:
        """The change since the likeliest onset, with a confidence sequence of level 1 - alpha.

        With W the precision gathered since the onset and t = Delta,
        half^2 = (W t^2 + 1) / (W^2 t^2) log((W t^2 + 1) / alpha^2) + (1.96 / sqrt(W_base))^2, a
        normal-mixture confidence sequence (asymptotic). Read at the alarm itself the estimate is selected
        and tends to be 1 to 3 WER points too high.
        """
        likeliest = max(self.components, key=lambda c: c.cusum)
        return _effect(likeliest, self.baseline, self.smallest_change, alpha)


def _effect(component: Component, baseline: Baseline, smallest_change: float, alpha: float) -> Effect:
    precision = component.weight
    if precision <= 0:
        return Effect(component.onset_s, 0.0, -math.inf, math.inf, component.since)
    estimate = component.weighted / precision - baseline.mean
    spread = precision * smallest_change**2 + 1.0
    own = spread / (precision * precision * smallest_change**2) * math.log(spread / alpha**2)
    half = math.sqrt(own + 1.96**2 / baseline.precision)
    return Effect(component.onset_s, estimate, estimate - half, estimate + half, component.since)


def _advance(
    component: Component, log_e: float, x: float, variance: float, at_s: float, tally: Tally | None
) -> None:
    if component.cusum <= 0.0:
        component.cusum = 0.0
        component.onset_s = at_s
        component.weight = component.weighted = 0.0
        component.since = Tally()
    component.cusum += log_e
    component.weight += 1.0 / variance
    component.weighted += x / variance
    if tally is not None:
        component.since.merge(tally)


def _psi(u: float) -> float:
    return math.log1p(u + u * u / 2.0) if u >= 0.0 else -math.log1p(-u + u * u / 2.0)


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
        How many values that mean is worth; learning from the stream goes on behind a lag of 128 values.

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
        self._process = EvidenceProcess(
            smallest_change, false_alarm_rate, Baseline(baseline, baseline_values / variance)
        )
        self._values = 0

    @property
    def evidence(self) -> float:
        """M of the last update; 1 and more is a drift."""
        return self._process.evidence

    def update(self, x: float, variance: float | None = None, elapsed: float = 1.0) -> None:
        """Take one value; see `EvidenceProcess.update` for the parameters."""
        if self.drift_detected:
            self._reset()
            self._process.reset()
        self._values += 1
        self._process.update(x, variance or self.variance, elapsed, at_s=float(self._values))
        self._drift_detected = self._process.evidence >= 1.0
