"""Which keys of ids are surely new, without a look at the store."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BITS = 1 << 26
"""8 MB, whatever they hold, so that memory stays what it is while the store fills. With so many keys as a
quarter of it every sixth new one looks known."""
HASHES = 4
FEW = 10
"""For fewer, vectors take longer than a loop."""


class IdFilter:
    """A Bloom filter of keys of 63 bits, with double hashing.

    Attributes
    ----------
    added
        How many keys were added, each as often as it was.

    References
    ----------
    Bloom, "Space/time trade-offs in hash coding with allowable errors", CACM 13(7), 1970; Kirsch and
    Mitzenmacher, "Less hashing, same performance: building a better Bloom filter", ESA 2006.

    Examples
    --------
    >>> known = IdFilter()
    >>> known.add([4514499209557946932, 1618033988749894848])
    >>> known.perhaps([3141592653589793238, 1618033988749894848])
    [1618033988749894848]
    """

    def __init__(self) -> None:
        self.added = 0
        self._bits = bytearray(BITS // 8)
        self._vector = np.frombuffer(self._bits, np.uint8)

    def add(self, keys: Sequence[int]) -> None:
        """Know these from now on."""
        self.added += len(keys)
        if len(keys) < FEW:
            bits = self._bits
            for key in keys:
                for place in _places_of(key):
                    bits[place >> 3] |= 1 << (place & 7)
        else:
            places = _places(keys)
            np.bitwise_or.at(self._vector, places >> 3, _masks(places))

    def perhaps(self, keys: Sequence[int]) -> list[int]:
        """Those of these keys that may have been added: all that were, and few others."""
        if len(keys) < FEW:
            bits = self._bits
            return [
                key for key in keys if all(bits[place >> 3] >> (place & 7) & 1 for place in _places_of(key))
            ]
        places = _places(keys)
        is_known = (self._vector[places >> 3] & _masks(places)).all(axis=0)
        return [keys[each] for each in np.flatnonzero(is_known).tolist()]


def _places_of(key: int) -> tuple[int, ...]:
    step = key >> 26 | 1
    return tuple((key + turn * step) % BITS for turn in range(HASHES))


def _places(keys: Sequence[int]) -> NDArray[np.uint64]:
    """Places of bits, of shape (hashes, keys)."""
    several = np.array(keys, np.uint64)
    turns = np.arange(HASHES, dtype=np.uint64)[:, None]
    steps = several >> np.uint64(26) | np.uint64(1)
    places: NDArray[np.uint64] = (several + turns * steps) % np.uint64(BITS)
    return places


def _masks(places: NDArray[np.uint64]) -> NDArray[np.uint8]:
    return np.left_shift(np.uint8(1), (places & np.uint64(7)).astype(np.uint8))
