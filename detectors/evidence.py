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
from dataclasses import dataclass, field, replace

from detectors.component import NOTHING, Component
from detectors.tally import Tally

GRID = (1.0, 1.6, 2.5, 4.0)
"""delta_g as multiples of the smallest change."""
GRID_WEIGHTS = (0.4, 0.3, 0.2, 0.1)
RECOVERY_GRID = (1.0, 2.0)
RECOVERY_WEIGHTS = (0.5, 0.5)

LARGEST_Y = 3.0
LARGEST_KAPPA = 2.0
LARGEST_E = 25.0 / 3.0
"""exp(psi(6)) / 3, the e-value of the largest y and kappa."""
MOMENT_MEMORY = 1.0 / 64.0
LAG_INFORMATION = 40.0
"""The newest observations, worth LAG_INFORMATION / Delta^2 of precision, wait before a baseline takes them
up: about three times what an alarm on a change of Delta needs."""
LONGEST_QUEUE = 4.0
"""While learning is held the queue may grow to this multiple of the lag."""
BINS_A_LAG = 16
SUSPICION = 3.5
"""Log likelihood ratio since the likeliest onset at which a baseline stops learning, whatever the budget."""
MARGIN = 0.25
FROZEN_AT = 10.0
LARGEST_EVIDENCE = 1e12
"""Evidence beyond this says nothing more; without an end it would overflow while nothing resets it."""


@dataclass(slots=True)
class Baseline:
    """Mean and precision of an observation when nothing has changed, learned behind a lag.

    Observations wait in at most 64 bins of equal information, so the state stays small at any volume.

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
    waiting_precision: float = 0.0

    def learn(self, x: float, variance: float, *, held: bool, smallest_change: float) -> None:
        """Queue an observation; take up those that leave the queue unless learning is held.

        Learning ends for good at a standard error of ``smallest_change`` / 10, so that a slow ramp is
        measured against a frozen baseline and not chased.
        """
        frozen = (FROZEN_AT / smallest_change) ** 2
        if self.precision >= frozen:
            self.forget_waiting()
            return
        lag = LAG_INFORMATION / smallest_change**2
        self._queue(x, 1.0 / variance, lag / BINS_A_LAG)
        if held:
            if self.waiting_precision > LONGEST_QUEUE * lag:
                self._next()
            return
        while len(self.waiting) > 1 and self.waiting_precision > lag and self.precision < frozen:
            old, precision = self._next()
            self.precision += precision
            self.mean += (old - self.mean) * precision / self.precision

    def move_to(self, mean: float, precision: float) -> None:
        """Stand somewhere else from now on."""
        self.mean, self.precision = mean, precision
        self.forget_waiting()

    def forget_waiting(self) -> None:
        """Drop what waits in the queue."""
        self.waiting.clear()
        self.waiting_precision = 0.0

    def _queue(self, x: float, precision: float, bin_precision: float) -> None:
        self.waiting_precision += precision
        if self.waiting and self.waiting[-1][1] < bin_precision:
            mean, before = self.waiting.pop()
            precision += before
            x = mean + (x - mean) * (precision - before) / precision
        self.waiting.append((x, precision))

    def _next(self) -> tuple[float, float]:
        x, precision = self.waiting.popleft()
        self.waiting_precision -= precision
        return x, precision


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
    grid, weights
        delta_g / Delta and pi_g.
    margin_errors
        The margin m in standard errors of the baseline.
    """

    smallest_change: float
    rate: float
    grid: tuple[float, ...] = GRID
    weights: tuple[float, ...] = GRID_WEIGHTS
    margin_errors: float = MARGIN
    components: list[Component] = field(default_factory=list)
    mean_y: float = 0.0
    mean_y_squared: float = 1.0

    def __post_init__(self) -> None:
        if not self.components:
            self.components = [Component() for _ in self.grid]

    @classmethod
    def of_recovery(cls, smallest_change: float, rate: float) -> EvidenceProcess:
        """The process for an alarm's end: less than half of Delta is left of the rise.

        Its own smallest change is that half, and its deviation is how far the rise is below it.
        """
        return cls(smallest_change / 2.0, rate, RECOVERY_GRID, RECOVERY_WEIGHTS)

    @property
    def evidence(self) -> float:
        """M; 1 raises an alarm."""
        return math.fsum([component.evidence for component in self.components])

    @property
    def is_suspicious(self) -> bool:
        """Whether there is evidence enough to stop learning."""
        return self.likeliest.cusum > SUSPICION

    @property
    def likeliest(self) -> Component:
        """The component whose CUSUM is the largest: its start dates the onset."""
        likeliest = self.components[0]
        for component in self.components:
            if component.cusum > likeliest.cusum:
                likeliest = component
        return likeliest

    def margin(self, precision: float) -> float:
        """m, the uncertainty of a baseline of this precision that is counted as "no change"."""
        margin, largest = self.margin_errors / math.sqrt(precision), self.smallest_change / 2.0
        return margin if margin < largest else largest

    def update(
        self,
        deviation: float,
        variance: float,
        elapsed: float,
        precision: float,
        at_s: float = 0.0,
        tally: Tally | None = None,
    ) -> None:
        """Take one observation.

        Parameters
        ----------
        deviation
            x - mu, the observation less the baseline.
        variance
            v > 0, the observation's variance when nothing has changed.
        elapsed
            dt >= 0, time since the last observation, in the unit of the rate.
        precision
            W > 0, the baseline's precision.
        at_s
            When the observation began, on the stream's clock: a possible onset.
        tally
            What the observation is made of, summed from the onset on; it must not change afterwards.
        """
        margin = self.margin(precision)
        scale = math.sqrt(variance)
        y = standardised = (deviation - margin) / scale
        dispersion = self.mean_y_squared - self.mean_y**2
        if dispersion > 1.0:
            y, scale = standardised / math.sqrt(dispersion), math.sqrt(dispersion * variance)
        self._gather(y if y < LARGEST_Y else LARGEST_Y, scale, margin, self.rate * elapsed)
        self._date(1.0 / variance, 0.0 + deviation / variance, at_s, tally)
        self.mean_y += MOMENT_MEMORY * (standardised - self.mean_y)
        self.mean_y_squared += MOMENT_MEMORY * (standardised**2 - self.mean_y_squared)

    def credit(self, elapsed: float) -> None:
        """Add r dt for ``elapsed`` to the evidence: what the next observation may make certain."""
        for component, weight in zip(self.components, self.weights, strict=True):
            component.evidence += self.rate * elapsed * weight

    def _gather(self, y: float, scale: float, margin: float, credit: float) -> None:
        """M_g <- e_g (M_g + r pi_g dt), with scale = sqrt(phi v) and credit = r dt."""
        grid, weights, smallest_change = self.grid, self.weights, self.smallest_change
        last = log_e = e = 0.0
        for g, component in enumerate(self.components):
            kappa = (grid[g] * smallest_change - margin) / scale
            if kappa > LARGEST_KAPPA:
                kappa = LARGEST_KAPPA
            if kappa != last:  # all that are cut off at the largest have one e-value
                u = kappa * y
                psi = math.log1p(u + u * u / 2.0) if u >= 0.0 else -math.log1p(-u + u * u / 2.0)
                log_e = psi - math.log1p(kappa * kappa / 2.0)
                e, last = math.exp(log_e), kappa
            grown = e * (component.evidence + credit * weights[g])
            component.log_e = log_e
            component.evidence = grown if grown < LARGEST_EVIDENCE else LARGEST_EVIDENCE

    def _date(self, weight: float, weighted: float, at_s: float, tally: Tally | None) -> None:
        """C_g <- max(0, C_g) + log e_g, with the sums since C_g was last 0."""
        steps, since = 0, NOTHING if tally is None else tally
        first = since
        for component in self.components:
            if component.cusum <= 0.0:
                component.begin(weight, weighted, at_s, first)
                continue
            if component.steps != steps:  # those of one onset share what was gathered since
                steps = component.steps
                since = component.since if tally is None else component.since.plus(tally)
            component.go_on(weight, weighted, since)

    def copy(self) -> EvidenceProcess:
        """The process as it stands."""
        return replace(self, components=[replace(component) for component in self.components])

    def reset(self) -> None:
        """Forget the evidence and the onset: what follows an alarm."""
        self.components = [Component() for _ in self.grid]

    def effect(self, precision: float, alpha: float = 0.05) -> Effect:
        """The change since the likeliest onset, with a confidence sequence of level 1 - alpha.

        With W the precision gathered since the onset and t = Delta,
        half^2 = (W t^2 + 1) / (W^2 t^2) log((W t^2 + 1) / alpha^2) + (1.96 / sqrt(W_base))^2, a
        normal-mixture confidence sequence (asymptotic). Read at the alarm itself the estimate is selected
        and tends to be 1 to 3 WER points too high.
        """
        likeliest = self.likeliest
        if likeliest.weight <= 0:
            return Effect(likeliest.onset_s, 0.0, -math.inf, math.inf, likeliest.since)
        estimate = likeliest.mean
        half = half_width(likeliest.weight, precision, self.smallest_change, alpha)
        return Effect(likeliest.onset_s, estimate, estimate - half, estimate + half, likeliest.since)


def mirrored(effect: Effect) -> Effect:
    """The effect of a process on the opposite sign, in the observation's own direction."""
    return Effect(effect.onset_s, -effect.estimate, -effect.upper, -effect.lower, effect.since)


def half_width(gathered: float, base: float, smallest_change: float, alpha: float = 0.05) -> float:
    """Half the width of the confidence sequence of `EvidenceProcess.effect`.

    Parameters
    ----------
    gathered, base
        Precision since the onset (W > 0) and of the baseline (W_base > 0).
    """
    spread = gathered * smallest_change**2 + 1.0
    own = spread / (gathered * gathered * smallest_change**2) * math.log(spread / alpha**2)
    return math.sqrt(own + 1.96**2 / base)
