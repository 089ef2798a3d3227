"""Whether a rise is this cohort's own: three series of the same blocks that must agree.

Three processes of `detectors.evidence` run on every block: one on the cohort's own level O, unit by unit, one
on the differential D = O - R, one on the scaled differential L = O - lambda R with

    lambda = max(1, 1.25 b_c / b_rest)

O is judged by the variance that it has while its level stays, D and L by variances that follow the levels
(see `detectors.block`), each with a margin around its baseline (see `detectors.doubt`).

Cohorts may answer the same cause by points (D then stays at 0) or by factors of their level, unequal
ones (L then stays below 0). A cohort is named when its own level has risen beyond doubt, M_O >= 1, and
neither explanation holds: for X in {D, L}, M_X >= 1, or the e-values of X multiplied since O's onset reach K
= 100.

While the rest is likely to have risen as well (`EverybodyDetector.is_suspected_of`), a name claims two things
at once, that everybody got worse and that this cohort did so besides, and must be shown once more: M_X >= K,
or the e-values multiplied reach K^2. For O's rise is a fact for every cohort then, and in place of M_O only
D and L stand between each of them and a name by a baseline that is off, or by a few bad units at any time.

What is left of O's rise without its two loudest sessions must be likely as well (see `detectors.sessions`).

[T] The evidence is at most M_O, so while a cohort's own level stays, the expected number of alarms up to t
is at most r t. While the level does rise and D and L do not, the first way (M_X) is bounded by r t as well;
the second is a single test that starts with O's rise and errs in 1 of K rises (Ville), which is what
separates "this cohort" from "everybody" without waiting for a second false-alarm budget. [S] is that the
onset, chosen by O, does not raise it. With what is asked for besides while the rest rises, the evidence is at
most M_O still.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from detectors.block import Block
from detectors.doubt import margin_errors
from detectors.evidence import GRID, LARGEST_E, Baseline, EvidenceProcess
from detectors.question import Question
from detectors.sessions import REMAINDER, SessionsSince

ALLOWANCE = 1.25
"""How much more than in proportion to its level a cohort may suffer from what everybody suffers from."""
CONFIRMATION = 100.0
"""K: one in so many rises of everybody may be pinned on a cohort."""
UNITS_TO_COME = 2
"""A look at open shifts is worth its while where so many could be the last that an alarm needs."""


def scale_of(level_ratio: float) -> float:
    """lambda for a cohort whose level is ``level_ratio`` = b_c / b_rest times the rest's."""
    return max(1.0, ALLOWANCE * level_ratio)


@dataclass(slots=True)
class Support:
    """What was gathered since the onset of O's component of the same effect size.

    ``differential`` and ``scaled`` are the logs of the e-values of D and L multiplied.
    """

    differential: float = 0.0
    scaled: float = 0.0
    sessions: SessionsSince = field(default_factory=SessionsSince)

    def copy(self) -> Support:
        """What was gathered up to now."""
        return Support(self.differential, self.scaled, SessionsSince(self.sessions.parts.copy()))


@dataclass(slots=True)
class Naming:
    """O, D and L of one cohort, each with its baseline.

    ``is_shared`` says whether the rest is likely to have risen as well.
    """

    own: Question
    differential: Question
    scaled: Question
    support: list[Support] = field(default_factory=lambda: [Support() for _ in GRID])
    is_shared: bool = False

    @classmethod
    def start(
        cls,
        smallest_change: float,
        rate: float,
        *,
        own_variance: float,
        rest_variance: float,
        rest_mean: float,
        scale: float,
    ) -> Naming:
        """Baselines as the levels' standard errors allow; parameters as of `DifferentialDetector`."""

        def process() -> EvidenceProcess:
            return EvidenceProcess(smallest_change, rate, margin_errors=margin_errors(rate))

        def baseline(factor: float) -> Baseline:
            return Baseline(-factor * rest_mean, 1.0 / (own_variance + factor**2 * rest_variance))

        own = Question(Baseline(0.0, 1.0 / own_variance), process(), process())
        return cls(own, Question(baseline(1.0), process(), process()), Question(baseline(scale), process()))

    @property
    def evidence(self) -> float:
        """The least of what must be shown; 1 names the cohort."""
        own, likeliest = self.own.rise, self.own.rise.likeliest
        support = self.support[own.components.index(likeliest)]
        return min(
            own.evidence,
            _reached(support.sessions.without_loudest(likeliest.cusum), REMAINDER),
            self._confirmed(self.differential.rise.evidence, support.differential),
            self._confirmed(self.scaled.rise.evidence, support.scaled),
        )

    @property
    def is_certain(self) -> bool:
        """Whether the cohort is named; mostly its own level says no, and the rest need not be asked."""
        return self.own.rise.evidence >= 1.0 and self.evidence >= 1.0

    @property
    def is_near(self) -> bool:
        """Whether a block of two units could name the cohort: an e-value is at most `LARGEST_E`."""
        enough = LARGEST_E**-UNITS_TO_COME
        return self.own.rise.evidence >= enough and self.evidence >= enough

    @property
    def is_suspicious(self) -> bool:
        """Whether there is evidence enough to stop learning."""
        return self.own.rise.is_suspicious or self.differential.rise.is_suspicious

    def observe(self, block: Block, scale: float, *, learn: bool) -> None:
        """Take a block; ``scale`` is lambda."""
        self._hear_own(block, learn=learn)
        at_s, elapsed = block.started_s, block.elapsed_days
        self.differential.update(
            block.differential,
            block.differential_variance,
            elapsed,
            at_s,
            block.tally,
            learn=learn,
            doubt=block.doubt,
        )
        scaled, variance = block.own - scale * block.rest, block.own_variance + scale**2 * block.rest_variance
        self.scaled.update(scaled, variance, elapsed, at_s, None, learn=learn, doubt=block.doubt)
        components = zip(self.differential.rise.components, self.scaled.rise.components, strict=True)
        for support, (differential, scaled_component) in zip(self.support, components, strict=True):
            support.differential += differential.log_e
            support.scaled += scaled_component.log_e

    def _confirmed(self, evidence: float, log_e: float) -> float:
        """How far D or L confirms O's rise, by M and by what its e-values multiplied to since O's onset."""
        besides = CONFIRMATION if self.is_shared else 1.0
        return max(evidence / besides, _reached(log_e, CONFIRMATION * besides))

    def _hear_own(self, block: Block, *, learn: bool) -> None:
        """Take the cohort's own units one by one; an onset among them begins with the whole block."""
        heard = [(unit.session, unit.mean, unit.variance) for unit in block.units]
        if not heard:
            heard = [("", block.own, block.still_own_variance)]
        elapsed = block.elapsed_days / len(heard)
        for session, own, variance in heard:
            self.own.update(own, variance, elapsed, block.started_s, None, learn=learn, doubt=block.doubt)
            for support, component in zip(self.support, self.own.rise.components, strict=True):
                if component.steps == 1:
                    support.differential = support.scaled = 0.0
                    support.sessions.clear()
                support.sessions.add(session or f"block {component.steps}", component.log_e)

    def would_be_certain(self, block: Block, scale: float) -> bool:
        """Whether this block, taken now, would name the cohort; nothing is changed."""
        own, differential, scaled = self.own.rising(), self.differential.rising(), self.scaled.rising()
        support = [support.copy() for support in self.support]
        trial = Naming(own, differential, scaled, support, self.is_shared)
        trial.observe(block, scale, learn=False)
        return trial.is_certain

    def set_rate(self, rate: float) -> None:
        """Set r anew, and the margins with it."""
        doubt = margin_errors(rate)
        for question in (self.own, self.differential, self.scaled):
            question.set_rate(rate, doubt)

    def reset(self) -> None:
        """Forget the evidence, keep the baselines."""
        for question in (self.own, self.differential, self.scaled):
            question.reset()
        self.support = [Support() for _ in GRID]


def _reached(log_e: float, ratio: float) -> float:
    return 1.0 if log_e >= math.log(ratio) else math.exp(log_e) / ratio
