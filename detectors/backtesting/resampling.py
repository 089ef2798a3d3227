"""Histories like one's own: its sessions drawn anew, at its volume, with nothing changed but what one says.

A re-sampled day takes over when the sessions of a day of the history began and of which cohorts those were,
and draws in place of each a session of the same cohort from the whole history. Within a session every
utterance of a speaker takes the counts of one that is drawn from all that he says there. So the levels of
cohorts, speakers and sessions and their correlations stay, traffic comes as it did, and whatever changed in
the course of the history is spread over all of it (a two-stage bootstrap of clusters: Davison and Hinkley
1997, section 3.8).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from detectors.alignment import ErrorCounts
from detectors.block import SECONDS_A_DAY
from detectors.unit import IDLE_S, LONGEST_S, ScoredUtterance


@dataclass(frozen=True, slots=True)
class Session:
    """Utterances that belong together, in the order in which they were spoken."""

    utterances: tuple[ScoredUtterance, ...]

    @property
    def cohort(self) -> str:
        """That of the first utterance."""
        return self.utterances[0].cohort

    @property
    def started_s(self) -> float:
        """When the first utterance was spoken."""
        return self.utterances[0].at_s


def sessions_of(utterances: Iterable[ScoredUtterance]) -> list[Session]:
    """The sessions of a history, by their beginning.

    What names no session is put together by speaker, as long as he does not pause for 30 min, else by its
    place and hour. No session lasts longer than 12 h.

    Examples
    --------
    >>> hit = ErrorCounts(substitutions=0, deletions=0, insertions=0, hits=10)
    >>> said = [ScoredUtterance("en", at_s, hit, "ann") for at_s in (0.0, 60.0, 9_000.0)]
    >>> [len(session.utterances) for session in sessions_of(said)]
    [2, 1]
    """
    found: list[list[ScoredUtterance]] = []
    open_: dict[str, list[ScoredUtterance]] = {}
    for scored in sorted(utterances, key=lambda each: each.at_s):
        key = scored.session or scored.speaker or scored.unit_key
        longest_pause_s = LONGEST_S if scored.session else IDLE_S
        session = open_.get(key)
        if (
            session is None
            or scored.at_s - session[-1].at_s >= longest_pause_s
            or scored.at_s - session[0].at_s >= LONGEST_S
        ):
            session = open_[key] = []
            found.append(session)
        session.append(scored)
    return [Session(tuple(session)) for session in found]


class Resampler:
    """Draws days of a history anew.

    Parameters
    ----------
    sessions
        At least one.
    seed
        The same seed draws the same days.

    Attributes
    ----------
    first_s
        When day 0 begins, seconds since the epoch.
    """

    def __init__(self, sessions: Sequence[Session], seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._pools: dict[str, list[Session]] = {}
        first_s = min(session.started_s for session in sessions)
        last_s = max(session.utterances[-1].at_s for session in sessions)
        # The last day of several is one only in part.
        whole_days = max(1, int((last_s - first_s) // SECONDS_A_DAY))
        self._days: list[list[tuple[float, str]]] = [[] for _ in range(whole_days)]
        for session in sessions:
            self._pools.setdefault(session.cohort, []).append(session)
            day, second = divmod(session.started_s - first_s, SECONDS_A_DAY)
            if day < whole_days:
                self._days[int(day)].append((second, session.cohort))
        self.first_s = first_s
        self._drawn = 0

    @property
    def utterances_a_day(self) -> float:
        """How many utterances a day has on average."""
        mean = {
            cohort: sum(len(each.utterances) for each in pool) / len(pool)
            for cohort, pool in self._pools.items()
        }
        return sum(mean[cohort] for day in self._days for _, cohort in day) / len(self._days)

    def days(self, first: int, count: int) -> Iterator[ScoredUtterance]:
        """The utterances of days ``first`` to ``first + count`` in order of time; days count from 0."""
        drawn: list[ScoredUtterance] = []
        for day in range(first, first + count):
            begin_s = self.first_s + day * SECONDS_A_DAY
            for second, cohort in self._days[self._rng.integers(len(self._days))]:
                drawn += self._session(cohort, begin_s + second)
        yield from sorted(drawn, key=lambda each: each.at_s)

    def _session(self, cohort: str, started_s: float) -> list[ScoredUtterance]:
        pool = self._pools[cohort]
        session = pool[self._rng.integers(len(pool))]
        self._drawn += 1
        moved_s = started_s - session.started_s
        voices: dict[tuple[str, str | None], list[ErrorCounts]] = {}
        for scored in session.utterances:
            voices.setdefault((scored.cohort, scored.speaker), []).append(scored.counts)
        places = self._rng.random(len(session.utterances)).tolist()
        drawn = []
        for scored, place in zip(session.utterances, places, strict=True):
            voice = voices[scored.cohort, scored.speaker]
            drawn.append(
                replace(
                    scored,
                    at_s=scored.at_s + moved_s,
                    counts=voice[int(place * len(voice))],
                    session=None if scored.session is None else f"{scored.session} {self._drawn}",
                    unit_key=f"{scored.unit_key} {self._drawn}",
                    # Another normaliser would begin another baseline.
                    normaliser="",
                )
            )
        return drawn


@dataclass(frozen=True, slots=True)
class Injection:
    """Errors put into a cohort's utterances, so that its WER rises by so much.

    Each word that was right is substituted with the same probability p = rise / (hits / reference words).

    Parameters
    ----------
    cohort
        Whom it hits.
    probability
        p, from 0 to 1.
    """

    cohort: str
    probability: float

    @classmethod
    def of(cls, cohort: str, points: float, hit_share: float) -> Injection | None:
        """The injection for a rise in WER points; None if so many words are not right.

        >>> Injection.of("en", 20.0, hit_share=0.8).probability
        0.25
        """
        probability = points / 100.0 / hit_share if hit_share > 0 else 1.0
        return cls(cohort, probability) if probability < 1.0 else None

    def into(self, utterances: Sequence[ScoredUtterance], seed: int) -> Iterator[ScoredUtterance]:
        """The utterances with the errors in them."""
        rng = np.random.default_rng(seed)
        for scored in utterances:
            if scored.cohort != self.cohort:
                yield scored
                continue
            counts = scored.counts
            wrong = int(rng.binomial(counts.hits, self.probability))
            worse = ErrorCounts(
                substitutions=counts.substitutions + wrong,
                deletions=counts.deletions,
                insertions=counts.insertions,
                hits=counts.hits - wrong,
            )
            yield replace(scored, counts=worse)
