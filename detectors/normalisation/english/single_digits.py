"""Digits that are said one by one, as those of a telephone number or a code: one number, as it is written.

Three and more in a row are joined, however they came. Not before a unit, where they may be a list ("7, 8, 9 mg"), and
not more than a card number has: an engine that repeats itself would say but one word.
"""

from detectors.normalisation.english import unit_words

__all__ = ["RULES", "joined"]


def joined(tokens: list[str]) -> list[str]:
    """Return the tokens with runs of single digits as one.

    >>> " ".join(joined("pin 7 7 3 4 and 5 6 or 7 8 9 mg".split()))
    'pin 7734 and 5 6 or 7 8 9 mg'
    """
    if sum(map(_is_digit, tokens)) < _FEWEST:
        return tokens
    words: list[str] = []
    at = 0
    while at < len(tokens):
        end = at
        while end < len(tokens) and _is_digit(tokens[end]):
            end += 1
        is_one = _FEWEST <= end - at <= _MOST and (end == len(tokens) or tokens[end] not in _AFTER_A_COUNT)
        end = max(end, at + 1)
        words += ["".join(tokens[at:end])] if is_one else tokens[at:end]
        at = end
    return words


def _is_digit(token: str) -> bool:
    return len(token) == 1 and "0" <= token <= "9"


_FEWEST, _MOST = 3, 16
_AFTER_A_COUNT = frozenset([*unit_words.SLASHED, "over", "percent", "o'clock"])

RULES = (_FEWEST, _MOST, _AFTER_A_COUNT)
