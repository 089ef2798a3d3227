"""One spelling on both sides: British to American, and closed compounds opened.

Both sides get the same rules, so a rule may be broader than a dictionary as long as no two words that are
spoken differently meet; words that are (whilst and while, learnt and learned, adrenaline and epinephrine)
stay as they are.
"""

import re
from functools import lru_cache

from detectors.normalisation.english.british_words import (
    COMPOUNDS,
    NOT_ISE,
    NOT_ISE_WORDS,
    ONE_L,
    OUR,
    STEMS,
    WORDS,
)

__all__ = ["RULES", "american", "american_word", "is_changed"]


def american(tokens: list[str]) -> list[str]:
    """Return the tokens in American spelling.

    >>> american(["anaemia", "and", "catheterised", "before", "exercise", "xray"])
    ['anemia', 'and', 'catheterized', 'before', 'exercise', 'x', 'ray']
    """
    spelled = [american_word(token) if 4 <= len(token) <= _LONGEST else token for token in tokens]
    if _CLOSED.isdisjoint(spelled):
        return spelled
    return [word for token in spelled for word in COMPOUNDS.get(token, (token,))]


def is_changed(word: str) -> bool:
    """Say whether this word changes."""
    return american([word]) != [word]


# Bounded, and only short tokens come in: at most some megabytes.
@lru_cache(maxsize=16384)
def american_word(word: str) -> str:
    """Return one word in American spelling.

    >>> [american_word(word) for word in ("oesophageal", "tumours", "litres", "analysed", "labelled", "otherwise")]
    ['esophageal', 'tumors', 'liters', 'analyzed', 'labeled', 'otherwise']
    """
    # One rule can make room for another ("zooaemia"), so repeat until nothing moves.
    for _ in range(_ROUNDS):
        before = word
        word = _by_rules(word)
        if word == before:
            break
    return word


def _by_rules(word: str) -> str:
    word = _STEM.sub(_american_stem, word)
    word = _OUR.sub(r"\1or", word)
    word = _RE.sub(r"\1er\2", word)
    word = _LYSE.sub(r"\1z\2", word)
    word = _ONE_L.sub(r"\1\2", word)
    ise = _ISE.fullmatch(word)
    if ise is not None and not ise[1].endswith(NOT_ISE) and ise[1] not in NOT_ISE_WORDS:
        word = f"{ise[1][:-1]}z{ise[2]}"
    return WORDS.get(word, word)


def _american_stem(found: re.Match[str]) -> str:
    return STEMS[found[0]]


def _either(parts: list[str]) -> str:
    return "|".join(sorted(parts, key=lambda part: (-len(part), part)))


_LONGEST = 32
_ROUNDS = 6
_CLOSED = frozenset(COMPOUNDS)
_STEM = re.compile(_either(list(STEMS)))
_OUR = re.compile(rf"({_either(OUR)})our")
_RE = re.compile(r"(cent|lit|met)re([sd]?)$")
_LYSE = re.compile(r"(\wly)s(e|es|ed|er|ers|ing)$")
_ONE_L = re.compile(rf"({_either(ONE_L)})l(ed|ing|ings|er|ers|or|ors)$")
_ISE = re.compile(r"(\w{3,}?is)(e|es|ed|er|ers|ing|able|ation|ations|ational)")

RULES = (WORDS, STEMS, OUR, ONE_L, NOT_ISE, NOT_ISE_WORDS, COMPOUNDS, _RE, _LYSE, _ISE, _LONGEST)
