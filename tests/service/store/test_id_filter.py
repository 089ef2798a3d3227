"""What was added is always known; what was not, hardly ever."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.store import id_filter
from service.store.id_filter import FEW, HASHES, IdFilter

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
    added = (1 << 16) // 4
    known.add([draw.getrandbits(63) for _ in range(added)])
    rate = (1 - math.exp(-HASHES * added / (1 << 16))) ** HASHES
    found = len(known.perhaps([draw.getrandbits(63) for _ in range(asked)]))
    assert abs(found - rate * asked) < 6 * math.sqrt(rate * asked)
