"""What was added is always known; what was not, hardly ever."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.store import id_filter
from service.store.id_filter import FEW, HASHES, WORD_BITS, IdFilter

KEYS = st.lists(st.integers(0, 2**63 - 1), max_size=3 * FEW)


@given(added=st.lists(KEYS, max_size=4), asked=KEYS)
def test_what_was_added_is_known_however_many_are_asked(added: list[list[int]], asked: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(id_filter, "BITS", 1 << 12)
        known = IdFilter()
        for each in added:
            known.add(each)
        every = {key for each in added for key in each}
        assert known.added == sum(map(len, added))
        assert set(known.perhaps(asked)) >= every & set(asked)
        # Loop and vectors find the same.
        assert known.perhaps(asked) == [key for key in asked if known.perhaps([key])]


def test_new_keys_look_known_as_rarely_as_the_theory_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_filter, "BITS", 1 << 16)
    draw, known, asked = random.Random(1), IdFilter(), 20_000
    added, words = (1 << 16) // 4, (1 << 16) // WORD_BITS
    known.add([draw.getrandbits(63) for _ in range(added)])
    mean = added / words
    # So many keys fall into a word, about, and the chance that all bits of a new one are set there.
    chances = [math.exp(each * math.log(mean) - mean - math.lgamma(each + 1)) for each in range(100)]
    rate = sum(chance * looks_known(HASHES * each) for each, chance in enumerate(chances))
    found = len(known.perhaps([draw.getrandbits(63) for _ in range(asked)]))
    spread = math.sqrt(rate * asked + asked**2 * spread_of(chances, rate) / words)
    assert abs(found - rate * asked) < 6 * spread


def looks_known(draws: int) -> float:
    """The chance that `HASHES` further draws of the bits of a word meet only those that these draws did."""
    chance = 0.0
    for distinct in range(1, HASHES + 1):
        ways = partitions(HASHES, distinct) * math.perm(WORD_BITS, distinct) / WORD_BITS**HASHES
        # Inclusion and exclusion: none of the distinct bits was left out.
        all_met = sum(
            (-1) ** missed * math.comb(distinct, missed) * (1 - missed / WORD_BITS) ** draws
            for missed in range(distinct + 1)
        )
        chance += ways * all_met
    return chance


def partitions(of: int, into: int) -> int:
    """Stirling's number of the second kind."""
    if into in (1, of):
        return 1
    return into * partitions(of - 1, into) + partitions(of - 1, into - 1)


def spread_of(chances: list[float], rate: float) -> float:
    """How much words differ in that chance: the variance, at most."""
    return sum(chance * (looks_known(HASHES * each) - rate) ** 2 for each, chance in enumerate(chances))
