"""One moment at which everybody may have got worse, and what speaks for it since.

If the change came then, a shift is off from its forecast by delta h, since the forecast rests on speakers
of whom a part was heard after the change: with w_j the weight of speaker j's mean in the forecast and f_j
the share of what was heard of him since,

    h = 1 - a - sum_j w_j f_j    the shift tells (x - E[x]) / h of delta, with the variance S / h^2

where a is what the effect of the present hours has taken of it (`detectors.everybody.hours`).

h is known before the shift is, so whatever moment is supposed, nothing is taken for a rise that the
forecast does not leave open [T].
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from detectors.block import ResidualSums
from detectors.everybody.small_cohort import Forecast
from detectors.evidence import LARGEST_Y, EvidenceProcess
from detectors.heard import Heard, Seen
from detectors.sessions import ENOUGH_SESSIONS, MOST_REMEMBERED, REMAINDER

LEAST_LEFT = 0.1
"""A shift whose h is below this says next to nothing of the change."""
ENOUGH_COHORTS = 5
HALF_AS_MUCH = 0.5
AS_MUCH = 2.0 / 3.0
MANY = 20.0
"""The likelihood ratio of the sessions, and of the middle half of the cohorts: not a few rose."""


@dataclass(slots=True)
class Since:
    """A moment, and what was heard since.

    Parameters
    ----------
    at_s
        When it was, on the stream's clock.
    start, elsewhere
        Sums over shifts of small cohorts, and effective words of others, up to then.
    process
        The evidence for a change at that moment.
    heard, cohorts, sessions
        What shifts tell of delta: all, by cohort, by session.
    words
        Effective words by cohort and speaker.
    absorbed
        How much of a change at that moment is taken for an effect of the present hours
        (`detectors.everybody.hours`).
    squares
        Sum of the squares of what sessions told that are not remembered any more.
    """

    at_s: float
    start: ResidualSums
    elsewhere: float
    process: EvidenceProcess
    heard: Heard = field(default_factory=Heard)
    cohorts: dict[str, Heard] = field(default_factory=dict)
    sessions: dict[str, Heard] = field(default_factory=dict)
    words: dict[str, dict[str, float]] = field(default_factory=dict)
    absorbed: float = 0.0
    squares: float = 0.0

    @property
    def likelihood(self) -> float:
        """Log likelihood ratio of a rise since then, of whatever size, against none."""
        weighted, precision = self.heard.weighted, self.heard.precision
        return weighted * weighted / (2.0 * precision) if weighted > 0.0 else 0.0

    def left(self, cohort: str, forecast: Forecast, totals: dict[str, float]) -> float:
        """h of a shift of this cohort; ``totals`` are all effective words of its speakers."""
        weights = forecast.weights
        heard = self.words.get(cohort, {})
        return (
            1.0
            - self.absorbed
            - math.fsum([weights[key] * words / totals[key] for key, words in heard.items()])
        )

    def see(self, cohort: str, session: str, deviation: float, variance: float) -> None:
        """Take what a shift tells of delta, with its variance."""
        furthest = LARGEST_Y * math.sqrt(variance)
        seen = Seen(min(max(deviation, -furthest), furthest), variance, math.inf)
        self.heard.add(seen)
        self.cohorts.setdefault(cohort, Heard()).add(seen)
        if session not in self.sessions and len(self.sessions) >= MOST_REMEMBERED:
            quietest = min(self.sessions, key=lambda key: self.sessions[key].weighted)
            self.squares += self.sessions.pop(quietest).weighted ** 2
        self.sessions.setdefault(session, Heard()).add(seen)

    def count(self, cohort: str, speaker: str, words: float) -> None:
        """Count a speaker's effective words."""
        heard = self.words.setdefault(cohort, {})
        heard[speaker] = heard.get(speaker, 0.0) + words

    def forget(self, cohort: str, speaker: str | None = None) -> None:
        """Forget a speaker, or a whole cohort."""
        if speaker is None:
            self.words.pop(cohort, None)
        else:
            self.words.get(cohort, {}).pop(speaker, None)

    def is_everybodys(self, smallest_change: float) -> bool:
        """Whether the rise is that of many: it rests on at least five cohorts and three sessions.

        Without the two loudest cohorts what is left must still be a rise with a likelihood ratio of 3,
        without the two loudest sessions likewise. Shifts of one session may share more than is known: with
        A_s what a session tells in all, exp((sum A_s)^2 / (2 sum A_s^2)) must be 20, which has a mean of at
        most 1 where each A_s is as likely above 0 as below (up to the choice of the exponent; de la Pena,
        Annals of Probability 27, 1999). And the middle half of the cohorts, by what each tells of delta,
        must have risen with a likelihood ratio of 20, by Delta/2 and by two thirds of what all did.
        """
        if len(self.cohorts) < ENOUGH_COHORTS or len(self.sessions) < ENOUGH_SESSIONS:
            return False
        if not all(self._holds_without_loudest(parts) for parts in (self.cohorts, self.sessions)):
            return False
        if not self._is_shared_by_sessions():
            return False
        middle = _middle(self.cohorts.values())
        enough = max(HALF_AS_MUCH * smallest_change, AS_MUCH * self.heard.mean)
        return middle.mean >= enough and _shows(middle, MANY)

    def _is_shared_by_sessions(self) -> bool:
        squares = self.squares + math.fsum([session.weighted**2 for session in self.sessions.values()])
        return self.heard.weighted**2 >= 2.0 * math.log(MANY) * squares

    def _holds_without_loudest(self, parts: dict[str, Heard]) -> bool:
        loudest = heapq.nlargest(ENOUGH_SESSIONS - 1, parts.values(), key=lambda part: part.weighted)
        rest = self.heard.less(Heard.together(loudest))
        return _shows(rest, REMAINDER)


def _shows(part: Heard, ratio: float) -> bool:
    """Whether a rise by its mean is so many times as likely as none."""
    errors = math.sqrt(2.0 * math.log(ratio))
    return part.precision > 0.0 and part.weighted >= errors * math.sqrt(part.precision)


def _middle(parts: Iterable[Heard]) -> Heard:
    """The middle half, by precision, of parts in the order of their means."""
    ordered = sorted(parts, key=lambda part: part.mean)
    whole = math.fsum([part.precision for part in ordered])
    first, last, below = whole / 4.0, 3.0 * whole / 4.0, 0.0
    inside = []
    for part in ordered:
        within = min(below + part.precision, last) - max(below, first)
        below += part.precision
        if within > 0.0:
            inside.append(part.scaled(within / part.precision))
    return Heard.together(inside)
