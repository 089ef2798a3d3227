"""Why a cohort's WER moved: three stories that look alike from afar, as parts that sum to the change.

With w0, w1 the shares of the cohort's words that slice k of a partition has before and since the onset, r0
and r1 its error rates there, d = r1 - r0 its rise and d_o the rise of the other cohorts there,

    R1 - R0 =   sum_k (w1 - w0) ((r0 + r1) / 2 - (R0 + R1) / 2)     mix: traffic moved between slices
              + sum_k (w0 + w1) / 2 d_o                             exposure: it works where the condition is
              + sum_k (w0 + w1) / 2 (d - d_o)                       interaction: it suffers more than others
              + what slices add in which the cohort had no past,    unknown
                or in which no other cohort can be compared

Kitagawa's decomposition of a difference between two rates, which is Oaxaca's and Blinder's for ratios, with
the part of the rates split once more by what others went through.

References: Kitagawa, Components of a difference between two rates (JASA 50, 1955); Oaxaca, Male-female wage
differentials (1973); Blinder, Wage discrimination (1973).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from detectors.slices.part import LEAST_SESSIONS, Sides, summed


@dataclass(frozen=True, slots=True)
class Stories:
    """The parts of a change of the error rate, as ratios; they sum to ``change``.

    Examples
    --------
    >>> Stories(mix=0.01, exposure=0.05, interaction=-0.02, unknown=0.0).main
    'exposure'
    """

    mix: float
    exposure: float
    interaction: float
    unknown: float

    @property
    def change(self) -> float:
        """R1 - R0."""
        return self.mix + self.exposure + self.interaction + self.unknown

    @property
    def main(self) -> str:
        """The part that says most of a rise: the largest one."""
        parts = ("mix", "exposure", "interaction", "unknown")
        return max(parts, key=lambda name: float(getattr(self, name)))


def stories(own: Sequence[Sides], others: Sequence[float | None]) -> Stories | None:
    """The parts for a partition of the cohort's speech; None without speech on both sides.

    Parameters
    ----------
    own
        The cohort's counts in each slice of the partition.
    others
        d_o in each of them, in the same order; None where no other cohort can be compared.
    """
    whole = summed(own)
    if not whole.before.words or not whole.after.words:
        return None
    middle = (whole.before.rate + whole.after.rate) / 2.0
    mix = exposure = interaction = unknown = 0.0
    for part, elsewhere in zip(own, others, strict=True):
        share_before = part.before.words / whole.before.words
        share = part.after.words / whole.after.words
        moved = share - share_before
        mean_share = (share + share_before) / 2.0
        if min(part.before.sessions, part.after.sessions) < LEAST_SESSIONS:
            unknown += share * part.after.rate - share_before * part.before.rate - moved * middle
            continue
        risen = part.after.rate - part.before.rate
        mix += moved * ((part.before.rate + part.after.rate) / 2.0 - middle)
        if elsewhere is None:
            unknown += mean_share * risen
        else:
            exposure += mean_share * elsewhere
            interaction += mean_share * (risen - elsewhere)
    return Stories(mix, exposure, interaction, unknown)
