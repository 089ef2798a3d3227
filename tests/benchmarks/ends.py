"""What the ends of utterances alone do to a recording's errors, with its reference uncut and cut as they are.

Once for an engine that makes no error, whose utterances are those of the recording, or three words each; once
for the engines as they were recorded. The last table is the time for a recording of 10,000 words.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from recorded import DATASETS, recorded

from benchmarks.timing import table
from detectors.alignment import align
from detectors.recordings.cuttable import Cuttable
from detectors.recordings.cutter import Cutter
from detectors.recordings.recording import shares
from detectors.text import Normaliser

WORDS_EACH = 3
WORDS, WORDS_AN_UTTERANCE, WER = 10_000, 12, 0.15
SPOKEN_NUMBERS = (
    "one two five nine ten twenty fifty ninety hundred thousand and point half of oh percent".split()
)
COMMON = "the patient says that pain is better since monday and she wants to stop now".split()

Made = TypeVar("Made")
Utterances = list[tuple[str, str]]
"""Reference and hypothesis of each."""


def recordings(dataset: str) -> dict[tuple[str, str], Utterances]:
    """The utterances of each engine and recording, in spoken order; as people see them where that is kept."""
    found: dict[tuple[str, str], dict[tuple[int, str], tuple[str, str]]] = {}
    for row in recorded(dataset):
        has_raw = "reference_raw" in row and "hypothesis_raw" in row
        texts = ("reference_raw", "hypothesis_raw") if has_raw else ("reference", "hypothesis")
        told = found.setdefault((row["engine"], row["recording"]), {})
        told[row["seq"], row["utterance_id"]] = (row[texts[0]] or "", row[texts[1]] or "")
    return {key: [told[place] for place in sorted(told)] for key, told in found.items() if len(told) > 1}


def errors(reference: Cuttable[str], utterances: Sequence[Sequence[str]]) -> tuple[int, int]:
    """With the reference uncut, and cut."""
    heard = [word for words in utterances for word in words]
    found = shares(reference, utterances)
    return align(reference.tokens, heard).errors, sum(share.counts.errors for share in found)


def measured(dataset: str) -> list[str]:
    """A row of the table."""
    normaliser = Normaliser("en")
    cutter = Cutter(normaliser)
    sums: Counter[str] = Counter()
    references: dict[str, Cuttable[str]] = {}

    def count(name: str, reference: Cuttable[str], texts: Sequence[str]) -> None:
        before, after = errors(reference, list(map(normaliser.tokens, texts)))
        sums[f"{name} before"] += before
        sums[f"{name} after"] += after

    for (_, recording), utterances in recordings(dataset).items():
        text = " ".join(reference for reference, _ in utterances)
        if recording not in references:
            references[recording] = reference = cutter.cuttable(text)
            sums["words"] += len(reference.tokens)
            sums["ends"] += len(utterances) - 1
            words = text.split()
            count("spoken", reference, [spoken for spoken, _ in utterances])
            short = [words[begin : begin + WORDS_EACH] for begin in range(0, len(words), WORDS_EACH)]
            count("short", reference, list(map(" ".join, short)))
        count("heard", references[recording], [heard for _, heard in utterances])
    changes = [
        f"{sums[f'{name} before']:,} -> {sums[f'{name} after']:,}" for name in ("spoken", "short", "heard")
    ]
    return [dataset, str(len(references)), f"{sums['words']:,}", f"{sums['ends']:,}", *changes]


def timed(vocabulary: Sequence[str]) -> list[str]:
    """Milliseconds of the processor for a recording of so many words."""
    chance = random.Random(1)
    normaliser = Normaliser("en")
    spoken = [chance.choices(vocabulary, k=WORDS_AN_UTTERANCE) for _ in range(WORDS // WORDS_AN_UTTERANCE)]
    wrong = [
        [chance.choice(vocabulary) if chance.random() < WER else word for word in words] for words in spoken
    ]
    utterances = [normaliser.tokens(" ".join(words)) for words in wrong]
    text = " ".join(word for words in spoken for word in words)
    normalised, _ = _took(lambda: Normaliser("en").tokens(text))
    cut, reference = _took(lambda: Cutter(Normaliser("en")).cuttable(text))
    plain, _ = _took(lambda: shares(reference.tokens, utterances))
    found, _ = _took(lambda: shares(reference, utterances))
    return [f"{1e3 * seconds:.0f}" for seconds in (normalised, cut, plain, found)] + [
        f"{len(reference.knots):,}"
    ]


def _took(work: Callable[[], Made]) -> tuple[float, Made]:
    began = time.process_time()
    made = work()
    return time.process_time() - began, made


def run(datasets: Sequence[str] = DATASETS) -> None:
    """Print the tables."""
    heading = ["dataset", "recordings", "words", "ends", "no errors", "three words each", "engines"]
    table("errors with the reference uncut -> cut", [heading, *map(measured, datasets)])
    rows = [
        ["common words, 2 % numbers", *timed([*COMMON * 50, *SPOKEN_NUMBERS])],
        ["half numbers", *timed([*COMMON, *SPOKEN_NUMBERS])],
        ["numbers alone", *timed(SPOKEN_NUMBERS)],
    ]
    table(
        f"{WORDS:,} words in {WORDS // WORDS_AN_UTTERANCE} utterances, WER {WER:.0%}: ms",
        [["", "normalised", "and made cuttable", "shared out uncut", "cut", "knots"], *rows],
    )
    sys.stdout.flush()


if __name__ == "__main__":
    run(sys.argv[1:] or DATASETS)
