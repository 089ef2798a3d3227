"""Sounds of hesitation.

"er" stays: ER is the emergency room, the oestrogen receptor and extended release, and after case folding
nothing tells them apart. "mm" is a unit after a quantity, "um" only between digits and what is measured in
micrometres, because people hesitate after numbers ("2 um tablets"). "mm-hmm" and "uh-huh" mean yes and are kept in one
spelling; a hyphenated "uh-uh" (no) cannot be told from a stammered "uh uh" and goes with the fillers.
"""

from detectors.normalisation.english.number_words import QUANTITY_WORDS
from detectors.normalisation.english.written_numbers import is_quantity

__all__ = ["RULES", "SOUNDS", "without_fillers"]


def without_fillers(tokens: list[str]) -> list[str]:
    """Return the tokens that are not fillers.

    >>> without_fillers(["um", "a", "5", "mm", "mm", "nodule", "mm", "hmm"])
    ['a', '5', 'mm', 'nodule', 'mhm']
    >>> without_fillers("a 10 um fiber and 2 um tablets".split())
    ['a', '10', 'μm', 'fiber', 'and', '2', 'tablets']
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
        elif token == "um" and kept and is_quantity(kept[-1]) and _is_measured(tokens, at):
            kept.append("μm")
        elif token not in _FILLERS or (token == "mm" and kept and _is_quantity(kept[-1])):
            kept.append(token)
    return kept


def _is_quantity(token: str) -> bool:
    return "0" <= token[0] <= "9" or token in QUANTITY_WORDS


def _is_measured(tokens: list[str], at: int) -> bool:
    """Say whether "fiber", "thick" or "in diameter" stands at `at`."""
    following = tokens[at : at + 2]
    return following[:1] != [] and (
        following[0] in _FINE or (following[0] == "in" and following[-1] in _SIZES)
    )


_SIZES = frozenset(["diameter", "length", "size", "thickness", "width"])
_FINE = _SIZES | frozenset(
    [
        "bead",
        "beads",
        "fiber",
        "fibers",
        "fibre",
        "fibres",
        "filter",
        "filters",
        "membrane",
        "mesh",
        "particle",
        "particles",
        "pixel",
        "pixels",
        "pore",
        "pores",
        "resolution",
        "section",
        "sections",
        "slice",
        "slices",
        "thick",
        "wide",
    ]
)
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

RULES = (_FILLERS, _YES, _YES_IN_TWO, _SIZES, _FINE, QUANTITY_WORDS)
