"""How far a learned baseline is doubted: the stricter the budget, the further."""

from __future__ import annotations

from statistics import NormalDist

ANSWERED_DAYS = 40.0
"""T, for how long a baseline is answered for."""
LEAST_RISK = 0.05


def margin_errors(false_alarms_per_day: float) -> float:
    """z, the margin around a baseline in its standard errors.

    A baseline that was learned too low is a rise that nothing will ever explain, so an end of its confidence
    region counts as "no change", m = z se. The region may be wrong as often as the budget allows false alarms
    in T = 40 days:

        Phi(-z) = r T, kept between 5 % and 50 %

    [T] The budget's promise holds while the true baseline is within m. [S] is that the others leave it kept,
    and the choice of T, which 30 days would serve as well. (Berger and Boos, P values maximized over a
    confidence set for the nuisance parameter, JASA 89, 1994, for tying the region's level to the test's.)

    Parameters
    ----------
    false_alarms_per_day
        r, the cohort's own share of the tolerated false alarms.

    Examples
    --------
    >>> [round(margin_errors(a_month / 30.0), 2) for a_month in (1.0, 0.36, 0.12, 0.02)]
    [0.0, 0.05, 0.99, 1.64]
    """
    risk = min(max(false_alarms_per_day * ANSWERED_DAYS, LEAST_RISK), 0.5)
    return max(0.0, -NormalDist().inv_cdf(risk))
