"""Which keys of ids are surely new, without a look at the store."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BITS = 1 << 26
"""8 MB, whatever they hold, so that memory stays what it is while the store fills. With so many keys as a
quarter of it every sixth new one looks known."""
HASHES = 4
WORD_BITS = 64
FEW = 10
"""For fewer, vectors take longer than a loop."""

_PLACE_BITS = 6


class IdFilter:
    """A Bloom filter of keys of 63 bits, of which each has all its places in one word of memory.

    Attributes
    ----------
    added
        How many keys were added, each as often as it was.

    References
    ----------
    Bloom, "Space/time trade-offs in hash coding with allowable errors", CACM 13(7), 1970; Putze, Sanders,
    Singler, "Cache-, hash- and space-efficient Bloom filters", ACM Journal of Experimental Algorithmics 14,
    2009 (blocks).

    Examples
    --------
    >>> known = IdFilter()
    >>> known.add([4514499209557946932, 1618033988749894848])
    >>> known.perhaps([3141592653589793238, 1618033988749894848])
    [1618033988749894848]
    """

    def __init__(self) -> None:
        self.added = 0
        bits = bytearray(BITS // 8)
        self._words = memoryview(bits).cast("Q")
        self._vector = np.frombuffer(bits, np.uint64)

    def add(self, keys: Sequence[int]) -> None:
        """Know these from now on."""
        self.added += len(keys)
        if len(keys) < FEW:
            words = self._words
            for key in keys:
                word, mask = _place_of(key)
                words[word] |= mask
        else:
            np.bitwise_or.at(self._vector, *_places(keys))

    def perhaps(self, keys: Sequence[int]) -> list[int]:
        """Those of these keys that may have been added: all that were, and few others."""
        if len(keys) < FEW:
            words = self._words
            return [
                key
                for key, (word, mask) in zip(keys, map(_place_of, keys), strict=True)
                if words[word] & mask == mask
            ]
        places, masks = _places(keys)
        is_known = self._vector[places] & masks == masks
        return [keys[each] for each in np.flatnonzero(is_known).tolist()]


def _place_of(key: int) -> tuple[int, int]:
    """The word of a key, and its bits there."""
    mask = 0
    for _ in range(HASHES):
        mask |= 1 << key % WORD_BITS
        key >>= _PLACE_BITS
    return key % (BITS // WORD_BITS), mask


def _places(keys: Sequence[int]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The same of many."""
    # By way of signed ones, for a filed key that is damaged may be negative.
    left = np.array(keys, np.int64).view(np.uint64)
    masks = np.zeros_like(left)
    for _ in range(HASHES):
        masks |= np.uint64(1) << left % np.uint64(WORD_BITS)
        left >>= np.uint64(_PLACE_BITS)
    return left % np.uint64(BITS // WORD_BITS), masks
