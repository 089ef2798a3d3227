"""Words that no step changes, and through which none looks: what stands between two of them stands alone.

Most words of speech mean nothing to any rule. A normaliser that knows them need only work on what stands
between, and can remember that: "fifty milligrams" comes again and again, a whole sentence hardly ever does.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from functools import lru_cache

__all__ = ["LONGEST", "WALL", "Kind", "Walls"]

LONGEST = 32
"""Characters of a word beyond which nothing is remembered of it."""
WALL = "wall"
"""A wall like every other, to stand for any."""
_REMEMBERED = 16_384
# Words that the steps' code names itself; the others that it looks for are in the rules.
_NAMED = frozenset(["of", "past", "the", "in", "et", "out", "by"])


class Kind(Enum):
    """What a word means to the steps on tokens."""

    WALL = 0
    """Nothing, whatever stands around it."""
    INERT = 1
    """Something, but only beside a word that stirs."""
    STIRRING = 2
    """It may change, or change what stands around it."""


class Walls:
    """Tells the kinds of words apart.

    Parameters
    ----------
    rules
        The tables and patterns of all steps, nested as they are. A word that occurs in them is no wall.
    heeds
        For each step on tokens, which words of ASCII letters it heeds: a list of others stays as it is.

    Examples
    --------
    >>> walls = Walls(rules=[{"milligrams": "mg"}], heeds=[{"fifty"}.__contains__])
    >>> [walls.kind(word).name for word in ("fever", "milligrams", "fifty", "50")]
    ['WALL', 'INERT', 'STIRRING', 'STIRRING']
    """

    def __init__(self, rules: Iterable[object], heeds: Iterable[Callable[[str], bool]]) -> None:
        self._watched = _NAMED.union(_words(rules))
        self._heeds = tuple(heeds)
        self.kind = lru_cache(maxsize=_REMEMBERED)(self._kind)

    def _kind(self, word: str) -> Kind:
        is_plain = word.isascii() and word.isalpha() and word.islower()
        if not is_plain or any(heeds(word) for heeds in self._heeds):
            return Kind.STIRRING
        # One letter may be spelled with its neighbours, and "'d" before an ending in -ed is "had".
        is_wall = len(word) > 1 and not word.endswith("ed") and word not in self._watched
        return Kind.WALL if is_wall else Kind.INERT


def _words(rule: object) -> Iterator[str]:
    """Every word of a to z in tables and patterns.

    >>> sorted(_words([{("per", "cent"): ("percent",)}, re.compile("(?:um|mm) ")]))
    ['cent', 'mm', 'per', 'percent', 'um']
    """
    if isinstance(rule, str):
        yield from re.findall("[a-z]+", rule)
    elif isinstance(rule, re.Pattern):
        yield from _words(rule.pattern)
    elif isinstance(rule, Mapping):
        for pair in rule.items():
            yield from _words(pair)
    elif isinstance(rule, Iterable):
        for part in rule:
            yield from _words(part)
