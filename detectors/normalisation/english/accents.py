"""Latin letters without accents, as most English engines write them."""

import re
import unicodedata
from collections.abc import Mapping

__all__ = ["RULES", "plain_letters"]


def plain_letters(text: str) -> str:
    """Take accents off ASCII letters and write ligatures as two letters; other scripts stay as they are.

    >>> plain_letters("ménière's œdema, naïve, жар")
    "meniere's oedema, naive, жар"
    """
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFD", text.translate(_LETTERS))
    return unicodedata.normalize("NFC", _ACCENTS.sub("", apart))


_LETTERS: Mapping[int, str] = {
    ord(letter): plain
    for letter, plain in {
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ı": "i",
    }.items()
}
_ACCENTS = re.compile(r"(?<=[0-9A-Za-z])[\u0300-\u036f]+")

RULES = (_LETTERS, _ACCENTS)
