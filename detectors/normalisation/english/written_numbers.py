"""Numbers that are written in digits: one form each, and arithmetic on the digits as text.

Nothing here calls `int` on a run of digits of unknown length, which Python refuses from 4,300 digits on.
"""

import re
from collections.abc import Mapping

__all__ = ["RULES", "is_decimal", "is_integer", "is_quantity", "ordinal", "plain", "shifted"]


def plain(token: str) -> list[str]:
    """Return a token that starts with a digit or a point as numbers without commas and idle zeros.

    Thousands may be grouped in threes or, as in India, in twos above the last three. Other commas, and more than
    one point, separate numbers.

    >>> plain("1,234.50"), plain("1,00,000"), plain(".5"), plain("12,5"), plain("12.03.2020")
    (['1234.5'], ['100000'], ['0.5'], ['12', '5'], ['12', '03', '2020'])
    """
    if is_integer(token) or _NUMERIC.fullmatch(token) is None:
        return [token]
    if _GROUPED.fullmatch(token) is not None:
        token = token.replace(",", "")
    numbers: list[str] = []
    for piece in token.split(","):
        parts = piece.split(".")
        if len(parts) == 2:
            numbers.append(_without_idle_zeros(*parts))
        else:
            numbers.extend(part for part in parts if part)
    return numbers


def is_integer(token: str) -> bool:
    """Say whether the token is ASCII digits and nothing else."""
    return token.isascii() and token.isdigit()


def is_decimal(token: str) -> bool:
    """Say whether the token is digits, one point, digits."""
    whole, point, part = token.partition(".")
    return point == "." and is_integer(whole) and is_integer(part)


def is_quantity(token: str) -> bool:
    """Say whether the token starts and ends with a digit: a number, but no ordinal and no decade."""
    return token != "" and "0" <= token[0] <= "9" and "0" <= token[-1] <= "9"


def ordinal(value: int) -> str:
    """Return the ordinal in digits.

    >>> ordinal(1), ordinal(12), ordinal(22), ordinal(113)
    ('1st', '12th', '22nd', '113th')
    """
    ending = "th" if value % 100 in {11, 12, 13} else _ENDINGS.get(value % 10, "th")
    return f"{value}{ending}"


def shifted(decimal: str, places: int) -> str:
    """Return a decimal with its point moved to the right.

    >>> shifted("2.5", 6), shifted("0.125", 2), shifted("1.25", 2)
    ('2500000', '12.5', '125')
    """
    whole, _, part = decimal.partition(".")
    part = part.ljust(places, "0")
    moved = f"{whole}{part[:places]}".lstrip("0") or "0"
    rest = part[places:]
    return f"{moved}.{rest}" if rest else moved


def _without_idle_zeros(whole: str, part: str) -> str:
    whole = whole.lstrip("0") or "0"
    part = part.rstrip("0")
    return f"{whole}.{part}" if part else whole


_NUMERIC = re.compile(r"[0-9.,]*[0-9]")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]+)?")
_ENDINGS: Mapping[int, str] = {1: "st", 2: "nd", 3: "rd"}

RULES = (_NUMERIC, _GROUPED, _ENDINGS)
