"""How NIST's references say that several wordings are right.

``{ um / uh / @ }`` stands for any one of its alternatives, ``@`` for no word; an alternative may hold others.
``(old)`` is a word that may be left out. Source: the input formats of sclite, SCTK 1.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from detectors.recordings.readings import Alternatives, Part
from service.formats.lines import Damaged

_NOTHING = "@"
_DEEPEST = 20


def wording(text: str, line: int) -> tuple[Part, ...]:
    """The words of a transcript and the alternatives among them.

    Raises
    ------
    Damaged
        If braces do not fit together.

    Examples
    --------
    >>> wording("i've { um / uh / @ } seen", 1)
    ("i've", Alternatives(choices=(('um',), ('uh',), ())), 'seen')
    >>> wording("the (old) chart", 1)
    ('the', Alternatives(choices=(('old',), ())), 'chart')
    >>> wording("{ um / uh", 7)
    Traceback (most recent call last):
    ...
    service.formats.lines.Damaged: line 7: a brace { is not closed
    """
    words = iter(text.split())
    parts, end = _sequence(words, line, 0)
    if end is not None:
        raise Damaged(line, f"{end} without a brace {{ before it")
    return parts


def first_of(parts: Iterable[Part]) -> str:
    """The words with the first of each alternatives.

    >>> first_of(wording("i've { um / uh } seen the (old) chart", 1))
    "i've um seen the old chart"
    """
    return " ".join(_first_words(parts))


def _first_words(parts: Iterable[Part]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
        else:
            yield from _first_words(part.choices[0])


def _sequence(words: Iterator[str], line: int, depth: int) -> tuple[tuple[Part, ...], str | None]:
    """Read up to what ends an alternative, which is told, or to the end of the line."""
    parts: list[Part] = []
    for word in words:
        if word == "{":
            parts.append(_alternatives(words, line, depth + 1))
        elif word == "}" or (word == "/" and depth):
            return tuple(parts), word
        elif word == _NOTHING:
            continue
        elif len(word) > 2 and word[0] == "(" and word[-1] == ")":
            parts.append(Alternatives(((word[1:-1],), ())))
        else:
            parts.append(word)
    return tuple(parts), None


def _alternatives(words: Iterator[str], line: int, depth: int) -> Alternatives:
    if depth > _DEEPEST:
        raise Damaged(line, f"braces are nested more than {_DEEPEST} deep")
    choices = []
    end: str | None = "/"
    while end == "/":
        choice, end = _sequence(words, line, depth)
        choices.append(choice)
    if end is None:
        raise Damaged(line, "a brace { is not closed")
    return Alternatives(tuple(choices))
