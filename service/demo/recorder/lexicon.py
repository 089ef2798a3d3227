"""The recogniser's dictionary: the words of the templates and how they are pronounced.

pocketsphinx's own dictionary lacks most drug names. A hospital that installs a
recogniser adds its words by hand; so do we, in the same phone set (ARPAbet as used by
CMUdict, without stress). Restricting the dictionary to the templates' words also keeps
the decoder's search small.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType


class MissingPronunciationError(LookupError):
    """A word of the templates has no pronunciation."""


ADDED_PRONUNCIATIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "amlodipine": ("AE M L AA D IH P AY N", "AA M L AH D IH P AY N"),
        "atorvastatin": ("AH T AO R V AH S T AE T AH N", "EY T AO V AE S T AH T IH N"),
        "atrial": ("EY T R IY AH L",),
        "creatinine": ("K R IY AE T IH N IY N", "K R IY EY T IH N AY N"),
        "diazepam": ("D AY AE Z AH P AE M", "D AY AH Z EH P AE M"),
        "digoxin": ("D IH JH AA K S IH N", "D IH G AA K S IH N"),
        "effusion": ("IH F Y UW ZH AH N",),
        "furosemide": ("F Y UH R OW S M AY D", "F Y UH R OW S AH M AY D"),
        "gabapentin": ("G AE B AH P EH N T IH N", "G AE B EY P EH N T IH N"),
        "lisinopril": ("L AY S IH N AH P R IH L", "L IH S IH N OW P R AH L"),
        "metformin": ("M EH T F AO R M IH N", "M EH T F AO M IH N"),
        "metoprolol": ("M EH T OW P R AH L AO L", "M EH T AH P R OW L AA L"),
        "pneumothorax": ("N UW M OW TH AO R AE K S", "N Y UW M AH TH AO R AE K S"),
        "prednisolone": ("P R EH D N IH S AH L OW N", "P R IH D N IH S AH L OW N"),
        "radiograph": ("R EY D IY OW G R AE F", "R EY D IY OW G R AA F"),
        "warfarin": ("W AO R F ER IH N", "W AO F AH R IH N"),
    }
)


def dictionary(words: Iterable[str], base: Path) -> str:
    """Give a pocketsphinx dictionary for ``words``, in alphabetical order.

    Parameters
    ----------
    words
        Lower-case words.
    base
        A dictionary file whose lines are ``word phones`` or ``word(2) phones``.

    Raises
    ------
    MissingPronunciationError
        If a word is neither in ``base`` nor in ``ADDED_PRONUNCIATIONS``.
    """
    known = _read(base)
    lines: list[str] = []
    for word in sorted(set(words)):
        pronunciations = [*known.get(word, ()), *ADDED_PRONUNCIATIONS.get(word, ())]
        if not pronunciations:
            raise MissingPronunciationError(f"{word}: no pronunciation; add one to ADDED_PRONUNCIATIONS")
        for number, phones in enumerate(pronunciations, start=1):
            entry = word if number == 1 else f"{word}({number})"
            lines.append(f"{entry} {phones}")
    return "\n".join(lines) + "\n"


def _read(path: Path) -> dict[str, list[str]]:
    pronunciations: dict[str, list[str]] = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            entry, _, phones = line.strip().partition(" ")
            word = entry.partition("(")[0]
            if word:
                pronunciations.setdefault(word, []).append(phones.strip())
    return pronunciations
