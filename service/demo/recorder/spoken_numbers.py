"""Numbers as a doctor says them and as a clerk writes them."""

_UNITS = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
_TENS = (
    "zero",
    "ten",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
)


def cardinal(number: int) -> str:
    """Give a whole number from 0 to 999 in words.

    >>> cardinal(7), cardinal(85), cardinal(120)
    ('seven', 'eighty five', 'one hundred twenty')
    """
    if not 0 <= number <= 999:
        raise ValueError(f"number: expected 0 to 999, got {number}")
    hundreds, rest = divmod(number, 100)
    words = [_UNITS[hundreds], "hundred"] if hundreds else []
    if rest or not hundreds:
        words.append(_below_hundred(rest))
    return " ".join(words)


def decimal(tenths: int) -> str:
    """Give a number of tenths, 0 to 9999, as it is dictated.

    >>> decimal(372)
    'thirty seven point two'
    """
    whole, tenth = divmod(tenths, 10)
    return f"{cardinal(whole)} point {_UNITS[tenth]}"


def _below_hundred(number: int) -> str:
    if number < 20:
        return _UNITS[number]
    tens, units = divmod(number, 10)
    return _TENS[tens] if units == 0 else f"{_TENS[tens]} {_UNITS[units]}"
