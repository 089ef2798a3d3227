"""Equal-looking text to equal characters, in any language: code points, case, punctuation."""

import re
import unicodedata
from collections.abc import Mapping

__all__ = ["PUNCTUATION_RULES", "UNICODE_RULES", "case_folded", "equal_looking", "without_punctuation"]


def equal_looking(text: str) -> str:
    """Bring equal-looking text to equal code points (NFKC), with plain quotes, dashes and spaces."""
    if text.isascii():
        return text if text.isprintable() else text.translate(_CONTROLS)
    # A compatibility form can hold what an earlier rule would have changed, so repeat until nothing moves.
    for _ in range(_ROUNDS):
        before = text
        text = text.translate(_LOOKALIKES)
        if text.isascii():
            break
        text = _BEYOND_ASCII.sub(_known_characters, _POWER.sub(_as_power, text))
        text = unicodedata.normalize("NFKC", text)
        if text == before:
            break
    return text


def _known_characters(found: re.Match[str]) -> str:
    """Replace what is no letter, mark, digit or sign, and cap runs of combining marks.

    The cap keeps Unicode's reordering of marks linear; no language comes near it (UAX 15 allows 30).
    """
    kept: list[str] = []
    marks = 0
    for character in found[0]:
        category = unicodedata.category(character)
        is_mark = category[0] == "M"
        marks = marks + 1 if is_mark else 0
        if marks <= _MARKS_IN_A_ROW:
            kept.append(character if is_mark else _known(character, category))
    return "".join(kept)


def _known(character: str, category: str) -> str:
    if category in _NO_CHARACTERS:
        return " "
    if category == "Pd":
        return "-"
    if category == "Nd":
        return str(unicodedata.digit(character))
    if category == "No" and character not in _RAISED_OR_LOWERED:
        # "2½" would otherwise become "21/2".
        return f" {unicodedata.normalize('NFKC', character)} "
    return "" if category == "Cf" else character


def _as_power(found: re.Match[str]) -> str:
    """Keep "10⁹" apart from "109"."""
    return "^" + unicodedata.normalize("NFKC", found[0])


def case_folded(text: str) -> str:
    """Fold case, and compose again what folding took apart."""
    if text.isascii():
        return text.lower()
    for _ in range(_ROUNDS):
        before = text
        text = unicodedata.normalize("NFKC", text.casefold())
        if text == before:
            break
    return text


def without_punctuation(text: str) -> str:
    """Keep words, numbers and the few signs that are spoken, with spaces between them."""
    if text.isascii() and text.replace(" ", "").isalnum():
        return text
    if "." in text:
        text = _DOTTED.sub(_without_dots, text)
    if not text.isascii():
        text = _BEYOND_ASCII.sub(_spoken_characters, text)
    return " ".join(_WORD.findall(text))


def _without_dots(found: re.Match[str]) -> str:
    return found[0].replace(".", "")


def _spoken_characters(found: re.Match[str]) -> str:
    return "".join(map(_letter_or_space, found[0]))


def _letter_or_space(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] in "LMN":
        return character
    return f" {character} " if character in _SPOKEN_SIGNS or category == "Sc" else " "


_ROUNDS = 4
_MARKS_IN_A_ROW = 30
_RAISED_OR_LOWERED = frozenset("²³¹⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉")
_SPOKEN_SIGNS = frozenset("°×÷±≤≥≠↑↓‰")
_CONTROLS = dict.fromkeys((*range(32), 127), " ")
# Before NFKC, which would make a space and a mark of some of them.
_LOOKALIKES: Mapping[int, str] = {
    **_CONTROLS,
    **dict.fromkeys(map(ord, "‘’‚‛′‵＇`´ʹʻʼʽˈ՚׳＇"), "'"),
    **dict.fromkeys(map(ord, "“”„‟″‶«»＂״"), '"'),
    **dict.fromkeys(map(ord, "−‐‑‒–—―⁃﹣－"), "-"),
    **dict.fromkeys(map(ord, "º˚∘"), "°"),
    **dict.fromkeys(map(ord, "⁄∕"), "/"),
    **dict.fromkeys((0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0), ""),
    **dict.fromkeys((*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)), ""),
}
_NO_CHARACTERS = frozenset(["Cc", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"])
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_POWER = re.compile(r"(?<=[0-9])[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")

# "p.m." and "I.V." are one word; a full stop between longer words separates them.
_DOTTED = re.compile(r"(?<![\w'])(?:[^\W\d_]\.)+[^\W\d_](?!\w)")
_WORD = re.compile(
    r"(?:(?<!\S)-?\.?(?=[0-9]))?[0-9A-Za-z\x80-\U0010FFFF]+"
    r"(?:(?:'|(?<=[0-9])[.,](?=[0-9]))[0-9A-Za-z\x80-\U0010FFFF]+)*"
    r"|[%$+<>=]"
)

UNICODE_RULES = (_LOOKALIKES, _POWER, _RAISED_OR_LOWERED, _NO_CHARACTERS, _MARKS_IN_A_ROW)
PUNCTUATION_RULES = (_DOTTED, _WORD, _SPOKEN_SIGNS)
