"""Transcripts of real engines scored here: against the counts that came with them, and beside Whisper's."""

import json
from collections import Counter

import pytest
from benchmarks import normalisers
from click.testing import CliRunner
from recorded import DATASETS, recorded, recorded_file

from detectors.text import Normaliser
from service.commands.score import score

ONE_IN = {"afrispeech": 4, "earnings21": 4, "primock57": 4}
"""One in so many utterances is enough of what is large: no rate comes within half a point of a limit.
Always the same ones, so that nothing fails by chance.
"""


@pytest.mark.slow
@pytest.mark.parametrize("dataset", DATASETS)
def test_every_transcript_has_the_words_and_errors_that_came_with_it(dataset: str) -> None:
    """As many errors for each. Of some several alignments have the fewest, and differ in how many are S."""
    arguments = [str(recorded_file(dataset)), "--normalisation", "basic", "--by", "engine", "--json"]
    done = CliRunner().invoke(score, arguments, catch_exceptions=False)
    found = json.loads(done.stdout)
    words, errors, ties = Counter[str](), Counter[str](), 0
    for row, ours in zip(recorded(dataset), found["pairs"], strict=True):
        assert (ours["name"], ours["reference_words"]) == (row["utterance_id"], row["n_ref"])
        counted = (ours["substitutions"], ours["deletions"], ours["insertions"])
        stored = (row["sub"], row["del"], row["ins"])
        assert sum(counted) == sum(stored)
        ties += counted != stored
        words[row["engine"]] += row["n_ref"]
        errors[row["engine"]] += sum(stored)
    assert ties <= 0.0005 * len(found["pairs"])
    rates = {engine: sums["wer"] for engine, sums in found["groups"]["engine"].items()}
    assert rates == {engine: errors[engine] / words[engine] for engine in words}


@pytest.mark.slow
@pytest.mark.parametrize("dataset", DATASETS)
def test_the_english_normalisation_is_whispers_and_the_classes_that_are_named(dataset: str) -> None:
    """Where what our steps make equal is equal for both, the two rates are within a point of each other.

    What our steps make equal beyond Whisper's is measured in tests/benchmarks/README.md, class by class.
    """
    named = [step for steps in normalisers.CLASSES.values() for step in steps]
    ways = [normalisers.whisper(), normalisers.after_ours(named), Normaliser("en").tokens]
    every = ONE_IN.get(dataset, 1)
    for engine, (theirs, with_our_classes, ours) in normalisers.rates(dataset, ways, every).items():
        assert abs(with_our_classes - ours) < 1, engine
        assert -3 < ours - theirs < 1, engine
