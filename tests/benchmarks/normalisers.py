"""Our English normalisation beside Whisper's on recorded engines, and from which steps the difference is.

Most word error rates that were published of late were counted after Whisper's. Each column puts steps of ours
before it, so that the columns add up to the whole difference; numbers come last, as each has its own way.
What an engine wrote in a script of Asia is left out: Whisper's breaks its words at the signs of their vowels.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from zlib import crc32

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


def rates(dataset: str, ways: Sequence[Tokens], every: int = 1) -> dict[str, list[float]]:
    """Word error rate in percent of each engine, normalised in each way, over one in so many utterances."""
    # Engines share references, and often what they wrote, all of the one after all of the other.
    remembered = [cache(way) for way in ways]
    errors: dict[str, list[int]] = {}
    words: dict[str, list[int]] = {}
    for row in recorded(dataset):
        if crc32(row["utterance_id"].encode()) % every or any(
            letter >= FIRST_OF_ASIA for letter in row["hypothesis"] if letter.isalpha()
        ):
            continue
        summed = errors.setdefault(row["engine"], [0] * len(ways))
        spoken = words.setdefault(row["engine"], [0] * len(ways))
        for number, way in enumerate(remembered):
            counts = align(way(row["reference"]), way(row["hypothesis"]))
            summed[number] += counts.errors
            spoken[number] += counts.reference_words
    return {
        engine: [100 * count / total for count, total in zip(errors[engine], words[engine], strict=True)]
        for engine in sorted(errors)
    }


def run(datasets: Sequence[str] = DATASETS, every: int = 1) -> None:
    """Print the tables."""
    steps = [(), *CLASSES.values()]
    chain = [after_ours(sum(steps[: number + 1], ())) for number in range(len(steps))][1:]
    ours = Normaliser("en").tokens
    ways = [whisper(), *chain, ours]
    for dataset in datasets:
        rows = [["engine", "Whisper's", *CLASSES, "numbers, rest", "ours"]]
        for engine, found in rates(dataset, ways, every).items():
            changes = [f"{after - before:+.2f}" for before, after in pairwise(found)]
            rows.append([engine, f"{found[0]:.2f}", *changes, f"{found[-1]:.2f}"])
        table(f"{dataset}: WER %, and by how much each class of ours changes it", rows)
        sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("datasets", nargs="*", default=DATASETS)
    parser.add_argument("--every", type=int, default=1, help="take one in so many utterances only")
    asked = parser.parse_args()
    run(asked.datasets, asked.every)
