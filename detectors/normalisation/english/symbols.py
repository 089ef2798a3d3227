"""Signs that are spoken, said in words, before punctuation is stripped.

"120/80" is "120 over 80" and "mg/kg/day" is "mg per kg per day", while "and/or" and the date "3/4/2020" only
lose their slashes. A hyphen between rising numbers is "to" (5-10 mg), before a number after a space it is
"minus". Letters and digits are parted ("50mg", "B12", "L5"), ordinals and decades excepted ("1st", "20s").
"""

import re
from collections.abc import Mapping

from detectors.normalisation.english.unit_words import SLASHED

__all__ = ["RULES", "spoken_symbols"]


def spoken_symbols(text: str) -> str:
    """Return lower-case `text` with its signs in words.

    >>> spoken_symbols("120/80 and -5 to 5mg/kg/day").split()
    ['120', 'over', '80', 'and', 'minus', '5', 'to', '5', 'mg', 'per', 'kg', 'per', 'day']
    """
    if _ANY.search(text) is None:
        return text
    text = " ".join(text.split())
    has_digit = _DIGIT.search(text) is not None
    if "<" in text or ">" in text or "==" in text:
        text = _UNSPOKEN.sub(" ", text)
    if has_digit:
        text = _with_digits(text)
    if "/" in text:
        text = _SLASH.sub(_per, text)
    if _SIGNS.search(text) is not None:
        text = _SIGNS.sub(_sign, text)
    return text


def _with_digits(text: str) -> str:
    if ":" in text:
        text = _FULL_HOUR.sub(r"\1", text)
        text = _EARLY_MINUTE.sub(r"\g<1>0\2", text)
    if "'" in text:
        text = _FEET.sub(r"\1 feet \2 ", text)
        text = _DIGIT_PLURAL.sub(r"\1s", text)
    if "/" in text:
        text = text.replace("24/7", "24 7") if _AROUND_THE_CLOCK.search(text) else text
        text = _MIXED.sub(r"\1 and \2/\3", text)
        text = _RATIO.sub(_ratio, text)
    if "-" in text:
        text = _POWER_OF.sub(r"^ minus ", text)
        text = _RANGE.sub(_range, text)
        text = _MINUS.sub(" minus ", text)
        text = _HYPHEN_BEFORE_NUMBER.sub(" ", text)
    if "^" in text or "10*" in text:
        text = _RAISED.sub(" to the power ", text)
    if _CURRENCY_SIGN.search(text) is not None:
        text = _CURRENCY.sub(_currency, text)
    if "um" in text:
        text = _MICROMETERS.sub(" μm", text)
    text = _DIGIT_THEN_LETTER.sub(r"\1 ", text)
    return _DIGIT_AFTER_LETTER.sub(r" \g<0>", text)


def _per(slash: re.Match[str]) -> str:
    """Read a slash between units, between a number and a unit ("3/day"), or "10 mg/5 ml"."""
    # Looked up from the slash, a few characters each way: a pattern that began with the unit would try every word.
    behind = _LAST_WORD.search(slash.string[max(0, slash.start() - _REACH) : slash.start()])
    ahead = _FIRST_WORD.match(slash.string, slash.end())
    if behind is None or ahead is None:
        return slash[0]
    left, right = behind[0], ahead[0]
    is_unit = left in SLASHED
    is_per = (
        (is_unit or left.isdigit()) if right in SLASHED else (is_unit and len(left) > 1 and right.isdigit())
    )
    return " per " if is_per else slash[0]


def _ratio(found: re.Match[str]) -> str:
    above, below = found[1], found[2]
    return " 1 half " if (above, below) == ("1", "2") else f" {above} over {below} "


def _range(found: re.Match[str]) -> str:
    low, percent, high = found.groups()
    are_counts = len(low) <= 3 and len(high) <= 3
    are_years = len(low) == len(high) == 4
    is_rising = float(low) < float(high)
    between = " to " if is_rising and (are_counts or are_years) else " "
    return f"{low}{percent}{between}{high}"


def _currency(found: re.Match[str]) -> str:
    amount, scale = found[2], found[3] or ""
    return f" {amount} {_SHORT_SCALES.get(scale, scale)} {_CURRENCIES[found[1]]} "


def _sign(found: re.Match[str]) -> str:
    sign = found[0]
    is_comparison = sign in {"<", ">"}
    if is_comparison and _NUMBER_AHEAD.match(found.string, found.end()) is None:
        return " "
    return f" {_SPOKEN.get(sign, '')} "


_SPOKEN: Mapping[str, str] = {
    "%": "percent",
    "‰": "per mille",
    "°": "degrees",
    "+": "plus",
    "&": "and",
    "@": "at",
    "=": "equals",
    "<": "less than",
    ">": "greater than",
    "<=": "less than or equal to",
    ">=": "greater than or equal to",
    "≤": "less than or equal to",
    "≥": "greater than or equal to",
    "≠": "not equal to",
    "±": "plus or minus",
    "×": "x",
    "÷": "divided by",
    "↑": "increased",
    "↓": "decreased",
}
_CURRENCIES: Mapping[str, str] = {"$": "dollars", "£": "pounds", "€": "euros", "₹": "rupees", "¥": "yen"}
_SHORT_SCALES: Mapping[str, str] = {
    "k": "thousand",
    "m": "million",
    "mn": "million",
    "bn": "billion",
    "b": "billion",
}

_ANY = re.compile(r"[0-9%‰°+&@=<>≤≥≠±×÷↑↓/$£€₹¥]")
# An arrow and a rule of "====" are not spoken.
_UNSPOKEN = re.compile(r"[-=]+>|<[-=]*-(?![.0-9])|={2,}")
_SIGNS = re.compile(r"[<>]=|[%‰°+&@=≤≥≠±×÷↑↓<>$£€₹¥]")
_NUMBER_AHEAD = re.compile(r" ?[-+]?\.?[0-9]")
_DIGIT = re.compile(r"[0-9]")

_FEET = re.compile(r"(?<![0-9])([3-8])'([0-9]|1[01])(?![0-9]|[.,][0-9])")
_DIGIT_PLURAL = re.compile(r"([0-9])'s(?![^\W\d_])")
_FULL_HOUR = re.compile(r"(?<![0-9:.,])([0-9]{1,2}):00(?![0-9:])")
_EARLY_MINUTE = re.compile(r"(?<![0-9:.,])([0-9]{1,2}):0([1-9])(?![0-9:])")
_AROUND_THE_CLOCK = re.compile(r"(?<![0-9/])24/7(?![0-9/])")
_MIXED = re.compile(r"(?<![0-9.,/])([0-9]{1,4})[ -]([1-3])/([234])(?![0-9/])")
_RATIO = re.compile(
    r"(?<![0-9.,/])([0-9]+(?:\.[0-9]+)?) ?/ ?([0-9]+(?:\.[0-9]+)?)(?![0-9]|[.,][0-9]| ?/ ?[0-9])"
)
_POWER_OF = re.compile(r"\^ ?-")
_RANGE = re.compile(
    r"(?<![\w.,/:-])([0-9]{1,4}(?:\.[0-9]{1,3})?)(%?)-([0-9]{1,4}(?:\.[0-9]{1,3})?)(?![0-9]|[.,:/-][0-9])"
)
_MINUS = re.compile(r"(?<![^\s(\[<>=≤≥±+&@$£€₹¥~])-(?=[$£€₹¥]?\.?[0-9])")
_HYPHEN_BEFORE_NUMBER = re.compile(r"-(?=\.?[0-9])")
_RAISED = re.compile(r"(?<=[0-9])\^|(?<![0-9.,]10)(?<=10)\*(?=[0-9])")
_CURRENCY_SIGN = re.compile(r"[$£€₹¥]")
_CURRENCY = re.compile(
    r"([$£€₹¥]) ?((?:[0-9]|\.[0-9])[0-9]*(?:[.,][0-9]+)*)"
    r"(?: ?(thousand|million|billion|trillion|crore|lakh|bn|mn|k|m|b)(?![^\W_]))?"
)
# With a space before it, "um" is a hesitation more often.
_MICROMETERS = re.compile(r"um(?<=[0-9]um)(?![^\W_])")
_DIGIT_THEN_LETTER = re.compile(r"([0-9])(?!(?:st|nd|rd|th)(?!\w)|(?<=0)s(?!\w))(?=[^\W\d_])")
# Digits are rarer than letters, so they are looked for first.
_DIGIT_AFTER_LETTER = re.compile(r"[0-9](?<=[^\W\d_][0-9])")
_SLASH = re.compile(r" ?/ ?")
_REACH = 24
_LAST_WORD = re.compile(r"(?<![^\W_])(?:[0-9]+|[^\W\d_]+)$")
_FIRST_WORD = re.compile(r"[0-9]|[^\W\d_]{1,20}")

RULES = (
    _SPOKEN, _CURRENCIES, _SHORT_SCALES, _ANY, _UNSPOKEN, _SIGNS, _NUMBER_AHEAD, _FEET, _DIGIT_PLURAL, _FULL_HOUR, _EARLY_MINUTE,
    _AROUND_THE_CLOCK, _MIXED, _RATIO, _POWER_OF, _RANGE, _MINUS, _HYPHEN_BEFORE_NUMBER, _RAISED, _CURRENCY, _MICROMETERS, _DIGIT_THEN_LETTER,
    _DIGIT_AFTER_LETTER, _SLASH, _REACH, _LAST_WORD, _FIRST_WORD, SLASHED,
)  # fmt: skip
