"""How many sessions a test would need that knows where to look, and by how much rates spread.

It looks at the rise of the slice that is hit beyond that of all else, (r1 - r0) - (s1 - s0). With n sessions
in the slice since the onset and B before, m times as many outside of it, and sigma what the rate of one
session spreads by (from speaker to speaker where one has several),

    V(n) = (sigma_r1^2 + sigma_s1^2 / m) / n + (sigma_r0^2 + sigma_s0^2 / m) / B

all taken from all recordings, so known. It is right in 95 % where rise / V(n)^(1/2) is z(0.02 / K) + z(0.05),
K being the slices that are looked at, for one cohort or for all: a z-test after Bonferroni.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import NormalDist

from benchmarks.attribution.switches import Switch
from benchmarks.detection import recordings
from detectors.alignment import ErrorCounts
from detectors.slices.naming import FALSE_NAMES

RIGHT = 0.95
DRAWS = 8
"""Of all recordings, over which lots are drawn."""
_NORMAL = NormalDist()


@dataclass(frozen=True)
class Needed:
    """What the oracle needs.

    Parameters
    ----------
    points
        The slice's rise beyond all else's, in WER points.
    before
        Sessions of the slice before the onset, of the cohort in question.
    sessions
        Since the onset, so that it is right in 95 %; None where no number is enough.
    if_known
        The same where what was usual is known exactly.
    """

    points: float
    before: int
    sessions: int | None
    if_known: int | None


@dataclass
class _Speech:
    """One speaker's in the slice or outside: words, errors on either engine, sessions."""

    cohort: str
    words: int = 0
    good: int = 0
    bad: int = 0
    sessions: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class _Side:
    """Rates before and since, their sigma^2, sessions, and how many are of the cohort in question."""

    before: float
    since: float
    spread_before: float
    spread_since: float
    sessions: int
    own: int


def needed(switch: Switch, slices: int) -> Needed:
    """What the oracle needs for a switch, of so many slices that are looked at."""
    inside, outside = _speech(switch)
    here, rest = _side(switch, inside, is_hit=True), _side(switch, outside, is_hit=False)
    more = rest.sessions / here.sessions
    rise = (here.since - here.before) - (rest.since - rest.before)
    since, past = here.spread_since + rest.spread_since / more, here.spread_before + rest.spread_before / more
    asked = rise / (-_NORMAL.inv_cdf(FALSE_NAMES / slices) + _NORMAL.inv_cdf(RIGHT))
    own = here.own / here.sessions
    before = switch.copies * here.own / DRAWS
    left = asked**2 - past / (before / own)
    return Needed(
        100.0 * rise,
        round(before),
        math.ceil(own * since / left) if left > 0.0 else None,
        math.ceil(own * since / asked**2),
    )


def _speech(switch: Switch) -> tuple[list[_Speech], list[_Speech]]:
    corpus, wanted = switch.corpus, dict(switch.truths[0])
    good, bad = (recordings.scores(corpus.dataset, each) for each in (corpus.engine, switch.worse))
    found: tuple[dict[str, _Speech], dict[str, _Speech]] = ({}, {})
    is_exposure = switch.hits("", wanted)
    for utterance, rows in recordings.recordings(corpus.dataset).items():
        if utterance in good and utterance in bad:
            row = next(iter(rows.values()))
            for draw in range(1, DRAWS + 1):
                spoken = corpus.spoken(row, draw)
                if is_exposure or spoken.cohort == corpus.cohort:
                    is_outside = not wanted.items() <= spoken.attributes.items()
                    speech = found[is_outside].setdefault(
                        spoken.speaker or spoken.session, _Speech(spoken.cohort)
                    )
                    speech.words += good[utterance].reference_words
                    speech.good += _capped(good[utterance])
                    speech.bad += _capped(bad[utterance])
                    speech.sessions.add(spoken.session)
    return list(found[0].values()), list(found[1].values())


def _capped(counts: ErrorCounts) -> int:
    return min(counts.errors, counts.reference_words)


def _side(switch: Switch, speech: list[_Speech], *, is_hit: bool) -> _Side:
    sessions = sum(len(each.sessions) for each in speech)
    before, spread_before = _rate(speech, lambda each: each.good, sessions)
    since, spread_since = _rate(speech, lambda each: each.bad if is_hit else each.good, sessions)
    own = sum(len(each.sessions) for each in speech if each.cohort == switch.corpus.cohort)
    return _Side(before, since, spread_before, spread_since, sessions, own)


def _rate(speech: Iterable[_Speech], errors: Callable[[_Speech], int], sessions: int) -> tuple[float, float]:
    """A pooled rate, and its variance times sessions, within cohorts: each has its share of both sides."""
    by_cohort: dict[str, list[_Speech]] = {}
    for each in speech:
        by_cohort.setdefault(each.cohort, []).append(each)
    words = sum(each.words for own in by_cohort.values() for each in own)
    wrong, left = 0, 0.0
    for own in by_cohort.values():
        rate = sum(errors(each) for each in own) / sum(each.words for each in own)
        wrong += sum(errors(each) for each in own)
        left += sum((errors(each) - rate * each.words) ** 2 for each in own)
    return wrong / words, sessions * left / words**2
