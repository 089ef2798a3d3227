"""A few written abbreviations whose spoken form is certain, and those whose letters are said one by one."""

from collections.abc import Mapping

from detectors.normalisation.english import letters

__all__ = ["RULES", "in_full", "is_heeded"]


def in_full(tokens: list[str]) -> list[str]:
    """Return the tokens with titles and the like as they are spoken, and letters that spell one in one.

    >>> in_full(["dr", "jones", "vs", "mr", "smith", "et", "cetera"])
    ['doctor', 'jones', 'versus', 'mister', 'smith', 'etcetera']
    >>> in_full(["an", "e", "c", "g", "and", "an", "ecg"])
    ['an', 'ecg', 'and', 'an', 'ecg']
    """
    tokens = letters.joined(tokens)
    if _ALL.isdisjoint(tokens):
        return tokens
    full = [_SPOKEN.get(token, token) for token in tokens]
    if "cetera" in full:
        full = _with_etcetera(full)
    return full


def is_heeded(word: str) -> bool:
    """Say whether a list with this word may change."""
    return word in _ALL or word in letters.TELLING


def _with_etcetera(tokens: list[str]) -> list[str]:
    joined: list[str] = []
    for token in tokens:
        if token == "cetera" and joined and joined[-1] == "et":
            joined[-1] = "etcetera"
        else:
            joined.append(token)
    return joined


_SPOKEN: Mapping[str, str] = {
    "dr": "doctor",
    "drs": "doctors",
    "mr": "mister",
    "mrs": "missus",
    "prof": "professor",
    "vs": "versus",
    "approx": "approximately",
    "etc": "etcetera",
    "ok": "okay",
}
_ALL = frozenset([*_SPOKEN, "cetera"])

RULES = (_SPOKEN, letters.RULES)
