"""Sounds of hesitation.

"er" stays: ER is the emergency room, the oestrogen receptor and extended release, and after case folding
nothing tells them apart. "mm" is a unit after a quantity. "mm-hmm" and "uh-huh" mean yes and are kept in one
spelling; a hyphenated "uh-uh" (no) cannot be told from a stammered "uh uh" and goes with the fillers.
"""

from detectors.english.number_words import QUANTITY_WORDS

__all__ = ["RULES", "SOUNDS", "without_fillers"]


def without_fillers(tokens: list[str]) -> list[str]:
    """Return the tokens that are not fillers.

    >>> without_fillers(["um", "a", "5", "mm", "mm", "nodule", "mm", "hmm"])
    ['a', '5', 'mm', 'nodule', 'mhm']
    """
    if SOUNDS.isdisjoint(tokens):
        return tokens
    kept: list[str] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        at += 1
        if token in _YES or (at < len(tokens) and (token, tokens[at]) in _YES_IN_TWO):
            at += token not in _YES
            kept.append("mhm")
        elif token not in _FILLERS or (token == "mm" and kept and _is_quantity(kept[-1])):
            kept.append(token)
    return kept


def _is_quantity(token: str) -> bool:
    return "0" <= token[0] <= "9" or token in QUANTITY_WORDS


_FILLERS = frozenset(
    [
        "uh",
        "uhh",
        "uhm",
        "uhmm",
        "um",
        "umm",
        "ummm",
        "erm",
        "ermm",
        "errm",
        "hm",
        "hmm",
        "hmmm",
        "mm",
        "mmm",
        "mmmm",
    ]
)
_YES = frozenset(["mhm", "mhmm", "mmhm", "mmhmm", "uhhuh"])
_YES_IN_TWO = frozenset(
    [("uh", "huh"), ("mm", "hm"), ("mm", "hmm"), ("mmm", "hmm"), ("mmm", "hm"), ("um", "hum")]
)
SOUNDS = _FILLERS | _YES

RULES = (_FILLERS, _YES, _YES_IN_TWO, QUANTITY_WORDS)
