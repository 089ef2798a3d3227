"""A claim from outside, such as "en-IN on ward-7 has 8 WER points more than the rest", judged on what comes.

What is compared are speaker-shifts (`detectors.unit`): those of the slice, and everybody else's at the same
time, each with its error rate x = E / N, errors capped at words. So the excess is that of a shift's mean
error rate; WER as a ratio of sums is shown beside it. A shift that moves between the slice and the rest is
two.

A block closes with a shift of the slice and four others, or with four of the slice and any other. What waits
longer than 12 hours of the stream's time, or behind 16 newer ones, is not compared: it was not the same time.
All of these rules look at when somebody spoke, never at how well that was recognised, which is what
`detectors.claims.betting` needs. Its other condition, that shifts are independent given the past, holds for
speakers who are heard once; where few return again and again, what is shown is shown of these people.

Judged are only utterances that were spoken and received after the claim was filed, in order of arrival: who
files a claim may have looked at everything before. Where they come in no order, `detectors.shifts_heard`
keeps those of a shift that is over away: they would be counted as shifts of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from detectors.claims.betting import ExcessBets
from detectors.tally import Tally
from detectors.unit import ScoredUtterance, Unit, UnitTracker
from detectors.wer import Interval

COHORT = "cohort"
"""What a slice calls the cohort itself; an attribute that is declared under this name comes first."""
ENOUGH_REST = 4
"""Shifts of others for which a shift of the slice waits, and shifts of the slice that wait no longer."""
MOST_WAITING = 16
LONGEST_WAIT_S = 12 * 3600.0
SPEAKERS_NEEDED = 10
"""No verdict before so many speakers of each side were heard; sessions, where speakers are not told apart."""
MOST_REMEMBERED = 100
"""Speakers, and sessions, of a side that are told apart; there may be more."""


class Verdict(StrEnum):
    """What a claim has come to.

    ``CONFIRMED``: there is an excess; ``REFUTED``: it is smaller than claimed, if there is any.
    """

    OPEN = "open"
    CONFIRMED = "confirmed"
    REFUTED = "refuted"


@dataclass(frozen=True, slots=True)
class Claim:
    """What is claimed.

    Parameters
    ----------
    slice
        The attributes, and perhaps the cohort, that an utterance of the slice has; all of them.
    excess
        How much higher its error rate is than everybody else's at the same time, a ratio in (0, 1].
    alpha
        Probability that it is ever wrongly confirmed, and that it is ever wrongly refuted; in (0, 1).
    filed_s
        When it was filed, seconds since the epoch.

    Examples
    --------
    >>> from detectors.alignment import ErrorCounts
    >>> claim = Claim({"accent": "en-IN", "site": "ward-7"}, 0.08, 0.025, filed_s=0.0)
    >>> counts = ErrorCounts(0, 0, 0, 10)
    >>> claim.has(ScoredUtterance("en-IN", 1.0, counts, attributes=(("accent", "en-IN"), ("site", "ward-7"))))
    True
    >>> claim.has(ScoredUtterance("en-IN", 1.0, counts, attributes=(("accent", "en-IN"),)))
    False
    """

    slice: dict[str, str]
    excess: float
    alpha: float
    filed_s: float

    def has(self, scored: ScoredUtterance) -> bool:
        """Whether an utterance is of the slice."""
        known = dict(scored.attributes)
        return all(
            known.get(name, scored.cohort if name == COHORT else None) == value
            for name, value in self.slice.items()
        )


@dataclass(slots=True)
class Side:
    """The slice, or everybody else: shifts that wait to be compared, and what has been.

    ``speakers`` and ``sessions`` are those of what was compared, as far as they are named, at most
    `MOST_REMEMBERED` of each.
    """

    waiting: list[Unit] = field(default_factory=list)
    compared: Tally = field(default_factory=Tally)
    speakers: list[str] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)
    speakers_known: bool = True
    not_compared: int = 0

    @property
    def heard(self) -> int:
        """How many speakers were heard, as far as they are told apart."""
        return len(self.speakers if self.speakers_known else self.sessions)

    def wait(self, unit: Unit, now_s: float) -> None:
        """Take a shift that is complete now; give up those for which it has become too late."""
        # When a shift is complete, not when it was spoken: what is late is compared when it arrives.
        unit.touched_s = now_s
        self.waiting.append(unit)
        if len(self.waiting) > MOST_WAITING:
            del self.waiting[0]
            self.not_compared += 1

    def give_up(self, before_s: float) -> None:
        """Forget what was complete before a time."""
        kept = [unit for unit in self.waiting if unit.touched_s >= before_s]
        self.not_compared += len(self.waiting) - len(kept)
        self.waiting = kept

    def compare(self) -> list[float]:
        """The error rates of what waits, which is compared with that."""
        rates = [unit.error_rate for unit in self.waiting]
        for unit in self.waiting:
            self.compared.merge(unit.tally)
            self.speakers_known = self.speakers_known and unit.has_speaker
            session = unit.session if unit.has_speaker else unit.key
            for key, known in ((unit.speaker, self.speakers), (session, self.sessions)):
                if key is not None and len(known) < MOST_REMEMBERED and key not in known:
                    known.append(key)
        self.waiting = []
        return rates


@dataclass(frozen=True, slots=True)
class SideView:
    """What was compared of a side, and what was not."""

    compared: Tally
    speakers: int
    sessions: int
    speakers_known: bool
    waiting: int
    not_compared: int

    @classmethod
    def of(cls, side: Side) -> SideView:
        """As it is now."""
        return cls(
            side.compared.copy(),
            len(side.speakers),
            len(side.sessions),
            side.speakers_known,
            len(side.waiting),
            side.not_compared,
        )


@dataclass(frozen=True, slots=True)
class ClaimView:
    """What there is to show of a claim, taken at one moment; rates as ratios.

    Parameters
    ----------
    above, below
        Evidence now that there is an excess, and that it is smaller than claimed; ``highest_above`` and
        ``highest_below`` are what counts against the threshold.
    excess
        Mean difference of error rates, of the last hundred shifts or so; None before the first.
    interval
        Confidence sequence for the excess, of 1 - 2 alpha; None where its ends have crossed: then the excess
        was not the same all the time.
    speakers_missing
        How many speakers (or sessions) have yet to be heard, of the side that lacks more.
    units_to_confirm, units_to_refute
        About how many shifts of the slice it takes, if all goes on so; None where it does not lead there.
    """

    verdict: Verdict
    above: float
    highest_above: float
    below: float
    highest_below: float
    threshold: float
    excess: float | None
    interval: Interval | None
    own: SideView
    rest: SideView
    speakers_missing: int
    units_to_confirm: float | None
    units_to_refute: float | None


@dataclass(slots=True)
class ClaimTest:
    """The evidence on a claim: a deterministic function of the utterances in their order.

    Parameters
    ----------
    bets
        For the claimed excess at the claim's alpha.
    normalisers
        Versions of the normaliser so far: only what has the last one is compared.
    """

    bets: ExcessBets
    tracker: UnitTracker = field(default_factory=UnitTracker)
    own: Side = field(default_factory=Side)
    rest: Side = field(default_factory=Side)
    normalisers: list[str] = field(default_factory=list)

    @classmethod
    def start(cls, claim: Claim) -> ClaimTest:
        """The evidence before anything is heard."""
        return cls(ExcessBets(claim.excess, claim.alpha))

    @property
    def verdict(self) -> Verdict:
        """What the evidence says; decided, it changes at most from confirmed to refuted."""
        if self.speakers_missing:
            return Verdict.OPEN
        if self.bets.below.highest >= self.bets.threshold:
            return Verdict.REFUTED
        return Verdict.CONFIRMED if self.bets.above.highest >= self.bets.threshold else Verdict.OPEN

    @property
    def speakers_missing(self) -> int:
        """How many speakers have yet to be heard before there is a verdict."""
        return max(0, SPEAKERS_NEEDED - min(self.own.heard, self.rest.heard))

    def update(self, claim: Claim, scored: ScoredUtterance, received_s: float) -> None:
        """Take the next scored utterance of anybody.

        Parameters
        ----------
        received_s
            When its transcript was received, seconds since the epoch.
        """
        if scored.at_s < claim.filed_s or received_s < claim.filed_s or not self._is_comparable(scored):
            return
        side = "slice" if claim.has(scored) else "rest"
        for unit in self.tracker.add(replace(scored, cohort=side, attributes=())):
            if unit.tally.reference_words:
                self._take(unit)

    def view(self) -> ClaimView:
        """What there is to show now."""
        bets, units = self.bets, self.own.compared.units
        rest_per_unit = self.rest.compared.units / units if units else float(ENOUGH_REST)
        to_confirm, to_refute = bets.units_to_go(rest_per_unit)
        return ClaimView(
            verdict=self.verdict,
            above=bets.above.now,
            highest_above=bets.above.highest,
            below=bets.below.now,
            highest_below=bets.below.highest,
            threshold=bets.threshold,
            excess=bets.excess.value if units else None,
            interval=Interval(bets.lower, bets.upper) if bets.lower < bets.upper else None,
            own=SideView.of(self.own),
            rest=SideView.of(self.rest),
            speakers_missing=self.speakers_missing,
            units_to_confirm=to_confirm,
            units_to_refute=to_refute,
        )

    def _is_comparable(self, scored: ScoredUtterance) -> bool:
        if scored.normaliser not in self.normalisers:
            self.normalisers.append(scored.normaliser)
            self.tracker.drop()
            for side in (self.own, self.rest):
                side.waiting = []
        return scored.normaliser == self.normalisers[-1]

    def _take(self, unit: Unit) -> None:
        own, rest, now_s = self.own, self.rest, self.tracker.now_s
        (own if unit.cohort == "slice" else rest).wait(unit, now_s)
        for side in (own, rest):
            side.give_up(now_s - LONGEST_WAIT_S)
        enough_rest = len(rest.waiting) >= ENOUGH_REST
        waits_no_longer = len(own.waiting) >= ENOUGH_REST and rest.waiting
        if own.waiting and (enough_rest or waits_no_longer):
            self.bets.update(own.compare(), rest.compare())
