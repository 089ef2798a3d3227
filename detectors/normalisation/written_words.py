"""Words as they are written, between two spaces of a text, to codes of their tokens.

Nearly every rule looks at the word itself, and those that look at its neighbours stop at a wall
(`detectors.normalisation.walls`). A few would see beyond any word: brackets hold what is no speech, and some
signs are read by what stands elsewhere in the text. Words with those are not taken.
"""

import re
from collections.abc import Callable

from detectors.normalisation.walls import LONGEST, Kind
from detectors.text import Normaliser

__all__ = ["ReachesFarError", "WrittenWords"]

_MOST = 32_768


class ReachesFarError(LookupError):
    """A word that may change others beyond a wall: its text must be normalised as a whole."""


class WrittenWords(dict[str, bytes]):
    """Codes by the word, found out when it is first looked up; empty if they depend on what stands around it.

    Parameters
    ----------
    normaliser
        Makes the tokens.
    code
        The code of a token, which is not empty.

    Attributes
    ----------
    walls
        Those beyond which no rule looks. One may be missing, if another thread has all forgotten meanwhile.

    Examples
    --------
    >>> words = WrittenWords(Normaliser("en"), lambda token: token.encode())
    >>> words["Monday,"], words["fever"], words["The"], words["fifty"], words["50mg"]
    (b'monday', b'fever', b'the', b'', b'')
    >>> sorted(words.walls)
    ['Monday,', 'fever']
    """

    def __init__(self, normaliser: Normaliser, code: Callable[[str], bytes]) -> None:
        super().__init__()
        self.walls: set[str] = set()
        self._normaliser = normaliser
        self._code = code
        self._folds_case = "case" in normaliser.steps

    def __missing__(self, word: str) -> bytes:
        """Find out.

        Raises
        ------
        ReachesFarError
            If a rule looks from it beyond a wall, or it is so long that it is not remembered.
        """
        if len(word) > LONGEST or _NEAR.fullmatch(word) is None or not self._normaliser.has_walls:
            raise ReachesFarError
        if len(self) >= _MOST:
            # Another thread may do that at any time.
            self.walls.clear()
            self.clear()
        code, is_wall = self._found_out(word)
        if is_wall:
            self.walls.add(word)
        self[word] = code
        return code

    def _found_out(self, word: str) -> tuple[bytes, bool]:
        normaliser = self._normaliser
        if not normaliser.joins_words:
            return self._joined(normaliser.tokens(word)), True
        if _LETTERS.fullmatch(word) is not None and (self._folds_case or word.islower()):
            plain = word.rstrip(_SIGNS).lower()
            kind = normaliser.kind(plain)
            return b"" if kind is Kind.STIRRING else self._code(plain), kind is Kind.WALL
        if _CONTRACTED.fullmatch(word) is not None:
            tokens = normaliser.tokens(word)
            # With what follows "that's" may be "that has".
            depends = len(tokens) > 1 and tokens[-1] == "is"
            if not depends and Kind.STIRRING not in map(normaliser.kind, tokens):
                return self._joined(tokens), False
        return b"", False

    def _joined(self, tokens: list[str]) -> bytes:
        return b"".join(map(self._code, tokens))


_SIGNS = ".,;:!?"
_LETTERS = re.compile(rf"[A-Za-z]+[{_SIGNS}]?")
_CONTRACTED = re.compile(rf"[A-Za-z]+['’](?:[sStTmM]|[lL][lL]|[rR][eE]|[vV][eE])[{_SIGNS}]?")
# Neither brackets, which may be those of a tag, nor "^" and "`", which are read by what else is in the text.
# Beyond ASCII letters and what engines write, of which no bracket is made.
_NEAR = re.compile(
    r"[!-'*-;=>?@A-Z\\\]_a-z{|}~"
    r"\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0386-\u03ff\u0400-\u0481\u048a-\u052f\u1e00-\u1eff"
    r"‘’“”«»–—…°£€½¼¾]*"
)
