"""Texts to codes of their tokens, joined: what a caller makes of each token, a keyed hash for instance.

Most words of speech stay what they are but for capitals and a sign behind, whatever stands around them, so
their codes can be looked up as they were sent. What stands between two walls
(`detectors.normalisation.walls`) is normalised once and its codes remembered.
"""

from collections.abc import Callable

from detectors.normalisation.written_words import ReachesFarError, WrittenWords
from detectors.text import Normaliser

__all__ = ["TokenCodes"]

_MOST_STRETCHES, _LONGEST_STRETCH = 16_384, 64


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
        self._words = WrittenWords(normaliser, code)
        self._stretches: dict[tuple[str, bool, bool], bytes] = {}

    def of(self, text: str) -> bytes:
        """The codes of the tokens of a text, in order."""
        words = text.split(" ")
        try:
            codes = list(map(self._words.__getitem__, words))
        except ReachesFarError:
            return self._codes(self._normaliser.tokens(text))
        return b"".join(codes if all(codes) else self._settled(words, codes))

    def _settled(self, words: list[str], codes: list[bytes]) -> list[bytes]:
        """Codes of words, each stretch between two walls in which one stirs normalised by itself."""
        walls, stretches, settled = self._words.walls, self._stretches, []
        begin, end = 0, len(words)
        # What is looked for is found behind the last.
        codes.append(b"")
        while (left := codes.index(b"", begin)) < end:
            right = left + 1
            while left > begin and words[left - 1] not in walls:
                left -= 1
            while right < end and words[right] not in walls:
                right += 1
            stretch = (" ".join(words[left:right]), left > 0, right < end)
            settled += codes[begin:left]
            settled.append(stretches.get(stretch) or self._stretch(*stretch))
            begin = right
        settled += codes[begin:end]
        return settled

    def _stretch(self, text: str, has_left: bool, has_right: bool) -> bytes:  # noqa: FBT001 -- as it is kept
        codes = self._codes(self._normaliser.between(text, has_left, has_right))
        if len(text) <= _LONGEST_STRETCH:
            if len(self._stretches) >= _MOST_STRETCHES:
                self._stretches.clear()
            self._stretches[text, has_left, has_right] = codes
        return codes

    def _codes(self, tokens: list[str]) -> bytes:
        return b"".join(map(self._code, tokens))
