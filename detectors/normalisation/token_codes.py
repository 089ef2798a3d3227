"""Texts to codes of their tokens, joined: what a caller makes of each token, a keyed hash for instance.

Most words of speech are plain: they stay as they are, and so their code can be looked up as they were sent.
What stands between two walls (`detectors.normalisation.walls`) is normalised once and its codes remembered.
"""

from collections.abc import Callable

from detectors.normalisation.walls import LONGEST, Kind
from detectors.text import Normaliser

__all__ = ["TokenCodes"]

_MOST_WORDS, _MOST_STRETCHES = 32_768, 16_384
_LONGEST_STRETCH = 64


class TokenCodes:
    """What `Normaliser.tokens` finds in a text, as codes.

    Parameters
    ----------
    normaliser
        Makes the tokens.
    code
        The code of a token, which is not empty, and the same for the same one whenever it is asked.

    Examples
    --------
    >>> codes = TokenCodes(Normaliser("en"), lambda token: token.encode() + b"|")
    >>> codes.of("give fifty milligrams daily"), codes.of("Give 50mg, daily.")
    (b'give|50|mg|daily|', b'give|50|mg|daily|')
    """

    def __init__(self, normaliser: Normaliser, code: Callable[[str], bytes]) -> None:
        self._normaliser = normaliser
        self._code = code
        # Codes of words that stay what they are: beside whatever words (and None for all others), and beside
        # each other. Nothing stands between two spaces.
        self._walls: dict[str, bytes | None] = {}
        self._unmoved: dict[str, bytes] = {"": b""}
        self._stretches: dict[tuple[str, bool, bool], bytes] = {}

    def of(self, text: str) -> bytes:
        """The codes of the tokens of a text, in order."""
        words = text.split(" ")
        try:
            return b"".join([self._unmoved[word] for word in words])
        except KeyError:
            pass
        codes = self._between_walls(words) if self._normaliser.has_walls else None
        return self._codes(self._normaliser.tokens(text)) if codes is None else codes

    def _between_walls(self, words: list[str]) -> bytes | None:
        """Codes of words, each stretch between two walls normalised by itself; None where that may not be."""
        codes: list[bytes] = []
        stretch: list[str] = []
        has_left = False
        walls = self._walls
        for word in words:
            wall = walls.get(word, b"")
            if wall == b"":
                if word == "":
                    continue
                if not _may_be_learnt(word):
                    return None
                wall = self._learn(word)
                walls = self._walls
            if wall is None:
                stretch.append(word)
                continue
            if stretch:
                codes.append(self._stretch(" ".join(stretch), has_left, has_right=True))
                stretch = []
            codes.append(wall)
            has_left = True
        if stretch:
            codes.append(self._stretch(" ".join(stretch), has_left, has_right=False))
        return b"".join(codes)

    def _learn(self, word: str) -> bytes | None:
        """Note what a word is; return its code if it is a wall."""
        is_wall = (kind := self._normaliser.kind(word)) is Kind.WALL
        code = self._code(word)
        if len(self._walls) >= _MOST_WORDS:
            # Another thread may do that at any time, so nothing is read again from where it was put.
            self._walls, self._unmoved = {}, {"": b""}
        self._walls[word] = wall = code if is_wall else None
        if kind is not Kind.STIRRING:
            self._unmoved[word] = code
        return wall

    def _stretch(self, text: str, has_left: bool, *, has_right: bool) -> bytes:  # noqa: FBT001 -- beside its like
        key = (text, has_left, has_right)
        codes = self._stretches.get(key)
        if codes is None:
            codes = self._codes(self._normaliser.between_walls(text, has_left, has_right))
            if len(text) <= _LONGEST_STRETCH:
                if len(self._stretches) >= _MOST_STRETCHES:
                    self._stretches = {}
                self._stretches[key] = codes
        return codes

    def _codes(self, tokens: list[str]) -> bytes:
        return b"".join(map(self._code, tokens))


def _may_be_learnt(word: str) -> bool:
    """Say no of one that may change the words around it before they are words."""
    return len(word) <= LONGEST and word.isascii() and word.isalpha() and word.islower()
