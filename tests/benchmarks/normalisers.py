"""Our English normalisation beside Whisper's on recorded engines, and from which steps the difference is.

Most word error rates that were published of late were counted after Whisper's. Each column puts steps of ours
before it, so that the columns add up to the whole difference; numbers come last, as each has its own way.
What an engine wrote in a script of Asia is left out: Whisper's breaks its words at the signs of their vowels.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from itertools import pairwise

from recorded import DATASETS, recorded
from whisper_normalizer.english import EnglishTextNormalizer

from benchmarks.timing import table
from detectors.alignment import align
from detectors.text import Normaliser, step_names

Tokens = Callable[[str], list[str]]

FIRST_OF_ASIA = "\u0590"
"""Before it are Latin, Greek and Cyrillic."""
CLASSES: dict[str, tuple[str, ...]] = {
    "symbols": ("symbols", "accents"),
    "contractions": ("contractions",),
    "spelling": ("spelling",),
    "abbreviations": ("abbreviations",),
    "units": ("units",),
    "fillers": ("fillers",),
}
"""Our English steps but for numbers, by what they make equal."""


@cache
def whisper() -> Tokens:
    """Whisper's normaliser."""
    normalise = EnglishTextNormalizer()
    return lambda text: normalise(text).split()


def after_ours(steps: Sequence[str]) -> Tokens:
    """Whisper's after the neutral ones of our steps, and these English ones."""
    others = [name for name in step_names("en") if name not in (*step_names("und"), *steps)]
    ours, theirs = Normaliser("en", disable=others).text, whisper()
    return lambda text: theirs(ours(text))


def read_one_by_one(tokens: list[str]) -> list[str]:
    """Join digits that stand alone, as Whisper's joins "seven seven three" to "773".

    Ours leaves them apart: it cannot tell "1 20 mg" from "120 mg" otherwise.

    >>> read_one_by_one("pin 7 7 3 and 20 5".split())
    ['pin', '773', 'and', '20', '5']
    """
    joined: list[str] = []
    is_open = False
    for token in tokens:
        is_digit = len(token) == 1 and token.isdigit()
        if is_digit and is_open:
            joined[-1] += token
        else:
            joined.append(token)
        is_open = is_digit
    return joined


def rates(dataset: str, ways: Sequence[Tokens]) -> dict[str, list[float]]:
    """Word error rate in percent of each engine, normalised in each way."""
    remembered = [lru_cache(maxsize=4_096)(way) for way in ways]
    errors: dict[str, list[int]] = {}
    words: dict[str, list[int]] = {}
    for row in recorded(dataset):
        if any(letter >= FIRST_OF_ASIA for letter in row["hypothesis"] if letter.isalpha()):
            continue
        summed = errors.setdefault(row["engine"], [0] * len(ways))
        spoken = words.setdefault(row["engine"], [0] * len(ways))
        for number, (way, reference) in enumerate(zip(ways, remembered, strict=True)):
            counts = align(reference(row["reference"]), way(row["hypothesis"]))
            summed[number] += counts.errors
            spoken[number] += counts.reference_words
    return {
        engine: [100 * count / total for count, total in zip(errors[engine], words[engine], strict=True)]
        for engine in sorted(errors)
    }


def run(datasets: Sequence[str] = DATASETS) -> None:
    """Print the tables."""
    steps = [(), *CLASSES.values()]
    chain = [after_ours(sum(steps[: number + 1], ())) for number in range(len(steps))][1:]
    ours = Normaliser("en").tokens
    ways = [whisper(), *chain, ours, lambda text: read_one_by_one(ours(text))]
    for dataset in datasets:
        rows = [["engine", "Whisper's", *CLASSES, "numbers, rest", "ours", "digits joined"]]
        for engine, found in rates(dataset, ways).items():
            changes = [f"{after - before:+.2f}" for before, after in pairwise(found[:-1])]
            rows.append([engine, f"{found[0]:.2f}", *changes, f"{found[-2]:.2f}", f"{found[-1]:.2f}"])
        table(f"{dataset}: WER %, and by how much each class of ours changes it", rows)
        sys.stdout.flush()


if __name__ == "__main__":
    run(sys.argv[1:] or DATASETS)
