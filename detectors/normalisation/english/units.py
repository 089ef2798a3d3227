"""Units of measurement in one short form: "fifty milligrams", "50 mg" and "50mg" give the same tokens.

Never across units: mg and mcg, ml and cc, mmol and mol stay apart, and nothing is converted.
"""

from detectors.normalisation.english.unit_words import AFTER_NUMBER, AFTER_PER, AGE, ANYWHERE, CODES, TOGETHER
from detectors.normalisation.english.written_numbers import is_quantity

__all__ = ["RULES", "WORDS", "in_short"]


def in_short(tokens: list[str]) -> list[str]:
    """Return the tokens with units in their short form.

    >>> in_short("2 liters per min at 38 degrees c and a few grams of 50 milligrams per kilogram".split())
    ['2', 'l', 'per', 'minute', 'at', '38', 'degrees', 'celsius', 'and', 'a', 'few', 'grams', 'of', '50', 'mg', 'per', 'kg']
    """
    if WORDS.isdisjoint(tokens):
        return tokens
    short: list[str] = []
    for at, token in enumerate(tokens):
        unit = ANYWHERE.get(token, token)
        if token in _IN_CONTEXT and short:
            before = short[-1]
            if before == "per":
                unit = AFTER_PER.get(token, unit)
            elif (
                token in AFTER_NUMBER
                and _is_amount(before)
                and not (token in CODES and _is_code(tokens, at, short))
            ):
                unit = AFTER_NUMBER[token]
        short.append(unit)
    if _OPENERS.isdisjoint(short):
        return short
    return _together(short)


def _together(tokens: list[str]) -> list[str]:
    joined: list[str] = []
    at = 0
    while at < len(tokens):
        for pattern, unit in _OPENING.get(tokens[at], ()):
            is_here = tuple(tokens[at : at + len(pattern)]) == pattern
            if is_here and (pattern not in AGE or (joined and _is_amount(joined[-1]))):
                joined.extend(unit)
                at += len(pattern)
                break
        else:
            joined.append(tokens[at])
            at += 1
    return joined


def _is_amount(token: str) -> bool:
    return token == "half" or is_quantity(token)


def _is_code(tokens: list[str], at: int, short: list[str]) -> bool:
    """Say whether a short form is part of a code or the next sign: "l 5 s 1", "q 4 h", "80 hr 72"."""
    if len(short) > 1 and len(short[-2]) == 1 and short[-2] != "x" and short[-2].isalpha():
        return True
    has_number_after = at + 1 < len(tokens) and is_quantity(tokens[at + 1])
    has_minutes = at + 2 < len(tokens) and tokens[at + 2] in _MINUTES
    return has_number_after and not has_minutes


_OPENING = {
    first: [(pattern, unit) for pattern, unit in [*TOGETHER.items(), *AGE.items()] if pattern[0] == first]
    for first in {pattern[0] for pattern in [*TOGETHER, *AGE]}
}
_OPENERS = frozenset(_OPENING)
_IN_CONTEXT = frozenset([*AFTER_NUMBER, *AFTER_PER])
_MINUTES = frozenset(["min", "mins", "minute", "minutes"])
# What changes after "per" does so beside a word that is in here, and "a" beside "m".
WORDS = frozenset([*ANYWHERE, *AFTER_NUMBER]) | _OPENERS - {"a"}

RULES = (ANYWHERE, AFTER_NUMBER, AFTER_PER, TOGETHER, AGE, CODES)
