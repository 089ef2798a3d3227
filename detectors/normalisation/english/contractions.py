"""Contractions in full, so that "can't", "cannot" and "can not" agree.

Two endings have more than one meaning and get one answer each, the same on both sides:

- 's after a pronoun or a question word is "is" ("has" before been, got or had); after any other word only the
  apostrophe goes: "patient's", "patients'" and "patients" sound alike and become one token.
- 'd is "had" before better, been, had or a past participle in -ed, else "would".

"'cause" has lost its apostrophe by now: it is "because" before what only a sentence begins with, and a cause elsewhere.
"""

from collections.abc import Mapping

from detectors.normalisation.english.fillers import SOUNDS

__all__ = ["RULES", "WITHOUT_APOSTROPHE", "in_full"]


def in_full(tokens: list[str]) -> list[str]:
    """Return the tokens with every contraction written in full.

    >>> in_full(["it's", "the", "patient's", "leg", "and", "she'd", "been", "told", "we", "cannot", "wait"])
    ['it', 'is', 'the', 'patients', 'leg', 'and', 'she', 'had', 'been', 'told', 'we', 'can', 'not', 'wait']
    """
    if "'" not in "".join(tokens) and WITHOUT_APOSTROPHE.isdisjoint(tokens):
        return tokens
    full: list[str] = []
    for at, token in enumerate(tokens):
        if token in _WHOLE:
            full.extend(_WHOLE[token])
        elif "'" in token:
            full.extend(_opened(token, tokens[at + 1] if at + 1 < len(tokens) else ""))
        else:
            full.append(token)
    return full if _BECAUSE.isdisjoint(full) else _with_reasons(full)


def _opened(token: str, following: str) -> list[str]:
    base, *endings = token.split("'")
    # A filler set free here would be dropped the next time round, and "5ths" would be parted.
    if base in SOUNDS or not base[:1].isalpha() or not _ENDINGS.issuperset(endings):
        return [token]
    words = list(_WHOLE.get(base, (base,)))
    for at, ending in enumerate(endings):
        is_last = at + 1 == len(endings)
        if ending == "t":
            if words[-1] not in _BEFORE_NOT:
                return [token]
            words[-1:] = [_BEFORE_NOT[words[-1]], "not"]
        elif ending == "s" and words[-1] not in _BEFORE_IS:
            words[-1] += "s"
        elif ending == "s":
            words.append("has" if is_last and following in _AFTER_HAS else "is")
        elif ending == "d":
            words.append("had" if is_last and _is_participle(following) else "would")
        else:
            words.append(_PLAIN_ENDINGS[ending])
    return words


def _with_reasons(tokens: list[str]) -> list[str]:
    return [
        "because" if token in _BECAUSE and _begins_sentence(tokens, at + 1) else token
        for at, token in enumerate(tokens)
    ]


def _begins_sentence(tokens: list[str], at: int) -> bool:
    """Say whether a subject stands at `at`: one that is no object, or one with its verb."""
    first, *rest = tokens[at : at + 2] or [""]
    return first in _SUBJECTS or (first in _SUBJECTS_OR_OBJECTS and bool(rest) and rest[0] in _VERBS)


def _is_participle(word: str) -> bool:
    return word in _AFTER_HAD or (len(word) > 4 and word.endswith("ed") and not word.endswith("eed"))


_PLAIN_ENDINGS: Mapping[str, str] = {"ll": "will", "re": "are", "ve": "have", "m": "am"}
_ENDINGS = frozenset([*_PLAIN_ENDINGS, "s", "d", "t"])

_NEGATED = (
    *("do", "does", "did", "is", "are", "was", "were", "has", "have", "had"),
    *("could", "would", "should", "might", "must", "need"),
)
# What stands before 't, and the word it comes from.
_BEFORE_NOT: Mapping[str, str] = {
    "can": "can",
    "won": "will",
    "shan": "shall",
    "ain": "is",
    **{f"{word}n": word for word in (*_NEGATED, "dare", "ought", "may")},
}
_BEFORE_IS = frozenset(
    [
        "it",
        "he",
        "she",
        "that",
        "this",
        "there",
        "here",
        "what",
        "where",
        "when",
        "who",
        "how",
        "why",
        "one",
        "everything",
        "something",
        "nothing",
        "anything",
        "everyone",
        "someone",
        "anyone",
        "everybody",
        "somebody",
        "anybody",
        "nobody",
    ]
)
_AFTER_HAS = frozenset(["been", "got", "gotten", "had"])
_AFTER_HAD = frozenset(
    [
        "been",
        "better",
        "had",
        "gone",
        "done",
        "seen",
        "taken",
        "become",
        "begun",
        "given",
        "known",
        "written",
        "eaten",
    ]
)

_BECAUSE = frozenset(["cause", "cos"])
_SUBJECTS = frozenset(["i", "he", "she", "we", "they", "there"])
_SUBJECTS_OR_OBJECTS = frozenset(["it", "you", "that", "this", "what"])
_VERBS = frozenset(
    ["is", "are", "was", "were", "has", "have", "had", "will", "would", "can", "could", "do", "does", "did"]
)

# Whole words. Those without an apostrophe are no English words of their own ("ill", "well", "id" and "im", the
# route, are, so they stay).
_WHOLE: Mapping[str, tuple[str, ...]] = {
    "can't": ("can", "not"),
    "cannot": ("can", "not"),
    "let's": ("let", "us"),
    "y'all": ("you", "all"),
    "gonna": ("going", "to"),
    "wanna": ("want", "to"),
    "gotta": ("got", "to"),
    "hafta": ("have", "to"),
    "kinda": ("kind", "of"),
    "sorta": ("sort", "of"),
    "gimme": ("give", "me"),
    "lemme": ("let", "me"),
    "dunno": ("do", "not", "know"),
    "cuz": ("because",),
    "coz": ("because",),
    "wont": ("will", "not"),
    "cant": ("can", "not"),
    "aint": ("is", "not"),
    "ive": ("i", "have"),
    "youve": ("you", "have"),
    "weve": ("we", "have"),
    "theyve": ("they", "have"),
    "youre": ("you", "are"),
    "theyre": ("they", "are"),
    "youll": ("you", "will"),
    "theyll": ("they", "will"),
    "hes": ("he", "is"),
    "shes": ("she", "is"),
    "thats": ("that", "is"),
    "theres": ("there", "is"),
    "whats": ("what", "is"),
    **{f"{word}nt": (word, "not") for word in _NEGATED},
}
WITHOUT_APOSTROPHE = frozenset(word for word in _WHOLE if "'" not in word) | _BECAUSE

RULES = (
    _PLAIN_ENDINGS,
    _BEFORE_NOT,
    _BEFORE_IS,
    _AFTER_HAS,
    _AFTER_HAD,
    _WHOLE,
    _BECAUSE,
    _SUBJECTS,
    _SUBJECTS_OR_OBJECTS,
    _VERBS,
)
