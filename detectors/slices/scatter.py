"""By what a slice's sessions scatter, and how well that is known: variances drawn to what all slices have.

With f the spread of a combination's sessions over what it is expected to be, on k - 1 degrees of freedom (k
sessions of equal size would know as much: (sum N)^2 / sum N^2), f varies between combinations by

    tau^2 = (sum (k - 1) ((f - 1)^2 - 2 / (k - 1)) + D t) / (sum (k - 1) + D)

where everything is as expected tau^2 is 0, and 1 and more where a few sessions are much worse than all
others. A slice's own f then counts as far as it is known, beside d0 = 2 / tau^2 + 4 degrees of freedom which
all of them lend it, so that its variance is known to d0 + k - 1 degrees of freedom, and is

    (d0 + (k - 1) f) / (d0 + k - 1)

times what is expected.

Reference: Smyth, Linear models and empirical Bayes methods for assessing differential expression in
microarray experiments (Statistical Applications in Genetics and Molecular Biology 3, 2004): moderated t.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detectors.slices.counts import SliceCounts
from detectors.slices.marginals import Where
from detectors.slices.part import Usual
from detectors.slices.table import SliceTable

PRIOR, PRIOR_DEGREES = 0.2, 50.0
"""t and D: tau^2 before anything is known, and how many degrees of freedom it counts."""
LEAST = 0.005
LEAST_SESSIONS = 1.5
"""k from which on a spread says anything."""


@dataclass(frozen=True, slots=True)
class Known:
    """A slice's variance in parts of what is expected, at least 1, and how many degrees of freedom it has."""

    ratio: float
    degrees: float


@dataclass(frozen=True, slots=True)
class Scatter:
    """d0, taken from the combinations of the cohorts in question.

    Parameters
    ----------
    table
        All slices.
    degrees
        d0.
    """

    table: SliceTable
    degrees: float

    @classmethod
    def of(cls, table: SliceTable, cohorts: Iterable[str]) -> Scatter:
        """From what these cohorts said before and since."""
        between, known = PRIOR_DEGREES * PRIOR, PRIOR_DEGREES
        for cohort in cohorts:
            usual = table.usual[cohort]
            for sides in table.splits[cohort].finest():
                for counts, since in ((sides.before, False), (sides.after, True)):
                    spread, expected, degrees = _spread(counts, usual, since=since)
                    if degrees:
                        between += degrees * (spread / expected - 1.0) ** 2 - 2.0
                        known += degrees
        return cls(table, 2.0 / max(between / known, LEAST) + 4.0)

    def since(self, where: Where, cohorts: Sequence[str]) -> Known:
        """Of what these cohorts said in a slice since the onset."""
        spread = expected = degrees = 0.0
        for cohort in self.table.cohorts_in(where, cohorts):
            own = _spread(self.table.part(where, cohort).sides.after, self.table.usual[cohort], since=True)
            if own[2]:
                spread, expected, degrees = spread + own[0], expected + own[1], degrees + own[2]
        ratio = spread / expected if expected else 1.0
        together = self.degrees + degrees
        return Known(max((self.degrees + degrees * ratio) / together, 1.0), together)


def _spread(counts: SliceCounts, usual: Usual, *, since: bool) -> tuple[float, float, float]:
    """The spread of some sessions, what is expected of it, and its degrees of freedom; 0 of one session."""
    if counts.sessions < 2 or counts.words**2 < LEAST_SESSIONS * counts.words_squared:
        return 0.0, 0.0, 0.0
    rate = usual.smoothed(counts, since=since)
    expected = usual.dispersion * rate * (1.0 - rate) * counts.binomial_spread
    share = (counts.sessions - 1.0) / counts.sessions
    return counts.spread, expected * share, counts.words**2 / counts.words_squared - 1.0
