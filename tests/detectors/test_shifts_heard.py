"""Each speaker-shift counts once for a claim, in whatever order its utterances come."""

import json

import numpy as np
import pytest
from scipy import stats

from detectors.alignment import ErrorCounts
from detectors.claims.claim import Claim, ClaimTest
from detectors.shifts_heard import MOST_KEYS, MOST_SPANS, ShiftsHeard
from detectors.state import dump, load
from detectors.unit import ScoredUtterance

HIT = ErrorCounts(0, 0, 0, 10)
HOUR_S, DAY_S = 3_600.0, 86_400.0
ALPHA, CHANCE, RUNS = 0.025, 1e-6, 60
CLAIM = Claim({"site": "ward-7"}, 0.08, ALPHA, filed_s=0.0)


def said(speaker: str, at_s: float) -> ScoredUtterance:
    return ScoredUtterance("en", at_s, HIT, speaker)


def test_what_comes_in_order_is_taken_all() -> None:
    heard = ShiftsHeard()
    assert all(heard.takes(said(f"s{at % 3}", 900.0 * at)) for at in range(500))


def test_what_comes_when_its_shift_is_over_is_not_taken() -> None:
    heard = ShiftsHeard()
    assert heard.takes(said("ann", 0.0))
    assert heard.takes(said("bob", 3 * HOUR_S))
    assert not heard.takes(said("ann", 60.0))
    assert not heard.takes(said("ann", -60.0))
    # Neither another shift of hers that comes as late, nor what she says now, is of that one.
    assert heard.takes(said("ann", HOUR_S))
    assert heard.takes(said("ann", HOUR_S + 60.0))
    assert heard.takes(said("ann", 3 * HOUR_S))


def test_a_shift_that_comes_late_as_a_whole_is_taken_whole() -> None:
    heard = ShiftsHeard()
    assert heard.takes(said("bob", DAY_S))
    assert all(heard.takes(said("ann", 60.0 * minute)) for minute in (3, 0, 7, 31, 1))


def test_without_speakers_sessions_are_told_apart() -> None:
    heard = ShiftsHeard()
    late = [ScoredUtterance("en", at_s, HIT, unit_key=key) for key, at_s in (("a", 0.0), ("b", DAY_S))]
    assert [heard.takes(each) for each in [*late, *late]] == [True, True, False, True]


def test_what_is_remembered_is_bounded() -> None:
    heard = ShiftsHeard()
    for number in range(MOST_KEYS + 100):
        heard.takes(said(f"s{number}", float(number)))
    for number in range(50):
        heard.takes(said("ann", DAY_S * number))
    assert len(heard.spans) == MOST_KEYS
    assert len(heard.spans["ann"]) == MOST_SPANS


def test_it_goes_on_exactly_from_what_was_written_down() -> None:
    stream = in_no_order(3, late_s=DAY_S)
    whole, first = ShiftsHeard(), ShiftsHeard()
    taken = [whole.takes(each) for each in stream]
    again = [first.takes(each) for each in stream[:500]]
    restored = load(ShiftsHeard, json.loads(json.dumps(dump(first))))
    assert again + [restored.takes(each) for each in stream[500:]] == taken
    assert restored == whole


def in_no_order(seed: int, late_s: float) -> list[ScoredUtterance]:
    """800 speakers, each with one shift of one level, 160 of them in the slice; no side is worse."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(800):
        began_s, level = rng.uniform(0.0, 20 * DAY_S), rng.beta(0.12 * 18.0, 0.88 * 18.0)
        site = (("site", "ward-7" if rng.random() < 0.2 else "ward-1"),)
        for place in range(1 + rng.poisson(4.0)):
            words, at_s = int(rng.integers(5, 40)), began_s + 40.0 * place
            counts = ErrorCounts(wrong := int(rng.binomial(words, level)), 0, 0, words - wrong)
            scored = ScoredUtterance("en", at_s, counts, f"s{number}", attributes=site)
            found.append((at_s + rng.uniform(0.0, late_s), scored))
    return [scored for _, scored in sorted(found, key=lambda each: each[0])]


@pytest.mark.slow
def test_no_claim_is_confirmed_by_chance_where_references_come_in_no_order() -> None:
    confirmed = {True: 0, False: 0}
    for seed in range(RUNS):
        stream = in_no_order(seed, late_s=2 * DAY_S)
        for counts_once in confirmed:
            test, heard = ClaimTest.start(CLAIM), ShiftsHeard()
            for scored in stream:
                if not counts_once or heard.takes(scored):
                    test.update(CLAIM, scored, DAY_S)
            confirmed[counts_once] += test.bets.above.highest >= test.bets.threshold
    assert confirmed[True] <= stats.binom.isf(CHANCE, RUNS, ALPHA)
    # Counted as shifts of their own, utterances of one shift find what is not there.
    assert confirmed[False] > confirmed[True]
