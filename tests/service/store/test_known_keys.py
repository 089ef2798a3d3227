"""The filter is filled from both tables, and anew once it holds too much that is gone."""

from contextlib import closing
from pathlib import Path

import pytest

from service.store import known_keys
from service.store.filed_ids import FiledIds, id_key, pairs_of
from service.store.known_keys import KnownKeys
from service.store.store import Store

FILED, UNFILED, GONE, NEW = ([id_key(f"{kind}-{number}") for number in range(40)] for kind in range(4))


def test_what_is_filed_or_will_be_is_known_and_what_is_gone_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_keys, "STRETCH", 7)
    monkeypatch.setattr(known_keys, "MOST", 100)
    with closing(Store(tmp_path)) as store:
        tables = FiledIds(store._db)
        tables.file(pairs_of(FILED, range(len(FILED))))
        assert 0 < tables.move(15) < len(FILED)
        known = KnownKeys(tables)
        known.add(UNFILED)
        # Until it went through both tables, nothing is surely new.
        assert known.perhaps(NEW) == NEW
        fill(known)
        assert known.perhaps([*FILED, *UNFILED, *NEW]) == [*FILED, *UNFILED]
        known.add(GONE * 3)
        assert known.perhaps(GONE) == GONE
        fill(known)
        known.add(GONE[:1])
        assert known.perhaps([*FILED, *UNFILED, *GONE, *NEW]) == [*FILED, *UNFILED, GONE[0]]


def fill(known: KnownKeys) -> None:
    # Two tables, a stretch at a time, and one look at where each ends.
    turns = 1
    while known.go_on(UNFILED):
        turns += 1
    assert turns >= len(FILED) // 7
